"""Signatures, texts and rows of sorted parts, fetched by row number; little is held in memory."""

from itertools import pairwise

import numpy as np

from g4tui_training.clean.jobs import Plan
from g4tui_training.clean.recent import Recent
from g4tui_training.clean.signatures import LANES, U8, U64, Ints, shingle_set
from g4tui_training.clean.sorting import places, row_place
from g4tui_training.clean.spool import Spooled, packed_size, unpacked

_SETS = 500
_PARTS = 64
_GUESS = 4096


class Signed:
    """Reads what the second pass wrote."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._sets: Recent[tuple[U64, U64]] = Recent(_SETS)
        self._ends: Recent[Ints] = Recent(_PARTS)
        self._starts: Recent[Ints] = Recent(_PARTS)

    def signatures(self, rows: U64) -> tuple[U8, U8]:
        """Signatures of prompts and answers, for sorted row numbers: (rows, LANES) each."""
        found = np.empty((len(rows), 2 * LANES), np.uint8)
        parts, places_in_part = places(rows)
        for part in np.unique(parts):
            here = np.flatnonzero(parts == part)
            at = places_in_part[here]
            with (self._plan.folder("signed") / str(part)).open("rb", 0) as stream:
                for begin, end in _runs(at):
                    stream.seek(int(at[begin]) * 2 * LANES)
                    data = stream.read(int(at[end - 1] - at[begin] + 1) * 2 * LANES)
                    block = np.frombuffer(data, np.uint8).reshape(-1, 2 * LANES)
                    found[here[begin:end]] = block[at[begin:end] - at[begin]]
        return found[:, :LANES], found[:, LANES:]

    def row(self, number: int) -> Spooled:
        """A row that stays."""
        part, at = row_place(number)
        start = int(self._starts.get(part, self._read_starts)[at])
        with (self._plan.folder("sorted") / str(part)).open("rb", 0) as stream:
            stream.seek(start)
            data = stream.read(_GUESS)
            size = packed_size(data)
            whole = data[:size] + stream.read(max(0, size - len(data)))
            return next(unpacked(whole, Spooled))

    def shingles(self, number: int) -> tuple[U64, U64]:
        """The shingle sets of a row's prompt and answer."""
        return self._sets.get(number, self._read_sets)

    def _read_sets(self, number: int) -> tuple[U64, U64]:
        part, at = row_place(number)
        ends = self._ends.get(part, self._read_ends)
        begin = int(ends[2 * at - 1]) if at else 0
        middle, end = int(ends[2 * at]), int(ends[2 * at + 1])
        with (self._plan.folder("texts") / str(part)).open("rb", 0) as stream:
            stream.seek(begin)
            data = stream.read(end - begin)
        return shingle_set(data[: middle - begin]), shingle_set(data[middle - begin :])

    def _read_starts(self, part: int) -> Ints:
        return np.fromfile(self._plan.folder("sorted") / f"{part}.starts", np.int64)

    def _read_ends(self, part: int) -> Ints:
        return np.fromfile(self._plan.folder("texts") / f"{part}.ends", np.int64)


def _runs(at: Ints) -> list[tuple[int, int]]:
    """Where sorted positions lie close together: one read is cheaper than several."""
    cuts = np.flatnonzero(np.diff(at) > 16) + 1
    edges = [0, *cuts.tolist(), len(at)]
    return list(pairwise(edges))
