"""Between the passes: who stays of near duplicates, who is held back, whose id is not its own."""

from collections.abc import Iterator
from typing import TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from g4tui_training.clean.components import Groups, grouped
from g4tui_training.clean.jobs import Plan
from g4tui_training.clean.matching import overlap
from g4tui_training.clean.signatures import U64, mixed
from g4tui_training.clean.signed import Signed
from g4tui_training.clean.sorting import PART_SHIFT
from g4tui_training.clean.spool import Parts, Spooled, write_file

NAME = "decided"
Number = TypeVar("Number", np.uint8, np.uint64)


class Twin(msgspec.Struct, frozen=True, array_like=True):
    """A row that is out because the row `kept` is nearly the same; `at` counts rows that stay."""

    at: int
    kept: str
    evidence: str


class Decider:
    """Reads pairs that are alike and writes what follows, a file a part. Runs in one process."""

    def __init__(self, plan: Plan, alive: list[int]) -> None:
        self._plan = plan
        self._alive = alive
        self._signed = Signed(plan)
        self._renamed = np.unique(
            np.concatenate([pairs[:, 1] for pairs in self._pairs("id")] or [np.empty(0, np.uint64)])
        )

    def decide(self) -> None:
        """Write `twins`, `renamed` and `held` for every part."""
        self._write_renamed()
        together = Groups(self._alive)
        for pairs in self._pairs("prompt"):
            together.join(pairs)
        self._write_twins(together)
        self._write_held(together)

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
        parts = (self._renamed >> np.uint64(PART_SHIFT)).astype(np.int64)
        at = (self._renamed & np.uint64((1 << PART_SHIFT) - 1)).astype(np.int64)
        for part in np.unique(parts):
            write_file(self._plan.folder("renamed") / str(part), at[parts == part].tobytes())

    def _write_twins(self, together: Groups) -> None:
        """Of each group of near duplicates the best row stays: by rank, then the smallest id."""
        if not self._plan.is_on("near_duplicate"):
            return
        groups = Groups(self._alive)
        involved = [np.empty(0, np.uint64)]
        for pairs in self._pairs("joint"):
            groups.join(pairs)
            together.join(pairs)
            involved.append(np.unique(pairs))
        rows = np.unique(np.concatenate(involved))
        roots = groups.roots()[groups.index(rows)]
        order = np.argsort(roots, kind="stable")
        out = Parts(self._plan.folder("twins"), len(self._alive), NAME)
        members = zip(roots[order].tolist(), rows[order].tolist(), strict=True)
        for group in grouped(members):
            found = [(self._signed.row(number), number) for number in group]
            best, chosen = min(found, key=lambda each: _quality(each[0]))
            kept = self.name_of(best, chosen)
            for _, number in found:
                if number != chosen:
                    self._add_twin(out, number, chosen, kept)
        out.flush()

    def _add_twin(self, out: Parts, number: int, chosen: int, kept: str) -> None:
        mine, theirs = self._signed.shingles(number), self._signed.shingles(chosen)
        prompt, answer = (overlap(one, other) for one, other in zip(mine, theirs, strict=True))
        evidence = f"prompt {prompt:.2f} and answer {answer:.2f} alike"
        twin = Twin(number & ((1 << PART_SHIFT) - 1), kept, evidence)
        data = msgspec.msgpack.encode(twin)
        out.add(number >> PART_SHIFT, len(data).to_bytes(4, "little") + data)

    def _write_held(self, together: Groups) -> None:
        """Which rows are held back: whole clusters, by a draw that their text and the seed fix."""
        fraction = self._plan.policy.clean.split.fraction
        roots = together.roots()
        sizes = np.bincount(roots, minlength=len(roots)).astype(np.uint32)
        small = sizes <= max(2, int(0.5 * fraction * len(roots)))
        draws = self._draws()
        chosen = (draws < np.uint64(int(fraction * (2**64 - 1)))) & small
        firsts = np.flatnonzero(sizes)
        if fraction > 0 and len(firsts) > 1 and not chosen[firsts].any():
            able = firsts[small[firsts]]
            chosen[able[np.argsort(draws[able])[:1]]] = True
        if len(firsts) and chosen[firsts].all():  # something must be left to train on
            chosen[firsts[np.argmax(draws[firsts])]] = False
        if self._plan.policy.held:
            chosen[roots[self._of_parts("held", np.uint8).astype(bool)]] = True
        held = chosen[roots]
        start = 0
        for part, count in enumerate(self._alive):
            write_file(self._plan.folder("held") / str(part), held[start : start + count].tobytes())
            start += count

    def _draws(self) -> U64:
        seed = mixed(np.array([self._plan.seed + 1], np.uint64))
        return mixed(self._of_parts("digests", np.uint64) ^ seed)

    def _of_parts(self, name: str, kind: type[Number]) -> npt.NDArray[Number]:
        """What the second pass wrote for each row that stays, over all parts."""
        folder = self._plan.folder("sorted")
        parts = range(len(self._alive))
        return np.concatenate([np.fromfile(folder / f"{part}.{name}", kind) for part in parts])


def own_id(row: Spooled) -> str:
    """An id that no other row has."""
    return f"{row.id}~{row.digest.hex()[:8]}"


def read_twins(plan: Plan, part: int) -> dict[int, Twin]:
    """The near duplicates of a part that are out, by position."""
    file = plan.folder("twins") / f"{part}.{NAME}"
    data = file.read_bytes() if file.is_file() else b""
    decoder = msgspec.msgpack.Decoder(Twin)
    found, at = {}, 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "little")
        twin = decoder.decode(data[at + 4 : at + 4 + size])
        found[twin.at] = twin
        at += 4 + size
    return found


def _quality(row: Spooled) -> tuple[float, str, bytes]:
    return row.rank, row.id, row.digest
