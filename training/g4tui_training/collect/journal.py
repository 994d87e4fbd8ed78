"""The journal: a file that only grows, so that neither kill nor a cut wire loses an answer.

A line is written at once, whole, before anything follows from it: a killed process loses what was
in flight and nothing else. The disk is told to keep it within a second (`fsync`), so that a power
cut costs the answers of a second at most. A torn last line is passed over.
"""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import msgspec

from g4tui.core import Price
from g4tui.core.whole import whole
from g4tui_training.collect.records import (
    Answered,
    Asked,
    BatchEnded,
    BatchMade,
    BatchSent,
    Began,
    Failure,
    Missed,
    Record,
)
from g4tui_training.writing import disk_error

SYNC_S = 1.0


@dataclass
class Batch:
    """A batch that has not ended; `id` is empty until the server has it.

    `missed`: those of its questions that have no answer, as far as it was read.
    """

    label: str
    requests: int
    usd: float
    tokens: int
    id: str = ""
    missed: set[str] = field(default_factory=set)


@dataclass
class Known:
    """What a journal tells.

    `answers`: where in the file each is, by key. `missed`: questions whose last try failed.
    `usd` and `tokens`: spent in all; `lost_usd` of it is the most that tries without an answer may
    have cost (failed, killed, or broken off). `prompt_tokens`, `completion_tokens`, `seconds`
    are sums over answers; the last over those that were streamed, of which there are `timed`.
    """

    answers: dict[str, int] = field(default_factory=dict)
    missed: dict[str, Failure] = field(default_factory=dict)
    batches: dict[str, Batch] = field(default_factory=dict)
    usd: float = 0.0
    tokens: int = 0
    lost_usd: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    timed: int = 0
    price: Price | None = None
    runs: int = 0
    price_changes: int = 0
    damaged: int = 0
    asked: dict[str, Asked] = field(default_factory=dict)

    def take(self, record: Record, at: int) -> None:
        """Count a line that begins at byte `at`."""
        if isinstance(record, Asked):
            self._lose(record.key)
            self.asked[record.key] = record
        elif isinstance(record, Answered):
            self._answered(record, at)
        elif isinstance(record, Missed):
            self._missed(record)
        elif isinstance(record, Began):
            if self.runs and record.price != self.price:
                self.price_changes += 1
            self.runs += 1
            self.price = record.price
        else:
            self._batch(record)

    def settle(self) -> None:
        """Whoever asked is gone: what has no outcome may have cost all that it could."""
        for key in list(self.asked):
            self._lose(key)

    def _answered(self, record: Answered, at: int) -> None:
        self.asked.pop(record.key, None)
        self.missed.pop(record.key, None)
        self.answers.setdefault(record.key, at)
        self.usd += record.usd
        self.tokens += record.prompt_tokens + record.completion_tokens
        self.prompt_tokens += record.prompt_tokens
        self.completion_tokens += record.completion_tokens
        if record.seconds:
            self.seconds += record.seconds
            self.timed += 1

    def _missed(self, record: Missed) -> None:
        self.asked.pop(record.key, None)
        self.usd += record.usd
        self.lost_usd += record.usd
        self.tokens += record.tokens
        if record.key not in self.answers:
            self.missed[record.key] = record.failure
        for batch in self.batches.values():
            if record.batch and batch.id == record.batch:
                batch.missed.add(record.key)

    def _batch(self, record: BatchMade | BatchSent | BatchEnded) -> None:
        if isinstance(record, BatchMade):
            self.batches[record.label] = Batch(
                record.label, record.requests, record.usd, record.tokens
            )
        elif isinstance(record, BatchEnded):
            self.batches.pop(record.label, None)
        elif (batch := self.batches.get(record.label)) is not None:
            batch.id = record.batch

    def _lose(self, key: str) -> None:
        if (lost := self.asked.pop(key, None)) is not None:
            self.usd += lost.usd
            self.lost_usd += lost.usd
            self.tokens += lost.tokens


class Journal:
    """The file, open for more lines; `known` is what it tells so far. A context manager.

    Raises `G4tuiError` (`storage`) for a disk that refuses.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.known = Known()
        self._unsynced = False
        self._torn = False
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._out = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            for at, record in _records(file, self.known):
                self.known.take(record, at)
            self._end = os.fstat(self._out).st_size
            if self._end and os.pread(self._out, 1, self._end - 1) != b"\n":
                self._torn = True
        except OSError as error:
            raise disk_error(file, error) from error
        self.known.settle()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._sync()
        os.close(self._out)

    def append(self, record: Record) -> None:
        """Write a line, and count it."""
        if self._torn:
            self._write(b"\n")
        at = self._end
        try:
            line = msgspec.json.encode(record)
        except UnicodeEncodeError:  # half a character, of a teacher that cut one in two
            line = msgspec.json.encode(whole(msgspec.to_builtins(record)))
        self._write(line + b"\n")
        self.known.take(record, at)

    def answer(self, key: str) -> Answered | None:
        """The answer to a question; the first one, if there should be several."""
        at = self.known.answers.get(key)
        if at is None:
            return None
        data = bytearray()
        while not data.endswith(b"\n"):
            part = os.pread(self._out, 1 << 14, at + len(data))
            if not part:
                break
            line_end = part.find(b"\n")
            data += part if line_end < 0 else part[: line_end + 1]
        record = msgspec.json.decode(bytes(data), type=Record)
        assert isinstance(record, Answered)
        return record

    async def keep_synced(self) -> None:
        """Tell the disk to keep what was written, each second, until cancelled."""
        while True:
            await asyncio.sleep(SYNC_S)
            await asyncio.to_thread(self._sync)

    def _write(self, data: bytes) -> None:
        left = memoryview(data)
        self._torn = True
        try:
            while left:
                written = os.write(self._out, left)
                self._end += written
                left = left[written:]
        except OSError as error:
            raise disk_error(self.file, error) from error
        self._torn = False
        self._unsynced = True

    def _sync(self) -> None:
        if self._unsynced:
            self._unsynced = False
            try:
                os.fsync(self._out)
            except OSError as error:
                raise disk_error(self.file, error) from error


def _records(file: Path, known: Known) -> Iterator[tuple[int, Record]]:
    """Each record with where it begins; what is none is counted."""
    decoder = msgspec.json.Decoder(Record)
    at = 0
    with file.open("rb", 1 << 20) as lines:
        for line in lines:
            begin, at = at, at + len(line)
            if not line.strip():
                continue
            try:
                yield begin, decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                known.damaged += 1
