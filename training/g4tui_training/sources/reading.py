"""All rows of a source: files, shapes and columns together."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

import msgspec

from g4tui.core import G4tuiError
from g4tui.core.nearest import did_you_mean
from g4tui_training.lines import Broken, broken_line
from g4tui_training.pairs import Turn
from g4tui_training.recipe import Columns, Format, Shape, Source
from g4tui_training.sources.formats import read_records
from g4tui_training.sources.records import Draft, Record, Unfit, value_at
from g4tui_training.sources.shapes import drafts_of
from g4tui_training.sources.trees import is_linked, is_tree, nested

_LOOK = 1000


def read_drafts(
    file: Path, form: Format = "auto", shape: Shape = "auto", columns: Columns = Columns()
) -> Iterator[Draft | Broken]:
    """The rows of one file, `where` not applied. Raises `G4tuiError` for the file as a whole."""
    whole: Iterable[object] = read_records(file, form)
    if shape in ("auto", "tree") and is_linked_file(file, form):
        whole = nested(whole)
    for number, record in enumerate(whole, 1):
        if isinstance(record, Broken):
            yield record
            continue
        try:
            for draft in drafts_of(record, shape, columns):
                yield checked(draft)
        except Unfit as unfit:
            yield broken_line(file, number, str(unfit), shown(record))


def is_linked_file(file: Path, form: Format = "auto") -> bool:
    """Whether a file holds the messages of trees one by one; then none is a row by itself."""
    return any(is_linked(record) for record in islice(read_records(file, form), 1))


def check_columns(source: Source, file: Path) -> None:
    """Raise `G4tuiError` (`config`) for a column that none of the first records has."""
    records = [
        record
        for record in islice(read_records(file, source.format), _LOOK)
        if isinstance(record, Mapping)
    ]
    wanted = [name for name in msgspec.structs.astuple(source.columns) if name]
    if not records or source.shape == "tree" or is_tree(records[0]):
        return  # columns are those of the messages within
    for name in (*wanted, *source.where):
        if not any(_has(record, name) for record in records):
            known = sorted({str(key) for record in records[:20] for key in record})
            guess = did_you_mean(name, known) or f"It has: {', '.join(known[:12])}."
            raise G4tuiError(
                "config",
                f"The source {source.name} has no column {name}",
                f"{file.name}: {guess}",
                "Correct the source in the recipe.",
            )


def is_wanted(source: Source, draft: Draft) -> bool:
    """Whether a row has the values that `where` asks for; numbers and text compare as written."""
    for name, value in source.where.items():
        try:
            found = value_at(draft.fields, name)
        except KeyError:
            return False
        if found != value and str(found) != str(value):
            return False
    return True


def _has(record: Record, name: str) -> bool:
    try:
        value_at(record, name)
    except KeyError:
        return False
    return True


def checked(draft: Draft) -> Draft:
    """The draft with `\\n` for every line end. Raises `Unfit` for what no text is."""
    try:
        turns = tuple(Turn(turn.role, _text(turn.content)) for turn in draft.turns)
        response = None if draft.response is None else _text(draft.response)
    except UnicodeEncodeError as error:
        raise Unfit("half a character (a lone surrogate)") from error
    return msgspec.structs.replace(draft, turns=turns, response=response)


def _text(text: str) -> str:
    if "\0" in text:
        raise Unfit("a NUL character in a text")
    if not text.isascii():
        text.encode()
    return text.replace("\r\n", "\n") if "\r" in text else text


def shown(record: object) -> bytes:
    try:
        return msgspec.json.encode(record)
    except (TypeError, ValueError, UnicodeEncodeError, RecursionError):
        return repr(record)[:2000].encode("utf-8", "replace")
