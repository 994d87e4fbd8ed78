"""The tasks of an evaluation: Self-Instruct's 252, or others of that shape."""

from pathlib import Path

import msgspec

from g4tui.core import G4tuiError
from g4tui_training.lines import Broken, read_lines


class Instance(msgspec.Struct, frozen=True):
    """What a task is asked with, and what a person answered."""

    input: str
    output: str


class Task(msgspec.Struct, frozen=True):
    """One task; only its first instance counts, as in the published figure."""

    id: str
    instruction: str
    instances: tuple[Instance, ...]

    @property
    def input(self) -> str:
        """May be blank."""
        return self.instances[0].input

    @property
    def output(self) -> str:
        """The answer to be predicted."""
        return self.instances[0].output

    @property
    def prompt(self) -> str:
        """What the model is asked, as one user message."""
        return f"{self.instruction}\n\n{self.input}" if self.input.strip() else self.instruction


def read_tasks(file: Path, limit: int = 0) -> list[Task]:
    """The tasks in the file's order, the first `limit` (0: all).

    Raises `G4tuiError` for a line that is no task.
    """
    tasks: list[Task] = []
    decoder = msgspec.json.Decoder(Task)
    for line in read_lines(file):
        if isinstance(line, Broken):
            raise _no_task(file, line.number, line.reason)
        try:
            task = decoder.decode(line.data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _no_task(file, line.number, str(error)) from error
        if not task.instances or not task.output:
            raise _no_task(file, line.number, "it has no answer")
        tasks.append(task)
    if not tasks:
        raise _no_task(file, 1, "the file is empty")
    if len({task.id for task in tasks}) < len(tasks):
        raise _no_task(file, len(tasks), "two tasks have one id")
    return tasks[: limit or None]


def _no_task(file: Path, number: int, reason: str) -> G4tuiError:
    return G4tuiError(
        "usage",
        f"{file.name} holds no tasks to evaluate with",
        f"{file}, line {number}: {reason}.",
        'A task is one line: {"id", "instruction", "instances": [{"input", "output"}]}.',
    )
