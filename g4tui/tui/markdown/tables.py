"""Tables drawn with lines; a cell that is too wide is wrapped inside its column."""

from itertools import zip_longest

from rich.segment import Segment
from textual.content import Content
from textual.strip import Strip

from g4tui.tui.markdown.blocks import TableBlock
from g4tui.tui.markdown.lines import Line, Palette, wrapped

_MIN_COLUMN = 4
_EMPTY = Content("")


def table_rows(block: TableBlock, room: int, palette: Palette) -> list[Line]:
    """The rows of a table, at most `room` cells wide where its columns allow."""
    count = max((len(row) for row in block.rows), default=0)
    if not count:
        return []
    natural = [
        max(_width(row[index]) if index < len(row) else 0 for row in block.rows)
        for index in range(count)
    ]
    widths = column_widths(natural, room - 3 * (count - 1) - 2)
    rows: list[Line] = []
    for number, cells in enumerate(block.rows):
        rows += _row(cells, widths, block.aligns, palette, "table-head" if number == 0 else "")
        if number == 0:
            rule = "─┼─".join("─" * width for width in widths)
            rows.append(_line(f"─{rule}─", palette, ""))
    return [row._replace(strip=row.strip.crop(0, room)) for row in rows]


def column_widths(natural: list[int], room: int) -> list[int]:
    """Widths that fit `room`: narrow columns keep theirs, wide ones share what is left."""
    widths = [max(1, width) for width in natural]
    while sum(widths) > room and max(widths) > _MIN_COLUMN:
        widest = max(widths)
        at = [index for index, width in enumerate(widths) if width == widest]
        below = max((width for width in widths if width < widest), default=_MIN_COLUMN)
        excess = sum(widths) - room
        step = max(1, min(widest - max(below, _MIN_COLUMN), -(-excess // len(at))))
        for index in at:
            widths[index] -= step
    return widths


def _row(
    cells: list[Content], widths: list[int], aligns: list[str], palette: Palette, role: str
) -> list[Line]:
    columns = [
        [piece for piece, _ in wrapped(cell, width)]
        for cell, width in zip_longest(cells[: len(widths)], widths, fillvalue=_EMPTY)
        if isinstance(width, int)
    ]
    lines = []
    for pieces in zip_longest(*columns, fillvalue=_EMPTY):
        segments = [palette.blank(1)]
        text = " "
        for index, piece in enumerate(pieces):
            if index:
                segments.append(Segment(" │ ", palette.style("rule").rich_style))
                text += " │ "
            align = aligns[index] if index < len(aligns) else "left"
            left = _space_before(widths[index] - piece.cell_length, align)
            right = widths[index] - piece.cell_length - left
            segments += [palette.blank(left), *palette.segments(piece, role), palette.blank(right)]
            text += " " * max(0, left) + piece.plain + " " * max(0, right)
        lines.append(Line(Strip(segments), text, 1))
    return lines


def _space_before(space: int, align: str) -> int:
    if align == "right":
        return max(0, space)
    return max(0, space // 2) if align == "center" else 0


def _line(text: str, palette: Palette, words: str) -> Line:
    return Line(Strip([Segment(text, palette.style("rule").rich_style)], len(text)), words)


def _width(cell: Content) -> int:
    return max((line.cell_length for line in cell.split("\n", allow_blank=True)), default=0)
