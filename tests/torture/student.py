"""The scripted native backend of the campaign: `paced 300 ...` answers w0 to w299, in step.

What `support.fake_native` can do wrong it does here too, by the first word of the question.
"""

import time
from collections.abc import Iterator, Sequence

from g4tui.core import (
    Cancel,
    Event,
    Finished,
    Host,
    Message,
    ModelInfo,
    ModelSpec,
    Request,
    TextDelta,
    Usage,
)
from support.fake_native import ANSWERS, FakeBackend, FakeEngine, FakeOptions

STEP_S = 0.005
PLUGIN = """
from g4tui.plugin import hookimpl

G4TUI_API = 1


@hookimpl
def g4tui_register_backends():
    from torture.student import Student

    return [Student()]
"""
"""The source of the plugin that makes it an installed backend."""


def count_of(text: str) -> int:
    """How many words a question asks for."""
    _, _, rest = text.partition(" ")
    number = rest.split(" ", 1)[0]
    return int(number) if number.isdigit() else 0


def story(count: int) -> str:
    """The whole answer to `paced COUNT`."""
    return "".join(f"w{number} " for number in range(count))


def paced(engine: FakeEngine, request: Request, cancel: Cancel, count: int) -> Iterator[Event]:
    """`count` words, one each `STEP_S`."""
    for number in range(count):
        if cancel.requested:
            yield Finished("cancelled")
            return
        yield TextDelta(f"w{number} ")
        time.sleep(STEP_S)
    yield Usage(prompt=1, completion=count)
    yield Finished("stop")


class StudentEngine(FakeEngine):
    """Takes long questions."""

    def __init__(self, spec: ModelSpec, options: FakeOptions, host: Host) -> None:
        super().__init__(spec, options, host)
        self.context = 4_000_000

    def generate(self, request: Request, cancel: Cancel) -> Iterator[Event]:
        text = request.messages[-1].text
        answer = ANSWERS.get(text.partition(" ")[0], paced)
        return answer(self, request, cancel, count_of(text))

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content.split()) for message in messages)


class Student(FakeBackend):
    """Loads at once."""

    name = "student"

    def models(self, host: Host, options: FakeOptions) -> list[ModelInfo]:
        return [ModelInfo("student:any", "student", "A scripted student", context=4_000_000)]

    def open(self, spec: ModelSpec, options: FakeOptions, host: Host) -> StudentEngine:
        return StudentEngine(spec, options, host)
