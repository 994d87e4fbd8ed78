"""A failure inside the conversation: what happened, why, what mends it, and the keys that do."""

from typing import Literal

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.content import Content
from textual.strip import Strip

from g4tui.core.errors import ErrorInfo, ErrorKind
from g4tui.sanitize import clean, clean_line
from g4tui.tui.markdown.lines import Line, Palette, wrapped
from g4tui.worker.exits import LOG_HEADING

State = Literal["complete", "streaming", "stopped", "interrupted", "failed"]

CHAT_GONE = ErrorInfo(
    "missing",
    "This chat is no longer in the library",
    "It was deleted, perhaps in another window.",
    "Ctrl+N begins a new one.",
)
_LOG_LINES = 6
_OTHER_MODEL = "Ctrl+O choose another model"
_EXTRA: dict[ErrorKind, str] = {
    "quarantined": "u release this model",
    "missing": _OTHER_MODEL,
    "model": _OTHER_MODEL,
    "memory": _OTHER_MODEL,
    "usage": _OTHER_MODEL,
    "plugin": _OTHER_MODEL,
    "auth": "Ctrl+P then API keys",
}


def error_rows(
    error: ErrorInfo,
    state: State,
    width: int,
    palette: Palette,
    keys: tuple[str, ...] | None = None,
    way: str = "",
    log_open: bool = True,
    goes_on: bool = True,
) -> list[Line]:
    """A framed panel of at most `width` cells.

    `keys`: in place of those for a failed answer; `way`: how to get where they act. `log_open`:
    whether the last lines of the worker's log are unfolded. `goes_on`: whether the model can go on
    with a part of an answer.
    """
    room = max(10, width - 4)
    title = f" {clean_line(error.title)} "
    if cell_len(title) > room:
        title = title[: room - 1] + "… "
    rows = [_edge("╭─", title, "╮", width, palette)]
    detail, log = split_log(error)
    if detail:
        rows += _framed(detail, "", width, palette)
    if error.remedy:
        rows += _framed(clean(error.remedy), "remedy", width, palette)
    if log:
        rows += _framed("", "", width, palette)
        lines = f"{len(log)} lines" if len(log) > 1 else "line"
        arrow, key = ("▾", "") if log_open else ("▸", f"   {way}l")
        head = f"{arrow} The last {lines} of its log{key}"
        rows += _framed(head, "log", width, palette, click="log")
        for line in log if log_open else ():
            rows += _framed(line, "log", width, palette)
    keys = _keys(error, state, goes_on) if keys is None else keys
    if keys:
        rows += _framed("", "", width, palette)
        rows += _framed(way + " · ".join(keys), "keys", width, palette)
    rows.append(_edge("╰", "", "╯", width, palette))
    return rows


def _keys(error: ErrorInfo, state: State, goes_on: bool) -> tuple[str, ...]:
    if error is CHAT_GONE:
        return ()
    keys = ["r retry"]
    if state == "interrupted":
        can = goes_on and error.kind != "unsupported"
        keys += [*(["g go on from here"] if can else []), "a keep as it is"]
    if error.kind in _EXTRA:
        keys.append(_EXTRA[error.kind])
    return tuple(keys)


def split_log(error: ErrorInfo) -> tuple[str, list[str]]:
    """The detail's own words, and the last lines of the log of a worker that failed."""
    text, _, log = clean(error.detail).partition(f"\n{LOG_HEADING}\n")
    return text.strip("\n"), [line for line in log.split("\n") if line.strip()][-_LOG_LINES:]


def _framed(text: str, role: str, width: int, palette: Palette, click: str = "") -> list[Line]:
    edge = palette.style("error-edge").rich_style
    meta = RichStyle.from_meta({"@click": (click, ())}) if click else RichStyle.null()
    room = max(6, width - 4)
    rows = []
    for piece, join in wrapped(Content(text), room, fold=role == "log"):
        segments = [Segment("│ ", edge)]
        segments += Segment.apply_style(palette.segments(piece, role), post_style=meta)
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
