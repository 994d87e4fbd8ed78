"""Workers on the scripted native backend."""

from collections.abc import Mapping
from pathlib import Path

from g4tui.core import Cancel, Event, Failed, Message, ModelSpec, ReasoningDelta, Request, TextDelta
from g4tui.worker import HostConfig, Limits, Worker


def fake_worker(
    folder: Path,
    model: str = "any",
    *,
    name: str = "worker",
    backend: str = "fake",
    limits: Limits = Limits(),
    extra_env: Mapping[str, str] = {},
    **options: object,
) -> Worker:
    """Not started; cache and log lie in `folder`."""
    return Worker(
        backend,
        ModelSpec(backend, model),
        options,
        HostConfig(folder / "cache", (), 2),
        folder / "logs" / f"{name}.log",
        extra_env,
        module="support.fake_native",
        limits=limits,
    )


def asking(text: str) -> Request:
    """A request whose last message is `text`."""
    return Request((Message("user", text),))


async def answer(worker: Worker, text: str, cancel: Cancel | None = None) -> list[Event]:
    """All events of one answer."""
    return [event async for event in worker.generate(asking(text), cancel or Cancel())]


def text_of(events: list[Event]) -> str:
    """The answer, without the thinking."""
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def thinking_of(events: list[Event]) -> str:
    """The thinking."""
    return "".join(event.text for event in events if isinstance(event, ReasoningDelta))


def failure(events: list[Event]) -> Failed:
    """The terminal event, which must be a failure."""
    assert isinstance(events[-1], Failed), events[-1]
    return events[-1]
