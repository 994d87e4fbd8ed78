"""Between the passes: who stays of near duplicates, who is held back, whose id is not its own."""

from collections.abc import Iterator
from typing import TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from g4tui_training.clean.components import Groups, grouped
from g4tui_training.clean.jobs import Plan
from g4tui_training.clean.signatures import U32, U64, Ints, mixed
from g4tui_training.clean.signed import Signed
from g4tui_training.clean.sorting import places, row_place
from g4tui_training.clean.spool import Parts, Spooled, packed, unpacked, write_file

NAME = "decided"
_CHUNK = 1 << 16
Number = TypeVar("Number", np.uint8, np.uint64)


class Twin(msgspec.Struct, frozen=True, array_like=True):
    """A row that is out because another (id `kept`, number `chosen`) is nearly the same.

    `at` counts the rows of its part that stay.
    """

    at: int
    kept: str
    chosen: int


class Decider:
    """Reads pairs that are alike and writes what follows, a file a part. Runs in one process."""

    def __init__(self, plan: Plan, alive: list[int]) -> None:
        self._plan = plan
        self._alive = alive
        self._base = np.concatenate([[0], np.cumsum(alive, dtype=np.int64)])
        self._signed = Signed(plan)
        self._renamed = np.unique(
            np.concatenate([pairs[:, 1] for pairs in self._pairs("id")] or [np.empty(0, np.uint64)])
        )

    def decide(self) -> None:
        """Write `twins`, `renamed` and `held` for every part."""
        self._write_renamed()
        self._write_twins()
        together = Groups(int(self._base[-1]))
        for kind in ("prompt", "joint"):
            for pairs in self._pairs(kind):
                together.join(self._index(pairs))
        roots = together.roots()
        del together
        self._write_held(roots)

    def name_of(self, row: Spooled, number: int) -> str:
        """A row's id, its own again where an earlier row has the same."""
        at = int(np.searchsorted(self._renamed, np.uint64(number)))
        known = at < len(self._renamed) and int(self._renamed[at]) == number
        return own_id(row) if known else row.id

    def _pairs(self, kind: str) -> Iterator[U64]:
        folder = self._plan.folder(f"{kind}-alike")
        for file in sorted(folder.iterdir(), key=lambda file: int(file.name)):
            yield np.fromfile(file, np.uint64).reshape(-1, 2)

    def _write_renamed(self) -> None:
        parts, at = places(self._renamed)
        for part in np.unique(parts):
            write_file(self._plan.folder("renamed") / str(part), at[parts == part].tobytes())

    def _write_twins(self) -> None:
        """Of each group of near duplicates the best row stays: by rank, then the smallest id."""
        if not self._plan.is_on("near_duplicate"):
            return
        involved = [np.unique(pairs) for pairs in self._pairs("joint")]
        rows = np.unique(np.concatenate([np.empty(0, np.uint64), *involved]))
        groups = Groups(len(rows))
        for pairs in self._pairs("joint"):
            groups.join(np.searchsorted(rows, pairs))
        roots = groups.roots()
        order = np.argsort(roots, kind="stable")
        out = Parts(self._plan.folder("twins"), len(self._alive), NAME)
        members = zip(roots[order].tolist(), rows[order].tolist(), strict=True)
        for group in grouped(members):
            found = [(self._signed.row(number), number) for number in group]
            best, chosen = min(found, key=lambda each: _quality(each[0]))
            kept = self.name_of(best, chosen)
            for _, number in found:
                if number != chosen:
                    part, at = row_place(number)
                    out.add(part, packed(Twin(at, kept, chosen)))
        out.flush()

    def _write_held(self, roots: U32) -> None:
        """Which rows are held back: whole clusters, by a draw that their text and the seed fix."""
        fraction = self._plan.policy.clean.split.fraction
        sizes = np.zeros(len(roots), np.uint32)
        for start in range(0, len(roots), _CHUNK):
            np.add.at(sizes, roots[start : start + _CHUNK], 1)
        small = (sizes > 0) & (sizes <= max(2, int(0.5 * fraction * len(roots))))
        limit = np.uint64(int(fraction * (2**64 - 1)))
        chosen = np.zeros(len(roots), bool)
        # Of single clusters, the first and the last to be held back: by draw.
        first, last = (2**64, -1), (-1, -1)
        for part, start in enumerate(self._base[:-1].tolist()):
            draws = self._draws(part)
            here = slice(start, start + len(draws))
            chosen[here] = (draws < limit) & small[here]
            if len(able := np.flatnonzero(small[here])):
                at = int(able[np.argmin(draws[able])])
                first = min(first, (int(draws[at]), start + at))
            if len(there := np.flatnonzero(sizes[here])):
                at = int(there[np.argmax(draws[there])])
                last = max(last, (int(draws[at]), start + at))
        clusters = np.count_nonzero(sizes)
        if fraction > 0 and clusters > 1 and not chosen.any() and first[1] >= 0:
            chosen[first[1]] = True
        if clusters and np.count_nonzero(chosen) == clusters:  # something must be left to train on
            chosen[last[1]] = False
        if self._plan.policy.held:
            for part, start in enumerate(self._base[:-1].tolist()):
                held = self._of_part(part, "held", np.uint8).astype(bool)
                chosen[roots[start : start + len(held)][held]] = True
        for part, start in enumerate(self._base[:-1].tolist()):
            mine = chosen[roots[start : start + self._alive[part]]]
            write_file(self._plan.folder("held") / str(part), mine.tobytes())

    def _draws(self, part: int) -> U64:
        seed = mixed(np.array([self._plan.seed + 1], np.uint64))
        return mixed(self._of_part(part, "digests", np.uint64) ^ seed)

    def _of_part(self, part: int, name: str, kind: type[Number]) -> npt.NDArray[Number]:
        """What the second pass wrote for each row of a part that stays."""
        return np.fromfile(self._plan.folder("sorted") / f"{part}.{name}", kind)

    def _index(self, rows: U64) -> Ints:
        """Positions over all parts, from row numbers."""
        part, at = places(rows)
        return np.asarray(self._base[part] + at, np.int64)


def own_id(row: Spooled) -> str:
    """An id that no other row has."""
    return f"{row.id}~{row.digest.hex()[:8]}"


def read_twins(plan: Plan, part: int) -> dict[int, Twin]:
    """The near duplicates of a part that are out, by position."""
    file = plan.folder("twins") / f"{part}.{NAME}"
    data = file.read_bytes() if file.is_file() else b""
    return {twin.at: twin for twin in unpacked(data, Twin)}


def _quality(row: Spooled) -> tuple[float, str, bytes]:
    return row.rank, row.id, row.digest
