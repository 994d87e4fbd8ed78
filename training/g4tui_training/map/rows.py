"""The rows of a map: of pairs, prompts, or what `clean` left, with the columns to colour by."""

import hashlib
import heapq
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from g4tui_training.clean.ledger import Dropped
from g4tui_training.clean.reading import pairs_in
from g4tui_training.clean.rows import Row
from g4tui_training.pairs import Pair, read_rows
from g4tui_training.sources.formats import read_records

Value = str | float
KEPT = "kept"
_MOST_CHARACTERS = 80
_OWN = frozenset({field.name for field in msgspec.structs.fields(Pair)})


class Spot(msgspec.Struct, frozen=True):
    """A row: its words, and a value for each column that it has."""

    id: str
    prompt: str
    response: str
    columns: Mapping[str, Value]


def spots(files: Sequence[Path], most: int) -> tuple[list[Spot], int]:
    """At most so many rows, drawn by their ids, in the order of the files; and how many there are.

    What cannot be read is left out; an id that comes again too.
    """
    heap: list[tuple[int, int, Spot]] = []
    seen: set[bytes] = set()
    number = 0
    for file in files:
        for spot in _spots_of(file):
            digest = hashlib.blake2b(spot.id.encode(), digest_size=8).digest()
            if digest in seen:
                continue
            seen.add(digest)
            heapq.heappush(heap, (-int.from_bytes(digest), -number, spot))
            number += 1
            if len(heap) > most:
                heapq.heappop(heap)
    return [spot for _, _, spot in sorted(heap, key=lambda each: -each[1])], number


def _spots_of(file: Path) -> Iterator[Spot]:
    if file.name == "ledger.jsonl":
        for dropped in read_rows(file, Dropped):
            if isinstance(dropped, Dropped) and isinstance(pair := dropped.content(), Pair):
                yield _spot(pair, {"rule": dropped.rule})
        return
    more = _more_columns(file)
    for found in pairs_in(file):
        if isinstance(found, Pair):
            yield _spot(found, {"rule": KEPT, **more.get(found.id, {})})


def _spot(pair: Pair, more: Mapping[str, Value]) -> Spot:
    row = Row(pair)
    columns: dict[str, Value] = {
        "source": row.family,
        "part of source": pair.source,
        "licence": pair.licence,
        "teacher": pair.teacher,
        "terms": pair.terms,
        "prompt length": float(len(row.prompt)),
    }
    if pair.response:
        columns["answer length"] = float(len(pair.response))
    if pair.labels is not msgspec.UNSET and pair.labels:
        columns["label"] = " ".join(pair.labels)
    named = {name: value for name, value in columns.items() if value != ""}
    return Spot(pair.id, row.prompt, pair.response, {**named, **more})


def _more_columns(file: Path) -> dict[str, dict[str, Value]]:
    """What rows with an id have beside a pair's own fields: a loss, a template."""
    found: dict[str, dict[str, Value]] = {}
    for record in read_records(file):
        if isinstance(record, dict) and isinstance(record.get("id"), str):
            more = {
                name: value if isinstance(value, str) else float(value)
                for name, value in record.items()
                if name not in _OWN
                and isinstance(value, str | int | float)
                and len(str(value)) < 80
            }
            if more:
                found[record["id"]] = more
    return found
