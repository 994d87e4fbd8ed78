"""Rows that are alike, directly or through others, as groups."""

from array import array
from collections.abc import Iterable, Iterator

import numpy as np

from g4tui_training.clean.signatures import U32, Ints

_CHUNK = 50_000


class Groups:
    """Union-find over the numbers below `size`: a root is its group's smallest. 4 bytes each."""

    def __init__(self, size: int) -> None:
        self._parent = array("I", range(size))

    def join(self, pairs: Ints) -> None:
        """Put each pair in one group: (pairs, 2)."""
        for start in range(0, len(pairs), _CHUNK):
            for one, other in pairs[start : start + _CHUNK].tolist():
                self._join(one, other)

    def roots(self) -> U32:
        """The root of every number."""
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
