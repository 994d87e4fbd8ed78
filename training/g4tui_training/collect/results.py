"""What a collection leaves: the run's pairs, and the list of what has no answer."""

from collections import Counter
from collections.abc import Callable

import msgspec

from g4tui_training.collect.records import Failure
from g4tui_training.lines import Broken
from g4tui_training.pairs import Pair, Prompt, read_rows, row_line
from g4tui_training.run import RunDir
from g4tui_training.writing import whole_file


class FailedRow(msgspec.Struct, frozen=True):
    """A line of failed.jsonl."""

    id: str
    source: str
    kind: str
    title: str
    detail: str


class Outcome(msgspec.Struct):
    """Counts of rows of prompts.jsonl; `kinds` and `examples` are of those that failed."""

    published: int = 0
    answered: int = 0
    failed: int = 0
    unasked: int = 0
    unreadable: int = 0
    kinds: dict[str, int] = {}
    examples: dict[str, str] = {}


def write_results(run: RunDir, result: Callable[[Prompt], Pair | Failure | None]) -> Outcome:
    """Write pairs.jsonl and failed.jsonl whole, in the order of prompts.jsonl.

    `result`: what came of a prompt without a published answer; `None` if it was not asked. Raises
    `G4tuiError` (`storage`).
    """
    outcome = Outcome()
    kinds: Counter[str] = Counter()
    with whole_file(run.pairs) as pairs, whole_file(run.failed) as failures:
        for row in read_rows(run.prompts, Prompt):
            if isinstance(row, Broken):
                outcome.unreadable += 1
                continue
            if (published := row.as_pair()) is not None:
                pairs.write(row_line(published))
                outcome.published += 1
                continue
            found = result(row)
            if isinstance(found, Pair):
                pairs.write(row_line(found))
                outcome.answered += 1
            elif found is not None:
                failures.write(row_line(_failed(row, found)))
                outcome.failed += 1
                kinds[found.kind] += 1
                outcome.examples.setdefault(found.kind, f"{row.id}: {found}")
            else:
                outcome.unasked += 1
    outcome.kinds = dict(kinds.most_common())
    return outcome


def _failed(row: Prompt, failure: Failure) -> FailedRow:
    error = failure.error
    return FailedRow(row.id, row.source, failure.kind, error.title, error.detail)
