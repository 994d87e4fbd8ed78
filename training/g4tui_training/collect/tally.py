"""How a collection goes, in numbers and in a line."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from g4tui_training.spoken import duration, money

Clock = Callable[[], float]


@dataclass
class Tally:
    """`total`: questions to ask now. `done` of them were answered; `failed` counts by kind.

    `before`: dollars that were spent when it began. `retries`: further tries.
    """

    total: int
    clock: Clock
    before: float = 0.0
    done: int = 0
    retries: int = 0
    in_flight: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock()

    @property
    def over(self) -> int:
        """Questions that have an outcome."""
        return self.done + self.failed.total()

    def line(self, spent: float, max_usd: float | None, priced: bool) -> str:
        """For a person who waits."""
        seconds = self.clock() - self.began
        parts = [f"{self.over:,} of {self.total:,}"]
        if self.over and seconds > 0:
            rate = self.over / seconds
            parts.append(f"{rate:.1f}/s" if rate >= 1 else f"{rate * 60:.1f}/min")
        if priced:
            parts.append(money(spent) + (f" of {money(max_usd)}" if max_usd is not None else ""))
        if self.over and self.over < self.total and seconds > 0:
            left = seconds * (self.total - self.over) / self.over
            affordable = self._affordable(seconds, spent, max_usd)
            limited = affordable < left
            parts.append(
                f"{duration(affordable)} to the limit" if limited else f"{duration(left)} left"
            )
        if self.retries:
            parts.append(f"{self.retries:,} tried again")
        if self.failed:
            kinds = ", ".join(f"{kind} {number:,}" for kind, number in self.failed.most_common())
            parts.append(f"failed: {kinds}")
        return "  ".join(parts)

    def _affordable(self, seconds: float, spent: float, max_usd: float | None) -> float:
        """Seconds until the dollars are used up, if they go on being spent as so far."""
        if max_usd is None or spent <= self.before:
            return math.inf
        return seconds * max(0.0, max_usd - spent) / (spent - self.before)
