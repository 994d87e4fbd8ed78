"""Rule `low_diversity`: a whole source whose answers repeat themselves and are short.

A source is judged by two numbers: how many of 100 rows have an answer of their own (the mean of 20
draws), and how many answers have five words or fewer. Real answers to real questions may be short,
or alike, but not both: P3 has .71 and 84 %, the nearest good source .99 and 25 %.
"""

import random
from collections.abc import Mapping

import msgspec

from g4tui_training.recipe import LowDiversity

SAMPLE = 100
DRAWS = 20
SKETCH = SAMPLE * DRAWS
MAX_FAMILIES = 2_000
_MASK = (1 << 64) - 1


class Sketch(msgspec.Struct):
    """What is kept of a source while its rows pass: counts, and a fixed draw of its answers.

    `drawn` maps a row's draw to its answer's hash; only the smallest draws stay.
    """

    rows: int = 0
    short: int = 0
    drawn: dict[int, int] = {}

    def add(self, draw: int, answer: int, short: bool, size: int) -> None:
        """Take a row in; exact duplicates have one draw."""
        self.rows += 1
        self.short += short
        self.drawn[draw] = answer
        if len(self.drawn) > 2 * size:
            self._shrink(size)

    def merge(self, other: "Sketch", size: int) -> None:
        """Take in another part of the same source."""
        self.rows += other.rows
        self.short += other.short
        self.drawn.update(other.drawn)
        self._shrink(size)

    def _shrink(self, size: int) -> None:
        self.drawn = {draw: self.drawn[draw] for draw in sorted(self.drawn)[:size]}


class Verdict(msgspec.Struct, frozen=True):
    """What the numbers say of a source. `threshold`: with action cap, the largest draw that stays.

    `judged` is false for a source with too few rows.
    """

    rows: int
    distinct: float
    short: float
    judged: bool
    low: bool
    action: str = "keep"
    threshold: int = 0

    @property
    def evidence(self) -> str:
        """The numbers, for the ledger."""
        return f"distinct answers {self.distinct:.2f}, short answers {self.short:.0%}"


def draw_of(digest: bytes, seed: int) -> int:
    """A row's draw: fixed by its text and the seed."""
    return int.from_bytes(digest[8:16]) ^ ((seed + 1) * 0x9E3779B97F4A7C15 & _MASK)


def sketch_size(rule: LowDiversity) -> int:
    """How many draws a sketch keeps: enough to judge, and to cap."""
    return max(SKETCH, rule.cap)


def verdicts(
    sketches: Mapping[str, Sketch], rule: LowDiversity, actions: Mapping[str, str], seed: int
) -> dict[str, Verdict]:
    """The verdict on each source; `actions` holds what single sources ask for."""
    found = {}
    for family, sketch in sorted(sketches.items()):
        distinct = distinct_share(sketch, seed)
        short = sketch.short / sketch.rows
        judged = sketch.rows >= rule.min_rows
        low = judged and distinct < rule.distinct_below and short > rule.short_above
        action = (actions.get(family) or rule.action) if low else "keep"
        draws = sorted(sketch.drawn)
        threshold = draws[min(rule.cap, len(draws)) - 1] if action == "cap" else 0
        found[family] = Verdict(sketch.rows, distinct, short, judged, low, action, threshold)
    return found


def distinct_share(sketch: Sketch, seed: int) -> float:
    """Distinct answers among 100 rows, the mean of 20 draws (fewer rows: among all)."""
    answers = [sketch.drawn[draw] for draw in sorted(sketch.drawn)]
    size = min(SAMPLE, len(answers))
    if len(answers) >= SKETCH:
        samples = [answers[start : start + size] for start in range(0, SKETCH, SAMPLE)]
    else:
        chance = random.Random(seed)
        samples = [chance.sample(answers, size) for _ in range(DRAWS)]
    return sum(len(set(sample)) / size for sample in samples) / len(samples)
