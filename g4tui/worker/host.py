"""A model in a child process, as the rest of the application sees it."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from g4tui.core import (
    Cancel,
    Event,
    Failed,
    Finished,
    G4tuiError,
    Message,
    ModelFile,
    ModelSpec,
    Progress,
    Request,
)
from g4tui.worker import process, protocol
from g4tui.worker.dialogue import Dialogue, Limits
from g4tui.worker.exits import WorkerExit, naming_log
from g4tui.worker.questions import Call, LoadCall, Stream

__all__ = ["HostConfig", "Limits", "Worker", "WorkerExit"]

EMBED_AT_ONCE = 64
"""Texts a message, so that one stays far below the limit of a line."""


@dataclass(frozen=True)
class HostConfig:
    """What the child's `Host` is made of."""

    cache_dir: Path
    model_files: Sequence[ModelFile] = ()
    threads: int = 1


class Worker:
    """One model in one process; for one event loop. After its end a new `Worker` is needed.

    Questions are answered one after another, in the order in which they come. `module`: where to
    find the backend, instead of its entry point.
    """

    def __init__(
        self,
        backend_name: str,
        spec: ModelSpec,
        options: Mapping[str, object],
        host: HostConfig,
        log_path: Path,
        extra_env: Mapping[str, str] = {},
        *,
        module: str | None = None,
        limits: Limits = Limits(),
    ) -> None:
        self.log_path = log_path
        self.context = 0
        self.can_continue = False
        self._backend_name = backend_name
        self._spec = spec
        self._options = dict(options)
        self._host = host
        self._extra_env = extra_env
        self._module = module
        self._loaded = False
        self._threads: int | None = None
        self._dialogue = Dialogue(log_path, limits)

    @property
    def pid(self) -> int | None:
        """The process, once it was started."""
        return self._dialogue.pid

    @property
    def alive(self) -> bool:
        """Whether it can be asked something."""
        return self._loaded and self._dialogue.open

    @property
    def exit(self) -> WorkerExit | None:
        """How the process ended, once it has."""
        return self._dialogue.exit

    @property
    def crashed(self) -> bool:
        """Whether the process ended, or is being ended, in a way that the model is to blame for."""
        return self._dialogue.crashed

    async def start(self, on_progress: Callable[[Progress], None] = lambda progress: None) -> None:
        """Start the process and load the model.

        Raises `G4tuiError`, and leaves no process then, nor when the waiting task is cancelled.
        """
        module_env = process.module_environment() if self._module else {}
        environment = process.environment({**module_env, **self._extra_env})
        try:
            await self._dialogue.start(environment)
            loaded = await self._load(on_progress)
        except BaseException:
            await self._dialogue.abort()
            raise
        self.context, self.can_continue = loaded.context, loaded.can_continue
        self._loaded = True

    async def generate(self, request: Request, cancel: Cancel) -> AsyncGenerator[Event]:
        """The answer's events; the last is `Finished` or `Failed`, and there is no other of these.

        Leaving the iteration early stops the generation.
        """
        if cancel.requested:
            yield Finished("cancelled")
            return
        stream = Stream(next(self._dialogue.numbers))
        ask = protocol.Generate(stream.number, request)
        try:
            begun = await self._dialogue.begin(stream, ask, cancel)
        except G4tuiError as error:
            yield Failed(error.info)
            return
        if not begun:
            yield Finished("cancelled")
            return
        try:
            while True:
                await stream.wait()
                events = stream.drain()
                self._dialogue.go_on_reading()
                for event in events:
                    if isinstance(event, Failed):
                        event = Failed(naming_log(event.error, self.log_path))
                    yield event
                    if isinstance(event, Finished | Failed):
                        return
        finally:
            self._dialogue.stop(stream)

    async def count_tokens(self, messages: Sequence[Message]) -> int:
        """How many tokens a prompt made of `messages` has. Raises `G4tuiError`, as all below."""
        ask = protocol.CountTokens(next(self._dialogue.numbers), tuple(messages))
        call = Call(ask.id, protocol.Counted, "counting tokens")
        return (await self._dialogue.call(call, ask)).count

    async def tokenize(self, text: str) -> list[int]:
        """The ids of `text`."""
        ask = protocol.Tokenize(next(self._dialogue.numbers), text)
        call = Call(ask.id, protocol.Tokenized, "tokenizing")
        return (await self._dialogue.call(call, ask)).ids

    async def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        """The ids of a prompt made of `messages`."""
        ask = protocol.PromptIds(next(self._dialogue.numbers), tuple(messages))
        call = Call(ask.id, protocol.Tokenized, "tokenizing")
        return (await self._dialogue.call(call, ask)).ids

    async def score(self, ids: Sequence[int], start: int) -> list[float]:
        """Natural log-probabilities of `ids[start:]`; some may be infinite or not a number."""
        ask = protocol.Score(next(self._dialogue.numbers), tuple(ids), start)
        call = Call(ask.id, protocol.Scored, "scoring")
        return [float(value) for value in (await self._dialogue.call(call, ask)).values]

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector a text."""
        vectors: list[list[float]] = []
        for start in range(0, len(texts), EMBED_AT_ONCE):
            some = tuple(texts[start : start + EMBED_AT_ONCE])
            ask = protocol.Embed(next(self._dialogue.numbers), some)
            call = Call(ask.id, protocol.Embedded, "embedding")
            vectors += (await self._dialogue.call(call, ask)).vectors
        return vectors

    async def idle(self) -> None:
        """Have the engine save its state now; it also does so by itself after a quiet moment."""
        ask = protocol.Idle(next(self._dialogue.numbers))
        await self._dialogue.call(Call(ask.id, protocol.Done, "saving"), ask)

    def use_threads(self, count: int | None) -> None:
        """At most so many from its next step on; `None`: as many as it was opened with."""
        if self.alive and count != self._threads:
            self._threads = count
            self._dialogue.tell(protocol.UseThreads(count))

    async def close(self) -> None:
        """Stop what it does, let it save its state, and end the process, by force if need be."""
        await self._dialogue.close()

    async def _load(self, on_progress: Callable[[Progress], None]) -> protocol.Loaded:
        call = LoadCall(next(self._dialogue.numbers), on_progress)
        ask = protocol.Load(
            call.number,
            self._backend_name,
            self._spec,
            self._options,
            str(self._host.cache_dir),
            tuple(self._host.model_files),
            self._host.threads,
            self._module,
        )
        return await self._dialogue.call(call, ask)
