"""Records out of the pages of a SQLite file, whatever is left of it.

SQLite reads nothing that lies below a damaged page. Here each page is looked at by itself, so that
only what stood on a lost page is lost. The format: https://www.sqlite.org/fileformat2.html
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from g4tui.store import files

Value = None | int | float | str | bytes

DEFAULT_PAGE_SIZE = 4096
_INNER_INDEX, _LEAF_INDEX, _LEAF_TABLE = 2, 10, 13
_JOURNAL_HEADER, _FRAME_HEADER = 32, 24
_JOURNAL_MAGIC = (0x377F0682, 0x377F0683)
# Bytes of the types 0 to 9: nothing, integers, a float, and the numbers 0 and 1.
_SIZES = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)
_FLOAT = 7
_RESERVED = (10, 11)


class Record(NamedTuple):
    """A row, or an entry of an index (`number` is `None`).

    One that is not whole lacks its last columns, and the last text that it has is cut.
    """

    number: int | None
    values: tuple[Value, ...]
    is_whole: bool


class Pages:
    """A database's pages, as its journal has them where it does. Both files are only read."""

    def __init__(self, file: BinaryIO, journal: BinaryIO | None = None) -> None:
        self._file, self._journal = file, journal
        self._newer: dict[int, int] = {}  # where in the journal
        header = file.read(files.HEADER_LENGTH)
        is_known = header.startswith(files.MAGIC) and len(header) == files.HEADER_LENGTH
        size = int.from_bytes(header[16:18], "big") if is_known else 0
        self.size = 65536 if size == 1 else size
        reserved = header[20] if is_known else 0
        if self.size < 512 or self.size & (self.size - 1):
            self.size, reserved = DEFAULT_PAGE_SIZE, 0
        last = self._read_journal()
        self.usable = self.size - reserved
        self.count = max(last, -(-file.seek(0, 2) // self.size))

    def _read_journal(self) -> int:
        """Learn where the newest pages are, of what was committed; returns the highest number."""
        if self._journal is None:
            return 0
        header = self._journal.read(_JOURNAL_HEADER)
        if len(header) < _JOURNAL_HEADER or _number(header, 0) not in _JOURNAL_MAGIC:
            return 0
        self.size = _number(header, 8)
        place, last = _JOURNAL_HEADER, 0
        begun: dict[int, int] = {}
        while True:
            self._journal.seek(place)
            frame = self._journal.read(_FRAME_HEADER)
            # What is left of an earlier use of the journal has another salt.
            if len(frame) < _FRAME_HEADER or frame[8:16] != header[16:24]:
                return last
            begun[_number(frame, 0)] = place + _FRAME_HEADER
            if committed := _number(frame, 4):
                self._newer |= begun
                last, begun = committed, {}
            place += _FRAME_HEADER + self.size

    def page(self, number: int) -> bytes:
        """Page `number`, from 1; shorter or empty where the file ends before."""
        place = self._newer.get(number)
        if place is not None and self._journal is not None:
            self._journal.seek(place)
            return self._journal.read(self.size)
        self._file.seek((number - 1) * self.size)
        return self._file.read(self.size)

    def records(self) -> Iterator[Record]:
        """All that can be read, in no order."""
        for number in range(1, self.count + 1):
            page = self.page(number)
            start = files.HEADER_LENGTH if number == 1 else 0
            kind = page[start] if len(page) > start + 12 else 0
            if kind not in (_INNER_INDEX, _LEAF_INDEX, _LEAF_TABLE):
                continue
            first = start + (12 if kind == _INNER_INDEX else 8)
            end = min(first + 2 * _short(page, start + 3), len(page) - 1)
            for at in range(first, end, 2):
                record = self._record(page, _short(page, at), kind)
                if record is not None:
                    yield record

    def _record(self, page: bytes, at: int, kind: int) -> Record | None:
        try:
            length, at = _varint(page, at + 4 if kind == _INNER_INDEX else at)
            number = None
            if kind == _LEAF_TABLE:
                number, at = _varint(page, at)
            local = self._local(length, kind == _LEAF_TABLE)
            payload = page[at : at + local]
            if local < length and len(payload) == local:
                payload += self._overflow(_number(page, at + local), length - local)
            found = _values(payload, length)
        except (IndexError, struct.error):
            return None
        return None if found is None else Record(_signed(number), *found)

    def _local(self, length: int, is_table: bool) -> int:
        """How many bytes of a record stand on its page."""
        usable = self.usable
        most = usable - 35 if is_table else (usable - 12) * 64 // 255 - 23
        if length <= most:
            return length
        least = (usable - 12) * 32 // 255 - 23
        kept = least + (length - least) % (usable - 4)
        return kept if kept <= most else least

    def _overflow(self, number: int, missing: int) -> bytes:
        """The rest of a record; less than is missing where a page of it is lost."""
        parts: list[bytes] = []
        seen: set[int] = set()
        while missing > 0 and 1 < number <= self.count and number not in seen:
            seen.add(number)
            page = self.page(number)
            part = page[4 : self.usable][:missing]
            is_last = missing == len(part)
            if len(page) < self.size or not any(part) or (_number(page, 0) == 0) != is_last:
                break
            following = _number(page, 0)
            if following > self.count:
                break
            parts.append(part)
            missing -= len(part)
            number = following
        return b"".join(parts)


def _values(payload: bytes, length: int) -> tuple[tuple[Value, ...], bool] | None:
    """The columns of a record and whether all are there; `None` for what is no record."""
    end, at = _varint(payload, 0)
    if not at <= end <= len(payload):
        return None
    kinds = []
    while at < end:
        kind, at = _varint(payload, at)
        if kind in _RESERVED:
            return None
        kinds.append(kind)
    sizes = [_SIZES[kind] if kind < len(_SIZES) else (kind - 12) // 2 for kind in kinds]
    if at != end or end + sum(sizes) != length:
        return None
    values: list[Value] = []
    for kind, size in zip(kinds, sizes, strict=True):
        data = payload[at : at + size]
        at += size
        is_text = kind >= 13 and kind % 2 == 1
        if len(data) < size:
            if is_text:
                values.append(data.decode("utf-8", "ignore"))
            return tuple(values), False
        values.append(data.decode("utf-8", "replace") if is_text else _plain(kind, data))
    return tuple(values), True


def _plain(kind: int, data: bytes) -> Value:
    if kind == 0:
        return None
    if kind == _FLOAT:
        return float(struct.unpack(">d", data)[0])
    if kind in (8, 9):
        return kind - 8
    return data if kind >= 12 else int.from_bytes(data, "big", signed=True)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of 1 to 9 bytes, and where the next one begins."""
    value = 0
    for place in range(at, at + 8):
        value = value << 7 | data[place] & 0x7F
        if data[place] < 0x80:
            return value, place + 1
    return value << 8 | data[at + 8], at + 9


def _signed(number: int | None) -> int | None:
    return number - 2**64 if number is not None and number >= 2**63 else number


def _short(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big")


def _number(data: bytes, at: int) -> int:
    if len(data) < at + 4:
        raise IndexError(at)
    return int.from_bytes(data[at : at + 4], "big")
