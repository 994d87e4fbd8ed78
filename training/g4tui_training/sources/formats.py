"""Records of files: JSON lines, JSON arrays, CSV, TSV and parquet, one at a time."""

import csv
import json
import re
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO, cast

import msgspec

from g4tui.core import G4tuiError
from g4tui_training.lines import MAX_LINE, Broken, broken_line, opened, read_lines
from g4tui_training.recipe import Format

if TYPE_CHECKING:
    from collections.abc import Iterable

PARQUET_EXTRA = 'pip install "g4tui[train-data]"'
_ENDINGS: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
}
_READ = 1 << 20
_BETWEEN = re.compile(r"[ \t\r\n,]*")


def format_of(file: Path) -> Format:
    """The format that a file's ending tells. Raises `G4tuiError` of kind `usage`."""
    name = file.name.lower().removesuffix(".gz")
    found = _ENDINGS.get(Path(name).suffix)
    if found is None:
        known = " ".join(_ENDINGS)
        raise G4tuiError(
            "usage",
            f"What {file.name} holds cannot be told from its name",
            f"Known endings: {known} (also with .gz behind).",
            "Say the source's format in the recipe, or rename the file.",
        )
    return found


def read_records(file: Path, form: Format = "auto") -> Iterator[object]:
    """Every record as plain values, or `Broken`; row numbers count from 1.

    Raises `G4tuiError` where the file as a whole cannot be read.
    """
    if form == "auto":
        form = format_of(file)
    if form == "jsonl":
        yield from _jsonl(file)
    elif form == "json":
        yield from _array(file)
    elif form == "parquet":
        yield from _parquet(file)
    else:
        yield from _csv(file, "\t" if form == "tsv" else ",")


def _jsonl(file: Path) -> Iterator[object]:
    for line in read_lines(file):
        yield line if isinstance(line, Broken) else decode(file, line.number, line.data)


def decode(file: Path, number: int, data: bytes) -> object:
    """One line of JSON, or `Broken`."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return broken_line(file, number, f"no JSON: {_short(error)}", data)


def _short(error: Exception) -> str:
    return str(error) if not isinstance(error, UnicodeDecodeError) else "not UTF-8"


def _array(file: Path) -> Iterator[object]:
    """The elements of a JSON array; an object's first list of objects also counts as one.

    Elements are decoded one by one, so that memory does not grow with the file.
    """
    with opened(file) as raw:
        text = TextIOWrapper(cast(BinaryIO, raw), "utf-8-sig", newline="")
        try:
            yield from _elements(file, text)
        except UnicodeDecodeError as error:
            raise G4tuiError(
                "usage", f"{file.name} is not UTF-8", f"{file}: {error.reason}."
            ) from error


def _elements(file: Path, text: TextIO) -> Iterator[object]:
    decoder = json.JSONDecoder()
    buffer, number = text.read(_READ), 0
    at = _begin(file, buffer)
    while True:
        at = _past(_BETWEEN, buffer, at)
        if at == len(buffer) and (more := text.read(_READ)):
            buffer, at = more, 0
            continue
        if buffer.startswith("]", at):
            return
        number += 1
        while True:
            try:
                value, end = decoder.raw_decode(buffer, at)
                # A number at the very end of what was read may go on.
                if end < len(buffer) or isinstance(value, dict | list | str):
                    break
            except (ValueError, RecursionError):  # cut off, damaged, or too deep
                if len(buffer) - at > 4 * MAX_LINE:
                    yield _damaged(file, number, buffer[at:])
                    return
            more = text.read(max(_READ, len(buffer) - at))
            if not more:
                yield _damaged(file, number, buffer[at:])
                return
            buffer, at = buffer[at:] + more, 0
        yield value
        at = end


def _past(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Where what a pattern that always fits takes ends."""
    match = pattern.match(text, at)
    assert match is not None
    return match.end()


def _begin(file: Path, buffer: str) -> int:
    stripped = buffer.lstrip()
    if stripped.startswith("["):
        return len(buffer) - len(stripped) + 1
    if stripped.startswith("{"):
        # {"data": [ {...}, ...]}: an object around the list
        start = buffer.find("[")
        between = buffer[:start] if start >= 0 else ""
        if start >= 0 and between.count("{") == 1 and buffer[start + 1 :].lstrip()[:1] == "{":
            return start + 1
    raise G4tuiError(
        "usage",
        f"{file.name} holds no list",
        f"{file} is neither a JSON array nor an object around one.",
        "If it holds one object a line, say format = 'jsonl' in the recipe.",
    )


def _damaged(file: Path, number: int, buffer: str) -> Broken:
    data = buffer[:MAX_LINE].encode("utf-8", "surrogatepass")
    return broken_line(file, number, "the array is damaged here; what follows is not read", data)


def _csv(file: Path, delimiter: str) -> Iterator[object]:
    csv.field_size_limit(MAX_LINE)
    with opened(file) as raw:
        text = TextIOWrapper(cast(BinaryIO, raw), "utf-8-sig", errors="surrogateescape", newline="")
        rows = csv.reader(text, delimiter=delimiter)
        try:
            names = next(rows, [])
        except csv.Error as error:
            raise G4tuiError("usage", f"{file.name} is no CSV", f"{file}: {error}.") from error
        number = 1
        while True:
            number += 1
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield broken_line(file, number, f"no CSV: {error}", b"")
                continue
            if row:
                yield _csv_row(file, number, names, row)


def _csv_row(file: Path, number: int, names: list[str], row: list[str]) -> object:
    whole = ",".join(row).encode("utf-8", "surrogateescape")
    if len(row) != len(names):
        return broken_line(
            file, number, f"{len(row)} fields where the head has {len(names)}", whole
        )
    try:
        whole.decode("utf-8")
    except UnicodeDecodeError:
        return broken_line(file, number, "not UTF-8", whole)
    return dict(zip(names, row, strict=True))


def _parquet(file: Path) -> Iterator[object]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise G4tuiError(
            "missing",
            "Reading parquet needs pyarrow",
            f"{file.name} is a parquet file.",
            PARQUET_EXTRA,
        ) from error
    if not file.is_file():
        raise G4tuiError("missing", f"There is no file {file.name}", f"{file} is not there.")
    try:
        with parquet.ParquetFile(file) as table:
            for batch in table.iter_batches(batch_size=1024):
                yield from cast("Iterable[object]", batch.to_pylist())
    except (pyarrow.ArrowException, OSError) as error:
        raise G4tuiError(
            "usage", f"{file.name} is no sound parquet file", f"{file}: {error}."
        ) from error
