"""Rows on disk between passes, in parts by their digest, so that one part fits in memory.

A part holds a range of digests, so that parts in their order, each sorted, are all rows in the
order of their digests, whatever order they came in.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from g4tui_training.writing import disk_error

_HELD = 2 << 20
_HELD_A_PART = 16 << 10
_LENGTH = 4
Packed = TypeVar("Packed", bound=msgspec.Struct)


class Spooled(msgspec.Struct, array_like=True):
    """A row, with what was decided on it so far (`rule` is empty while it stays).

    `line` is its JSON as it will be written. `prompt` and `response` are normal forms, empty
    for rows that are out.
    """

    digest: bytes
    rank: float
    id: str
    family: str
    rule: str
    evidence: str
    line: bytes
    prompt: bytes = b""
    response: bytes = b""
    kept: str = ""

    def order(self) -> tuple[bytes, float, str, bytes]:
        """What rows are sorted by: of two exact duplicates the better one comes first."""
        return self.digest, self.rank, self.id, self.line


class Parts:
    """Appends records to numbered files of one folder, holding little in memory.

    Every process has a `name` of its own in the file names, so nobody writes into another's file.
    """

    def __init__(self, folder: Path, count: int, name: str) -> None:
        self._folder = folder
        self._held: dict[int, bytearray] = {}
        self._size = 0
        self._name = name
        self._limit = max(_HELD, count * _HELD_A_PART)
        self.count = count

    def add(self, part: int, data: bytes | memoryview) -> None:
        """Append some bytes to a part."""
        self._held.setdefault(part, bytearray()).extend(data)
        self._size += len(data)
        if self._size > self._limit:
            self.flush()

    def flush(self) -> None:
        """Write what is held; raises `G4tuiError` where the disk refuses."""
        for part, data in self._held.items():
            file = self._folder / f"{part}.{self._name}"
            try:
                with file.open("ab", 0) as stream:
                    stream.write(data)
            except OSError as error:
                raise disk_error(file, error) from error
        self._held.clear()
        self._size = 0


def part_files(folder: Path, part: int) -> list[Path]:
    """What all processes wrote to a part."""
    return sorted(folder.glob(f"{part}.*"))


def part_of(digest: bytes, count: int) -> int:
    """Which of `count` parts a digest belongs to; parts are in the order of digests."""
    return (int.from_bytes(digest[:8]) * count) >> 64


def packed(record: msgspec.Struct) -> bytes:
    """A record with its length before it."""
    data = msgspec.msgpack.encode(record)
    return len(data).to_bytes(_LENGTH, "little") + data


def packed_size(data: bytes | memoryview) -> int:
    """How many bytes the record takes with which some bytes begin."""
    return _LENGTH + int.from_bytes(data[:_LENGTH], "little")


def unpacked(data: bytes, kind: type[Packed]) -> Iterator[Packed]:
    """The records in some bytes."""
    decoder = msgspec.msgpack.Decoder(kind)
    view, at = memoryview(data), 0
    while at < len(data):
        end = at + packed_size(view[at : at + _LENGTH])
        yield decoder.decode(view[at + _LENGTH : end])
        at = end


def write_file(file: Path, data: bytes | memoryview) -> None:
    """Write a file of the work folder; raises `G4tuiError` where the disk refuses."""
    try:
        file.write_bytes(data)
    except OSError as error:
        raise disk_error(file, error) from error
