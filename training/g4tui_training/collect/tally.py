"""How a collection goes, in numbers and in a line."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

Clock = Callable[[], float]


@dataclass
class Tally:
    """`total`: questions to ask now. `done` of them were answered; `failed` counts by kind.

    `retries`: further tries. `usd`: what the answers of this run cost.
    """

    total: int
    clock: Clock
    done: int = 0
    retries: int = 0
    in_flight: int = 0
    usd: float = 0.0
    failed: Counter[str] = field(default_factory=Counter)
    began: float = 0.0

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
            parts.append(f"{duration(left)} left")
        if self.retries:
            parts.append(f"{self.retries:,} tries again")
        if self.failed:
            kinds = ", ".join(f"{kind} {number:,}" for kind, number in self.failed.most_common())
            parts.append(f"failed: {kinds}")
        return "  ".join(parts)


def money(usd: float | None) -> str:
    """`$212`, `$5.80`, `$0.0004`."""
    value = usd or 0.0
    if value >= 20:
        return f"${value:,.0f}"
    if value >= 0.1 or value == 0:
        return f"${value:.2f}"
    return f"${value:.2g}" if value < 0.001 else f"${value:.4f}"


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `6 h`, `3 days`: two figures at the most."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f} h" if seconds < 10 * 3600 else f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:.1f} days"
