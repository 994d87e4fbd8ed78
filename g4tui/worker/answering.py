"""An engine's stream made to keep its promises: valid events, then exactly one terminal event."""

import sys
import time
import traceback
from collections.abc import Iterator

import msgspec

from g4tui.core import (
    Cancel,
    Engine,
    ErrorInfo,
    Event,
    Failed,
    Finished,
    G4tuiError,
    Progress,
    ReasoningDelta,
    Request,
    TextDelta,
)

CANCEL_GRACE_S = 0.05
TELL_AUTHOR = "Try again; if it happens again, tell the backend's author."


def answer(engine: Engine, request: Request, cancel: Cancel) -> Iterator[Event]:
    """The events of one generation, whatever the engine does.

    An engine that does not look at `cancel` is ended at its next piece of text.
    """
    if cancel.requested:
        yield Finished("cancelled")
        return
    asked: list[float] = []
    cancel.on_request(lambda: asked.append(time.monotonic()))
    stream: Iterator[Event] = iter(())
    try:
        stream = iter(engine.generate(request, cancel))
        for event in stream:
            if asked and _deaf(event, asked[0]):
                yield Finished("cancelled")
                return
            yield valid(event)
            if isinstance(event, Finished | Failed):
                return
        yield Finished("cancelled") if asked else Failed(_NO_END)
    except GeneratorExit:
        raise
    except BaseException as error:  # noqa: BLE001 - a plugin may raise anything
        yield Failed(explained(error))
    finally:
        _let_go(stream)


def valid(event: Event) -> Event:
    """`event` as the host will read it; raises `G4tuiError` for what is none."""
    if isinstance(event, TextDelta | ReasoningDelta) and isinstance(event.text, str):
        return event  # the hot path: one a token
    try:
        whole: Event = msgspec.convert(msgspec.to_builtins(event, builtin_types=(bytes,)), Event)
    except (msgspec.ValidationError, TypeError) as error:
        raise G4tuiError(
            "plugin",
            "The backend sent an event that is none",
            f"{type(event).__name__}: {error}",
            TELL_AUTHOR,
        ) from error
    return whole


def explained(error: BaseException) -> ErrorInfo:
    """What a person should read of an exception; its traceback goes to the log."""
    if isinstance(error, G4tuiError):
        return error.info
    traceback.print_exception(error, file=sys.stderr)
    text = " ".join(str(error).split())[:500]
    detail = f"{type(error).__name__}: {text}" if text else type(error).__name__
    if isinstance(error, MemoryError):
        return ErrorInfo(
            "memory",
            "There is not enough memory for this",
            detail,
            "Close other programs, or choose a smaller model or context.",
        )
    return ErrorInfo("plugin", "The backend failed", detail, TELL_AUTHOR)


def _deaf(event: Event, asked: float) -> bool:
    """Whether an engine goes on answering well after it was asked to stop."""
    going_on = isinstance(event, TextDelta | ReasoningDelta | Progress)
    return going_on and time.monotonic() - asked > CANCEL_GRACE_S


def _let_go(stream: Iterator[Event]) -> None:
    close = getattr(stream, "close", None)
    if close is None:
        return
    try:
        close()
    except BaseException as error:  # noqa: BLE001 - its answer has ended: for the log alone
        traceback.print_exception(error, file=sys.stderr)


_NO_END = ErrorInfo(
    "plugin",
    "The answer ended without saying why",
    "The backend's stream stopped without Finished or Failed.",
    TELL_AUTHOR,
)
