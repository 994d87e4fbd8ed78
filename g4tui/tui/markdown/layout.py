"""Blocks as rows of a given width. A block is laid out once for a width and a palette."""

from collections.abc import Callable, Sequence

from rich.cells import cell_len
from rich.segment import Segment
from textual.content import Content
from textual.strip import Strip

from g4tui.tui.markdown.blocks import (
    Block,
    CodeBlock,
    Grown,
    RawBlock,
    RuleBlock,
    TableBlock,
    TextBlock,
)
from g4tui.tui.markdown.lines import Line, Palette, wrapped
from g4tui.tui.markdown.tables import table_rows

EMPTY = Line(Strip([], 0), "")


def document_lines(blocks: Sequence[Block], width: int, palette: Palette) -> list[Line]:
    """All rows, with the blank ones between blocks."""
    rows: list[Line] = []
    for block in blocks:
        if block.gap and rows:
            rows.append(EMPTY)
        rows += block_lines(block, width, palette)
    return rows


def block_lines(block: Block, width: int, palette: Palette) -> list[Line]:
    """The rows of one block, at most `width` cells wide."""
    if block.laid is not None and block.laid[:2] == (width, palette.version):
        return block.laid[2]
    room = max(4, width - cell_len(block.rest))
    match block:
        case TextBlock():
            rows = _text(block, room, palette)
        case CodeBlock():
            rows = _code(block, room, palette)
        case RawBlock():
            rows, block.grown = _grown(block.text, block.grown, room, palette, _raw_row)
        case TableBlock():
            rows = table_rows(block, room, palette)
        case RuleBlock():
            rows = [Line(Strip([Segment("─" * room, palette.style("rule").rich_style)], room), "")]
        case _:
            rows = []
    laid = [_with_prefix(row, block, index, palette) for index, row in enumerate(rows)]
    block.laid = (width, palette.version, laid)
    return laid


def _text(block: TextBlock, room: int, palette: Palette) -> list[Line]:
    return [
        Line(Strip(palette.segments(row, block.role)), row.plain, 0, join)
        for row, join in wrapped(block.content, room)
    ]


def _code(block: CodeBlock, room: int, palette: Palette) -> list[Line]:
    """A panel: a head with language and number, then the code, folded where it is too wide."""
    label, number = f" {block.language}", f"{block.number} "
    fill = max(0, room - cell_len(label) - len(number))
    head = [
        Segment(label, palette.style("code-head").rich_style),
        palette.blank(fill, "code-head"),
        Segment(number, palette.style("code-head").rich_style),
    ]
    rows = [Line(Strip(head).crop(0, room), "")]
    if block.highlighted is not None:
        code = wrapped(block.highlighted, room - 2, fold=True)
        return rows + [_code_row(row, join, room, palette) for row, join in code]
    lines, block.grown = _grown(block.code, block.grown, room, palette, _code_row)
    return rows + lines


def _code_row(row: Content, join: str, room: int, palette: Palette) -> Line:
    segments = [palette.blank(1, "code-block"), *palette.segments(row, "code-block")]
    segments.append(palette.blank(room - 1 - row.cell_length, "code-block"))
    return Line(Strip(segments, room), " " + row.plain, 1, join)


def _raw_row(row: Content, join: str, room: int, palette: Palette) -> Line:
    return Line(Strip(palette.segments(row)), row.plain, 0, join)


def _grown(
    text: str,
    before: Grown | None,
    room: int,
    palette: Palette,
    row: Callable[[Content, str, int, Palette], Line],
) -> tuple[list[Line], Grown]:
    """Rows of a text that only ever grows; only what is new is laid out."""
    key = (room, palette.version)
    done, rows = (before[2], before[3]) if before and before[:2] == key else (0, [])
    complete = text.rfind("\n") + 1
    if complete > done:
        rows = rows + [
            row(piece, join, room, palette)
            for piece, join in wrapped(Content(text[done : complete - 1]), room - 2, fold=True)
        ]
    last = [
        row(piece, join, room, palette)
        for piece, join in wrapped(Content(text[complete:]), room - 2, fold=True)
    ]
    return rows + last, (*key, complete, rows)


def _with_prefix(row: Line, block: Block, index: int, palette: Palette) -> Line:
    prefix = block.first if index == 0 else block.rest
    if not prefix:
        return row
    segment = Segment(prefix, palette.style("mark").rich_style)
    strip = Strip([segment, *row.strip])
    bullet = index == 0 and block.first != block.rest
    # a list's marks belong to the words, indents and quote bars do not
    gutter = cell_len(prefix) - len(prefix.lstrip(" ▎")) if bullet else len(prefix)
    return Line(strip, prefix + row.text, gutter + (0 if bullet else row.gutter), row.join)
