"""Scoring models task by task into a file that a killed run goes on with."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from g4tui.core import Cancel
from g4tui.paths import Paths
from g4tui_training.evaluate.perplexity import TaskScore, score_task
from g4tui_training.evaluate.subjects import Subject, find_subject
from g4tui_training.evaluate.tasks import Task
from g4tui_training.lines import Line, read_lines
from g4tui_training.progress import Ticker
from g4tui_training.writing import disk_error, write_whole

if TYPE_CHECKING:
    from g4tui_training.evaluate.measured import Measured


class Scored(TaskScore, frozen=True, kw_only=True):
    """A line of per_task.jsonl. `digest` is of the model's files and of the tasks'."""

    model: str
    engine: str
    tokenizer: str
    templated: bool
    digest: str


class Journal:
    """per_task.jsonl: a line a task and model, appended to; what does not belong is left out."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lines: dict[tuple[str, str, str], Scored] = {}
        decoder = msgspec.json.Decoder(Scored)
        for line in read_lines(file) if file.is_file() else ():
            if not isinstance(line, Line):
                continue
            try:
                scored = decoder.decode(line.data)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue  # the line that a killed process was writing
            self._lines[scored.model, scored.digest, scored.task] = scored

    def found(self, model: str, digest: str, task: str) -> Scored | None:
        """What is known of a task."""
        return self._lines.get((model, digest, task))

    def keep(self, wanted: Iterable[tuple[str, str, str]]) -> None:
        """Write the file anew with these alone, in this order."""
        kept = [self._lines[key] for key in wanted if key in self._lines]
        write_whole(self._file, b"".join(map(_line, kept)))

    def add(self, scored: Scored) -> None:
        """Append."""
        try:
            with self._file.open("ab") as stream:
                stream.write(_line(scored))
        except OSError as error:
            raise disk_error(self._file, error) from error


def score_all(
    subjects: Sequence[Subject],
    tasks: Sequence[Task],
    journal_file: Path,
    *,
    folder: Path,
    paths: Paths,
    say: Callable[[str], None] = lambda line: None,
    cancel: Cancel | None = None,
) -> list[list[Scored]]:
    """The scores of each subject, in the order of the tasks.

    Every task is appended to the journal as soon as it is scored. Raises `G4tuiError` before any
    work where a model is not there, and `KeyboardInterrupt` when cancelled.
    """
    found = [find_subject(subject, folder, paths) for subject in subjects]
    asked = _tasks_digest(tasks)
    digests = [f"{each.digest[:16]}-{asked[:16]}" for each in found]
    journal = Journal(journal_file)
    journal.keep(
        (subject.name, digest, task.id)
        for subject, digest in zip(subjects, digests, strict=True)
        for task in tasks
    )
    results: list[list[Scored]] = []
    for subject, digest, place in zip(subjects, digests, found, strict=True):
        known = [journal.found(subject.name, digest, task.id) for task in tasks]
        done = {each.task: each for each in known if each is not None}
        left = [task for task in tasks if task.id not in done]
        if left:
            say(f"{subject.name}: {len(left)} of {len(tasks)} tasks to score")
            with closing(place.open(paths)) as model:
                for scored in _each(model, left, subject, digest, say, cancel):
                    journal.add(scored)
                    done[scored.task] = scored
        results.append([done[task.id] for task in tasks])
    return results


def _each(
    model: "Measured",
    tasks: Sequence[Task],
    subject: Subject,
    digest: str,
    say: Callable[[str], None],
    cancel: Cancel | None,
) -> Iterator[Scored]:
    ticker = Ticker(say)
    for number, task in enumerate(tasks):
        if cancel is not None and cancel.requested:
            raise KeyboardInterrupt
        yield _scored(model, task, subject, digest)
        ticker.tick(partial("{}: {} of {} tasks".format, subject.name, number + 1, len(tasks)))


def _scored(model: "Measured", task: Task, subject: Subject, digest: str) -> Scored:
    return Scored(
        **msgspec.structs.asdict(score_task(model, task)),
        model=subject.name,
        engine=model.engine,
        tokenizer=model.tokenizer,
        templated=model.templated,
        digest=digest,
    )


def _tasks_digest(tasks: Sequence[Task]) -> str:
    return hashlib.sha256(msgspec.json.encode(list(tasks))).hexdigest()


def _line(scored: Scored) -> bytes:
    return msgspec.json.encode(scored) + b"\n"
