"""Rows that are alike, directly or through others, as groups."""

from array import array
from collections.abc import Iterable, Iterator

import numpy as np

from g4tui_training.clean.signatures import U32, U64, Ints
from g4tui_training.clean.sorting import PART_SHIFT

_CHUNK = 50_000


class Groups:
    """Union-find over rows; the root of a group is its smallest row. 4 bytes a row.

    `alive` is the number of rows in each part.
    """

    def __init__(self, alive: list[int]) -> None:
        self._base = np.concatenate([[0], np.cumsum(alive, dtype=np.int64)])
        self._parent = array("I", range(int(self._base[-1])))

    def __len__(self) -> int:
        return len(self._parent)

    def join(self, pairs: U64) -> None:
        """Put each pair of row numbers in one group."""
        for start in range(0, len(pairs), _CHUNK):
            chunk = self.index(pairs[start : start + _CHUNK].reshape(-1)).reshape(-1, 2)
            for one, other in chunk.tolist():
                self._join(one, other)

    def index(self, rows: U64) -> Ints:
        """Positions over all parts, from row numbers."""
        part = (rows >> np.uint64(PART_SHIFT)).astype(np.int64)
        at = (rows & np.uint64((1 << PART_SHIFT) - 1)).astype(np.int64)
        return np.asarray(self._base[part] + at, np.int64)

    def roots(self) -> U32:
        """The root of every row, as positions."""
        parent = np.frombuffer(self._parent, np.uint32)
        while True:
            above = parent[parent]
            if np.array_equal(above, parent):
                return above
            parent = above

    def _join(self, one: int, other: int) -> None:
        one, other = self._root(one), self._root(other)
        if one < other:
            self._parent[other] = one
        elif other < one:
            self._parent[one] = other

    def _root(self, at: int) -> int:
        parent = self._parent
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at


def grouped(rows: Iterable[tuple[int, int]]) -> Iterator[list[int]]:
    """Lists of rows that share a root, from (root, row) sorted by root."""
    group: list[int] = []
    last = -1
    for root, row in rows:
        if root != last and group:
            yield group
            group = []
        group.append(row)
        last = root
    if group:
        yield group
