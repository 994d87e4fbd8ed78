"""What became of all rows, in numbers: `funnel.json`, and the table in the terminal."""

from collections.abc import Iterable

import msgspec

from g4tui_training.clean.diversity import Verdict
from g4tui_training.clean.jobs import Example, WriteDone
from g4tui_training.clean.rules import Policy
from g4tui_training.loading import RULES

_EXAMPLES = 5


class Step(msgspec.Struct, frozen=True):
    """One rule: how many rows it dropped, how many were left after it, and some of them."""

    rule: str
    dropped: int
    left: int
    by_source: dict[str, int]
    examples: list[Example]


class SourceFate(msgspec.Struct, frozen=True):
    """One source: rows in, kept (train and eval), dropped by rule, and the numbers of its answers.

    `distinct`: distinct answers among 100 rows; `short`: share of answers of few words; both of
    rows that no rule on single rows dropped. `judged`: there were rows enough.
    """

    rows: int
    train: int
    eval: int
    dropped: dict[str, int]
    distinct: float | None = None
    short: float | None = None
    judged: bool = False
    action: str = "keep"

    @property
    def kept(self) -> int:
        """Rows that stay."""
        return self.train + self.eval


class Funnel(msgspec.Struct, frozen=True):
    """The whole story. `off`: rules that were not applied; `renamed`: ids that several rows had."""

    rows: int
    kept: int
    train: int
    eval: int
    steps: list[Step]
    sources: dict[str, SourceFate]
    labels: dict[str, int]
    renamed: int
    off: list[str]
    seed: int
    policy: Policy
    actions: dict[str, str] = {}


def make_funnel(
    done: Iterable[WriteDone],
    sources: dict[str, Verdict],
    policy: Policy,
    seed: int,
    actions: dict[str, str],
) -> Funnel:
    """Add up what the parts tell; they come in their order, so examples are always the same."""
    counts: dict[str, dict[str, int]] = {}
    labels: dict[str, int] = {}
    examples: dict[str, list[Example]] = {}
    renamed = 0
    for part in done:
        renamed += part.renamed
        for family, fates in part.counts.items():
            mine = counts.setdefault(family, {})
            for fate, number in fates.items():
                mine[fate] = mine.get(fate, 0) + number
        for label, number in part.labels.items():
            labels[label] = labels.get(label, 0) + number
        for rule, shown in part.examples.items():
            held = examples.setdefault(rule, [])
            held.extend(shown[: _EXAMPLES - len(held)])
    found = {family: _fate(counts[family], sources.get(family)) for family in sorted(counts)}
    rows = sum(fate.rows for fate in found.values())
    steps, left = [], rows
    for rule in RULES:
        by_source = {
            family: fate.dropped[rule] for family, fate in found.items() if rule in fate.dropped
        }
        dropped = sum(by_source.values())
        left -= dropped
        if dropped:
            steps.append(Step(rule, dropped, left, by_source, examples.get(rule, [])))
    train = sum(fate.train for fate in found.values())
    held_back = sum(fate.eval for fate in found.values())
    return Funnel(
        rows=rows,
        kept=train + held_back,
        train=train,
        eval=held_back,
        steps=steps,
        sources=found,
        labels=dict(sorted(labels.items())),
        renamed=renamed,
        off=sorted(policy.clean.off),
        seed=seed,
        policy=policy,
        actions=actions,
    )


def _fate(counts: dict[str, int], verdict: Verdict | None) -> SourceFate:
    dropped = {rule: counts[rule] for rule in RULES if rule in counts}
    fate = SourceFate(
        rows=sum(counts.values()),
        train=counts.get("train", 0),
        eval=counts.get("eval", 0),
        dropped=dropped,
    )
    if verdict is None:
        return fate
    return msgspec.structs.replace(
        fate,
        distinct=round(verdict.distinct, 3),
        short=round(verdict.short, 3),
        judged=verdict.judged,
        action=verdict.action,
    )
