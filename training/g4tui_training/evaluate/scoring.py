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
    """per_task.jsonl: a line a task and model, appended to.

    What `others` hold (journals of the same shape) is not scored again.
    """

    def __init__(self, file: Path, others: Sequence[Path] = ()) -> None:
        self._file = file
        self._lines: dict[tuple[str, str], Scored] = {}
        for each in (*others, file):
            self._lines |= {(scored.digest, scored.task): scored for scored in read_scores(each)}

    def found(self, model: str, digest: str, task: str) -> Scored | None:
        """What is known of a task."""
        scored = self._lines.get((digest, task))
        return scored and msgspec.structs.replace(scored, model=model)

    def begin(self, scored: Iterable[Scored] | None = None) -> None:
        """Write the file anew with these alone; without them, with all that is known.

        So no line that a kill cut stands before the next one.
        """
        lines = self._lines.values() if scored is None else scored
        write_whole(self._file, b"".join(map(_line, lines)))

    def add(self, scored: Scored) -> None:
        """Append."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("ab") as stream:
                stream.write(_line(scored))
        except OSError as error:
            raise disk_error(self._file, error) from error


def read_scores(file: Path) -> list[Scored]:
    """The lines of a journal; nothing where there is none."""
    decoder = msgspec.json.Decoder(Scored)
    found = []
    for line in read_lines(file) if file.is_file() else ():
        if isinstance(line, Line):
            try:
                found.append(decoder.decode(line.data))
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue  # the line that a killed process was writing
    return found


def score_all(
    subjects: Sequence[Subject],
    tasks: Sequence[Task],
    journal_file: Path,
    *,
    folder: Path,
    paths: Paths,
    others: Sequence[Path] = (),
    keep: bool = False,
    say: Callable[[str], None] = lambda line: None,
    cancel: Cancel | None = None,
) -> list[list[Scored]]:
    """The scores of each subject, in the order of the tasks.

    `others` are journals whose scores count too; with `keep` what the journal has of other models
    stays in it. Every task is appended to the journal as soon as it is scored. Raises `G4tuiError`
    before any work where a model is not there, and `KeyboardInterrupt` when cancelled.
    """
    found = [find_subject(subject, folder, paths) for subject in subjects]
    asked = _tasks_digest(tasks)
    digests = [f"{each.digest[:16]}-{asked[:16]}" for each in found]
    journal = Journal(journal_file, others)
    known = [
        [journal.found(subject.name, digest, task.id) for task in tasks]
        for subject, digest in zip(subjects, digests, strict=True)
    ]
    asked_for = (each for some in known for each in some if each is not None)
    journal.begin(None if keep else asked_for)
    results: list[list[Scored]] = []
    for subject, digest, place, some in zip(subjects, digests, found, known, strict=True):
        done = {each.task: each for each in some if each is not None}
        left = [task for task in tasks if task.id not in done]
        if left:
            say(f"{subject.name}: {len(left)} of {len(tasks)} tasks to score")
            with closing(place.open(paths)) as model:
                for scored in _each(model, left, subject, digest, say, cancel):
                    journal.add(scored)
                    done[scored.task] = scored
        results.append([done[task.id] for task in tasks])
    if not keep:
        journal.begin(each for some in results for each in some)
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
