"""Opening a model, asking it, stopping it: the steps that the suite's tests are made of."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from g4tui.core import (
    Cancel,
    ErrorInfo,
    Failed,
    Finished,
    G4tuiError,
    Message,
    Params,
    ReasoningDelta,
    Request,
    TextDelta,
)
from g4tui.testing.checks import check_order
from g4tui.testing.subject import Answer, Opened, Subject, ask, opened

Result = TypeVar("Result")


async def stop_seconds(model: Opened, subject: Subject) -> float:
    """Stop an answer at its first words, from another thread; seconds until its end."""
    cancel = Cancel()
    asked: list[float] = []

    def stop() -> None:
        asked.append(monotonic())
        cancel.request()

    answer = Answer()
    request = request_of(subject, subject.longest_prompt, long_params(subject))
    async with aclosing(model.generate(request, cancel)) as events:
        async for event in events:
            answer.events.append(event)
            is_piece = isinstance(event, TextDelta | ReasoningDelta) and event.text
            if is_piece and not asked:
                thread = threading.Thread(target=stop)
                thread.start()
                thread.join()
    ended = monotonic()
    check_order(answer.events)
    assert answer.end == Finished("cancelled"), (
        f"a stopped answer ended with {answer.end!r}; was it too short? Change long_prompt, "
        "or set it to None where no answer is long"
    )
    assert answer.text + answer.thinking
    return ended - asked[0]


async def error_of(subject: Subject, folder: Path) -> ErrorInfo:
    """What comes of a model that cannot be had: at opening, or at the first request."""
    try:
        async with opened(subject, folder, subject.missing_model) as model:
            answer = await ask(model, request_of(subject))
    except G4tuiError as error:
        return error.info
    assert isinstance(answer.end, Failed), f"a model that is not there answered: {answer.end!r}"
    return answer.end.error


def request_of(
    subject: Subject, text: str | None = None, params: Params | None = None, *, times: int = 1
) -> Request:
    """One message, with few tokens to answer it."""
    short = subject.params.merged(Params(max_tokens=subject.params.max_tokens or 24))
    message = Message("user", " ".join([subject.prompt if text is None else text] * times))
    return Request((message,), params or short)


def long_params(subject: Subject) -> Params:
    """For an answer that is long enough to be stopped."""
    return subject.params.merged(Params(max_tokens=400))


def answer_of(subject: Subject, folder: Path) -> Answer:
    """The answer to the usual prompt, from a model opened for it alone."""
    request = request_of(subject)
    return with_model(subject, folder, lambda model: ask(model, request))


def with_model(
    subject: Subject, folder: Path, use: Callable[[Opened], Coroutine[Any, Any, Result]]
) -> Result:
    """Open the model, use it, close it, all on a loop of its own."""

    async def main() -> Result:
        async with opened(subject, folder) as model:
            return await use(model)

    return asyncio.run(main())
