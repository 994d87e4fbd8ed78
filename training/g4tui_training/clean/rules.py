"""The rules on single rows, in their order. The first that finds something names the row.

A rule is a pure function over a batch of rows: it gives evidence for each, "" where a row is fine.
It names no engine, keeps nothing between batches, and can run anywhere.
"""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import msgspec

from g4tui_training.clean.contamination import Tasks
from g4tui_training.clean.damage import cut_off, echo, empty, malformed, too_long
from g4tui_training.clean.language import guess
from g4tui_training.clean.refusals import RefusalPhrases
from g4tui_training.clean.rows import Row
from g4tui_training.licences import is_permissive
from g4tui_training.recipe import Clean

Evidence = str
Rule = Callable[[Sequence[Row]], Sequence[Evidence]]


class Policy(msgspec.Struct, frozen=True):
    """What decides about single rows.

    `tasks` are files, `dropped` maps ids to a reason; `held` are sources held back whole.
    """

    clean: Clean = Clean()
    permissive: bool = False
    allow_terms: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    dropped: dict[str, str] = {}
    held: tuple[str, ...] = ()


def row_rules(policy: Policy) -> dict[str, Rule]:
    """The rules that a policy asks for, by name, in their order."""
    clean = policy.clean
    rules: dict[str, Rule] = {"empty": each(empty)}
    if policy.permissive:
        rules["licence"] = each(lambda row: _licence(row, policy.allow_terms))
    rules["malformed"] = each(malformed)
    rules["too_long"] = each(lambda row: too_long(row, clean.too_long))
    refusals = RefusalPhrases(clean.refusal.extra, clean.refusal.head_chars)
    rules["refusal"] = each(lambda row: _refusal(row, refusals))
    rules["cut_off"] = each(cut_off)
    rules["echo"] = each(echo)
    if clean.language.keep:
        rules["language"] = each(lambda row: _language(row, clean.language.keep))
    if policy.tasks and "contamination" not in clean.off:
        limits = clean.contamination
        files = [Path(file) for file in policy.tasks]
        tasks = Tasks(files, limits.prompt_words, limits.answer_words)
        rules["contamination"] = each(lambda row: tasks.evidence(row.prompt, row.response))
    if policy.dropped:
        rules["dropped"] = each(lambda row: policy.dropped.get(row.pair.id, ""))
    return {name: rule for name, rule in rules.items() if name not in clean.off}


def each(check: Callable[[Row], Evidence]) -> Rule:
    """A rule on batches from one on a row."""
    return lambda rows: [check(row) for row in rows]


def judged(rows: Sequence[Row], rules: dict[str, Rule]) -> list[tuple[str, Evidence]]:
    """For each row the first rule that fires, and its evidence; ("", "") where none does."""
    verdicts = [("", "")] * len(rows)
    alive = list(range(len(rows)))
    for name, rule in rules.items():
        for at, evidence in zip(alive, rule([rows[at] for at in alive]), strict=True):
            if evidence:
                verdicts[at] = (name, evidence)
        alive = [at for at in alive if not verdicts[at][0]]
    return verdicts


def _licence(row: Row, allowed: Collection[str]) -> Evidence:
    if not is_permissive(row.pair.licence):
        return f"licence {row.pair.licence or 'unknown'}"
    terms = row.pair.terms
    return f"terms {terms}" if terms and terms not in allowed else ""


def _refusal(row: Row, phrases: RefusalPhrases) -> Evidence:
    stance, phrase = phrases.stance(row.response)
    if stance == "hedged":
        row.labels.append("hedged")
    return phrase if stance == "refuses" else ""


def _language(row: Row, keep: Collection[str]) -> Evidence:
    found = guess(row.response) or guess(row.prompt)
    return f"reads as {found}" if found and found not in keep else ""
