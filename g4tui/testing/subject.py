"""What the conformance suite is run on, and how it gets at an engine wherever that lives."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import msgspec

from g4tui.core import (
    AsyncEngine,
    Backend,
    Cancel,
    ErrorInfo,
    Event,
    Failed,
    Finished,
    G4tuiError,
    Host,
    Message,
    ModelFile,
    ModelSpec,
    Params,
    ReasoningDelta,
    Request,
    TextDelta,
    Usage,
)
from g4tui.worker import HostConfig, Worker


@dataclass(frozen=True)
class Subject:
    """A backend with a model that the suite may use.

    `spec`: the model to open. `options`: the backend's `[backends.NAME]` table, its defaults when
    `None`. `module`: the plugin's module (the one with `g4tui_register_backends`); when empty, the
    top package that the backend's class is in. `missing`: a model that cannot be had, for the
    error's sake; when `None`, the same one under a wrong name. `model_files`, `threads` and
    `secrets` (key by server's name) become the backend's `Host`.

    `prompt` should get an answer of some words; `long_prompt` one that takes at least a second or
    so to say (`None` for a backend all of whose answers are short: a stop is then not tried).
    `params` should make answers repeat themselves (temperature 0, a seed).
    `heavy`: modules that may be imported only once a model is opened, beside the usual ones.
    """

    backend: Backend[Any]
    spec: ModelSpec
    options: msgspec.Struct | None = None
    module: str = ""
    missing: ModelSpec | None = None
    model_files: Sequence[ModelFile] = ()
    threads: int = 1
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    prompt: str = "Name three fruits and say a word about each."
    long_prompt: str | None = "Tell me a very long story about a fox, a river and a lighthouse."
    params: Params = field(default_factory=lambda: Params(temperature=0.0, seed=1))
    heavy: tuple[str, ...] = ()

    @property
    def plugin_module(self) -> str:
        """The module to import for this plugin."""
        return self.module or type(self.backend).__module__.partition(".")[0]

    @property
    def longest_prompt(self) -> str:
        """What gets the longest answer."""
        return self.prompt if self.long_prompt is None else self.long_prompt

    @property
    def settings(self) -> msgspec.Struct:
        """The backend's options."""
        if self.options is not None:
            return self.options
        defaults: msgspec.Struct = self.backend.options()
        return defaults

    @property
    def missing_model(self) -> ModelSpec:
        """A model that cannot be opened."""
        wrong = self.spec.model + "-which-nobody-has"
        return self.missing or msgspec.structs.replace(self.spec, model=wrong)

    def host(self, folder: Path) -> Host:
        """A host as an application would give it; `folder` is for its cache."""
        return Host(
            cache_dir=folder,
            model_files=self.model_files,
            threads=self.threads,
            secret=lambda name, origin: self.secrets.get(name),
        )


class Opened(Protocol):
    """An engine, as the application uses it."""

    @property
    def context(self) -> int:
        """In tokens."""

    def generate(self, request: Request, cancel: Cancel) -> AsyncGenerator[Event]:
        """The answer's events."""

    async def count_tokens(self, messages: Sequence[Message]) -> int:
        """How long a prompt is."""


class _OnLoop:
    """An `AsyncEngine` with the manners of a worker: what it raises becomes its last event."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    @property
    def context(self) -> int:
        return self.engine.context

    async def generate(self, request: Request, cancel: Cancel) -> AsyncGenerator[Event]:
        try:
            async for event in self.engine.generate(request, cancel):
                yield event
        except G4tuiError as error:
            yield Failed(error.info)

    async def count_tokens(self, messages: Sequence[Message]) -> int:
        return self.engine.count_tokens(messages)


@asynccontextmanager
async def opened(
    subject: Subject, folder: Path, spec: ModelSpec | None = None
) -> AsyncIterator[Opened]:
    """The model, opened where the application would: a worker process, or this loop."""
    backend, spec = subject.backend, spec or subject.spec
    folder.mkdir(parents=True, exist_ok=True)
    if backend.runs == "loop":
        engine = backend.open(spec, subject.settings, subject.host(folder))
        assert isinstance(engine, AsyncEngine), "a backend that runs on the loop opens AsyncEngines"
        try:
            yield _OnLoop(engine)
        finally:
            await engine.close()
        return
    worker = Worker(
        backend.name,
        spec,
        msgspec.to_builtins(subject.settings),
        HostConfig(folder, subject.model_files, subject.threads),
        folder / "worker.log",
        backend.environment(),
        module=subject.plugin_module,
    )
    await worker.start()
    try:
        yield worker
    finally:
        await worker.close()


@dataclass
class Answer:
    """All that came for one request."""

    events: list[Event] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The words."""
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))

    @property
    def thinking(self) -> str:
        """The words apart from the answer."""
        return "".join(event.text for event in self.events if isinstance(event, ReasoningDelta))

    @property
    def usage(self) -> Usage:
        """The count; there must be exactly one."""
        (usage,) = (event for event in self.events if isinstance(event, Usage))
        return usage

    @property
    def end(self) -> Finished | Failed:
        """How it ended."""
        last = self.events[-1]
        assert isinstance(last, Finished | Failed), f"the last event is {last!r}"
        return last

    @property
    def error(self) -> ErrorInfo:
        """Why it failed."""
        assert isinstance(self.end, Failed), f"it ended with {self.end!r}"
        return self.end.error


async def ask(
    model: Opened, request: Request, cancel: Cancel | None = None, *, limit_s: float = 120.0
) -> Answer:
    """One request to its end; `TimeoutError` when that takes longer than `limit_s`."""
    answer = Answer()
    async with asyncio.timeout(limit_s):
        async with aclosing(model.generate(request, cancel or Cancel())) as events:
            async for event in events:
                answer.events.append(event)
    return answer
