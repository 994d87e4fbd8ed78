"""Which rows a step takes, decided by seed and lengths alone.

Nothing of it has state, so that a resumed training, and one over several processes, sees the same
rows in the same steps.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

Pack = tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """The steps of a training: `lengths` of the rows in tokens, `capacity` tokens in a pack.

    A pack is what goes through the model at once; a row longer than `capacity` is one by itself.
    """

    lengths: Sequence[int]
    batch: int
    epochs: float
    seed: int
    capacity: int

    @property
    def rows(self) -> int:
        """Rows of the whole training, each as often as it is seen."""
        return max(1, round(len(self.lengths) * self.epochs))

    @property
    def steps(self) -> int:
        """How many steps there are; the last of an epoch may be smaller."""
        whole, rest = divmod(self.rows, len(self.lengths))
        return whole * self.steps_of_epoch + ceil(rest / self.batch)

    @property
    def steps_of_epoch(self) -> int:
        """Steps in which each row is seen once."""
        return ceil(len(self.lengths) / self.batch)

    def packs(self, step: int) -> list[Pack]:
        """The packs of a step, counted from 0; the fullest first."""
        epoch, place = divmod(step, self.steps_of_epoch)
        left = self.rows - epoch * len(self.lengths)
        order = self._order(epoch)[: min(left, len(self.lengths))]
        return packed(order[place * self.batch :][: self.batch], self.lengths, self.capacity)

    def _order(self, epoch: int) -> list[int]:
        order = list(range(len(self.lengths)))
        random.Random(f"{self.seed}:{epoch}").shuffle(order)
        return order


def packed(rows: Sequence[int], lengths: Sequence[int], capacity: int) -> list[Pack]:
    """Rows in as few packs as first-fit-decreasing finds."""
    packs: list[list[int]] = []
    room: list[int] = []
    for row in sorted(rows, key=lambda row: (-lengths[row], row)):
        for index, free in enumerate(room):
            if lengths[row] <= free:
                packs[index].append(row)
                room[index] -= lengths[row]
                break
        else:
            packs.append([row])
            room.append(capacity - lengths[row])
    return sorted(map(tuple, packs), key=lambda pack: -sum(lengths[row] for row in pack))
