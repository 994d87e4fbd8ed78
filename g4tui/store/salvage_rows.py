"""What rows of a library look like, by which they are known when all order is lost."""

from collections.abc import Callable

import msgspec

from g4tui.core import ErrorInfo, Params, Usage
from g4tui.store.codec import column_attachments, column_struct, column_text
from g4tui.store.pages import Record, Value

Row = dict[str, Value]

# A letter for each column of the first version that had the table; later ones only add columns.
# N: the row's number, i: an integer, r: a time, s: a name, t: a text; in capitals: or nothing.
_SHAPES = {
    "sessions": "NsrrrIiiIitttt",
    "messages": "NsiIissSSSirttttttt",
    "turns": "NsiriR",
    "votes": "Niiisiirt",
    "pair_votes": "Niiiisiirt",
}
# Libraries of before kept one vote a turn.
OLD_COLUMNS = {
    "votes": (
        "turn",
        "left_answer",
        "right_answer",
        "left_asked_first",
        "verdict",
        "blind",
        "revealed_first",
        "created",
        "reason",
    )
}
# Tables that are kept as SQLite keeps an index: they have this shape and no other.
_INDEX_SHAPES = {"turn_answers": "iiii", "tags": "it"}
TABLES = (*_SHAPES, *_INDEX_SHAPES)

ROLES = ("system", "user", "assistant")
STATES = ("complete", "streaming", "stopped", "interrupted", "failed")
VERDICTS = ("left", "right", "tie", "both_bad")
# How many columns are enough where the end of a row is lost.
_ENOUGH = {"sessions": 10, "messages": 12}


def table_of(record: Record) -> str | None:
    """Which table a record is a row of; `None` for what is none that matters."""
    shapes = _INDEX_SHAPES if record.number is None else _SHAPES
    for table, shape in shapes.items():
        count = len(record.values)
        if not record.is_whole:
            if table not in _ENOUGH:
                continue
            shape = shape[: max(_ENOUGH[table], min(count, len(shape)))]
        fits = count == len(shape) if record.number is None else count >= len(shape)
        if fits and all(map(_is_like, shape, record.values)) and _is_sensible(table, record.values):
            return table
    return None


def _is_like(letter: str, value: Value) -> bool:
    if value is None:
        return letter.isupper()
    match letter.lower():
        case "i":
            return isinstance(value, int)
        case "r":
            return isinstance(value, int | float)
        case "s":
            return isinstance(value, str)
        case "t":
            return isinstance(value, str | bytes)
        case _:
            return False


def _is_sensible(table: str, values: tuple[Value, ...]) -> bool:
    if table == "messages":
        return values[5] in ROLES and values[6] in STATES
    verdict = {"votes": 4, "pair_votes": 5}.get(table)
    return verdict is None or values[verdict] in VERDICTS


def mended(row: Row) -> Row:
    """A row of sessions or messages with nothing in it that could not be read again."""
    checks: dict[str, Callable[[str | bytes], object]] = {
        "params": lambda column: column_struct(column, Params),
        "usage": lambda column: column_struct(column, Usage),
        "error": lambda column: column_struct(column, ErrorInfo),
        "attachments": column_attachments,
    }
    checked = dict(row)
    for name, value in row.items():
        if not isinstance(value, str | bytes):
            continue
        try:
            checks.get(name, column_text)(value)
        except (ValueError, msgspec.MsgspecError):
            checked[name] = "" if name in checks else _text(value)
    if row.get("state") == "streaming":
        checked |= {"state": "interrupted", "owner": None}
    return checked


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "replace")
