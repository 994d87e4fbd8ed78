"""A failure inside the conversation: what happened, why, what mends it, and the keys that do."""

from typing import Literal

from rich.cells import cell_len
from rich.segment import Segment
from textual.content import Content
from textual.strip import Strip

from g4tui.core.errors import ErrorInfo, ErrorKind
from g4tui.sanitize import clean, clean_line
from g4tui.tui.markdown.lines import Line, Palette, wrapped

State = Literal["complete", "streaming", "stopped", "interrupted", "failed"]

_LOG_LINES = 8
_EXTRA: dict[ErrorKind, str] = {
    "quarantined": "u release this model",
    "missing": "Ctrl+O choose another model",
    "model": "Ctrl+O choose another model",
    "memory": "Ctrl+O choose another model",
    "auth": "Ctrl+P then API keys",
}


def error_rows(
    error: ErrorInfo,
    state: State,
    width: int,
    palette: Palette,
    keys: tuple[str, ...] | None = None,
    way: str = "",
) -> list[Line]:
    """A framed panel of at most `width` cells.

    `keys`: in place of those for a failed answer; `way`: how to get where they act.
    """
    room = max(10, width - 4)
    title = f" {clean_line(error.title)} "
    if cell_len(title) > room:
        title = title[: room - 1] + "… "
    rows = [_edge("╭─", title, "╮", width, palette)]
    detail, log = _split_log(error)
    if detail:
        rows += _framed(detail, "", width, palette)
    if error.remedy:
        rows += _framed(clean(error.remedy), "remedy", width, palette)
    if log:
        rows += _framed("", "", width, palette)
        for line in log:
            rows += _framed(line, "log", width, palette)
    keys = _keys(error, state) if keys is None else keys
    if keys:
        rows += _framed("", "", width, palette)
        rows += _framed(way + " · ".join(keys), "keys", width, palette)
    rows.append(_edge("╰", "", "╯", width, palette))
    return rows


def _keys(error: ErrorInfo, state: State) -> tuple[str, ...]:
    keys = ["r retry"]
    if state == "interrupted":
        keys += ["g go on from here", "a keep as it is"]
    if error.kind in _EXTRA:
        keys.append(_EXTRA[error.kind])
    return tuple(keys)


def _split_log(error: ErrorInfo) -> tuple[str, list[str]]:
    """The detail's own words, and the last lines of a crashed worker's log."""
    text = clean(error.detail).strip("\n")
    if error.kind != "crashed":
        return text, []
    first, _, rest = text.partition("\n")
    return first, [line for line in rest.split("\n") if line.strip()][-_LOG_LINES:]


def _framed(text: str, role: str, width: int, palette: Palette) -> list[Line]:
    edge = palette.style("error-edge").rich_style
    room = max(6, width - 4)
    rows = []
    for piece, join in wrapped(Content(text), room, fold=role == "log"):
        segments = [Segment("│ ", edge), *palette.segments(piece, role)]
        segments += [palette.blank(room - piece.cell_length), Segment(" │", edge)]
        rows.append(Line(Strip(segments), "│ " + piece.plain, 2, join))
    return rows


def _edge(left: str, title: str, right: str, width: int, palette: Palette) -> Line:
    edge = palette.style("error-edge").rich_style
    fill = max(0, width - cell_len(left) - cell_len(title) - cell_len(right))
    segments = [
        Segment(left, edge),
        Segment(title, palette.style("error-title").rich_style),
        Segment("─" * fill + right, edge),
    ]
    return Line(Strip(segments), left + title, len(left) + 1 if title else len(left))
