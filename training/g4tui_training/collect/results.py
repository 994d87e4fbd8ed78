"""What a collection leaves: the run's pairs, and the list of what has no answer."""

from collections import Counter
from pathlib import Path

import msgspec

from g4tui_training.collect.journal import Journal
from g4tui_training.collect.questions import Asker
from g4tui_training.collect.records import Failure
from g4tui_training.lines import Broken
from g4tui_training.pairs import Prompt, read_rows, row_line
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


def write_published(prompts: Path, pairs: Path, failed: Path) -> Outcome:
    """Without a teacher: the published pairs."""
    return write_results(prompts, pairs, failed, None, None, "", "")


def write_results(
    prompts: Path,
    pairs: Path,
    failed: Path,
    asker: Asker | None,
    journal: Journal | None,
    teacher: str,
    terms: str,
) -> Outcome:
    """Write both files whole, in the order of prompts.jsonl.

    `teacher` and `terms` are said of every answer. Raises `G4tuiError` (`storage`).
    """
    outcome = Outcome()
    kinds: Counter[str] = Counter()
    with whole_file(pairs) as out, whole_file(failed) as failures:
        for row in read_rows(prompts, Prompt):
            if isinstance(row, Broken):
                outcome.unreadable += 1
                continue
            if (published := row.as_pair()) is not None:
                out.write(row_line(published))
                outcome.published += 1
                continue
            if asker is None or journal is None:
                outcome.unasked += 1
                continue
            key = asker.key(row)
            if (answer := journal.answer(key)) is not None:
                pair = row.answered(
                    answer.response,
                    teacher=teacher,
                    finish_reason=answer.finish_reason,
                    terms=terms,
                    created=answer.created,
                )
                out.write(row_line(pair))
                outcome.answered += 1
            elif (failure := journal.known.missed.get(key)) is not None:
                failures.write(row_line(_failed(row, failure)))
                outcome.failed += 1
                kinds[failure.kind] += 1
                outcome.examples.setdefault(failure.kind, f"{row.id}: {failure}")
            else:
                outcome.unasked += 1
    outcome.kinds = dict(kinds.most_common())
    return outcome


def _failed(row: Prompt, failure: Failure) -> FailedRow:
    error = failure.error
    return FailedRow(row.id, row.source, failure.kind, error.title, error.detail)
