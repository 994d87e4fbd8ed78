"""What became of the rows of a source."""

from collections import Counter
from collections.abc import Mapping

import msgspec

from g4tui_training.lines import Broken

_EXAMPLES = 3
_REASONS = 50


class SourceTally(msgspec.Struct):
    """Counts of rows; `read` is the sum of the others."""

    read: int = 0
    published: int = 0
    to_ask: int = 0
    unreadable: int = 0
    empty: int = 0
    unwanted: int = 0
    forbidden: int = 0
    not_sampled: int = 0
    over_cap: int = 0
    duplicates: int = 0
    reasons: dict[str, int] = {}
    examples: list[Broken] = []

    @property
    def taken(self) -> int:
        """Rows written."""
        return self.published + self.to_ask

    def take(self, *, answered: bool) -> None:
        """Count a row that was written."""
        if answered:
            self.published += 1
        else:
            self.to_ask += 1

    def broken(self, broken: Broken) -> None:
        """Count a record that gave no row, and keep the first few."""
        self.unreadable += 1
        self._because(broken.reason)
        if len(self.examples) < _EXAMPLES:
            self.examples.append(broken)

    def forbid(self, reason: str) -> None:
        """Count a row that the recipe's licence does not let in."""
        self.forbidden += 1
        self._because(reason)

    def why_nothing(self) -> str:
        """In a few words, for a source that gave no row."""
        if self.read == 0:
            return "it is empty"
        most = Counter(self.reasons).most_common(1)
        return f"{self.read:,} rows, none fit" + (f" ({most[0][0]})" if most else "")

    def _because(self, reason: str) -> None:
        if reason in self.reasons or len(self.reasons) < _REASONS:
            self.reasons[reason] = self.reasons.get(reason, 0) + 1


def tallies_of(counts: Mapping[str, object]) -> dict[str, SourceTally]:
    """The tallies that the manifest keeps of the stage `prompts`."""
    return msgspec.convert(counts.get("sources", {}), dict[str, SourceTally])
