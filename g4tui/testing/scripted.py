"""A backend that says what it was told to: for tests of engines, screens and plugins."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import msgspec

from g4tui.core import (
    AsyncEngine,
    Backend,
    Cancel,
    Event,
    Finished,
    Host,
    Message,
    ModelInfo,
    ModelSpec,
    NoOptions,
    Request,
    TextDelta,
    Usage,
)

Script = str | Sequence[Event] | Callable[[Request], Sequence[Event]]


class ScriptedEngine(AsyncEngine):
    """Plays its backend's scripts, one a request, the last one for ever."""

    can_continue = True

    def __init__(self, backend: "ScriptedBackend") -> None:
        self._backend = backend
        self.context = backend.context

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """One token a word, so that a test can count."""
        return sum(len(message.text.split()) for message in messages)

    def tokenize(self, text: str) -> list[int]:
        """One id a word."""
        return [len(word) for word in text.split()]

    async def generate(self, request: Request, cancel: Cancel) -> AsyncIterator[Event]:
        """The next script's events, `delay_s` apart."""
        backend = self._backend
        backend.requests.append(request)
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        cancel.on_request(lambda: loop.call_soon_threadsafe(stopped.set))
        for event in backend.next_events(request, self.count_tokens(request.messages)):
            if backend.delay_s and isinstance(event, TextDelta):
                await _wait(stopped, backend.delay_s)
            if backend.gate is not None:
                await backend.gate.wait()
            if cancel.requested:
                yield Finished("cancelled")
                return
            yield event

    async def close(self) -> None:
        """Remembered, so that a test can see it."""
        self._backend.closed += 1


class ScriptedBackend(Backend[NoOptions]):
    """`answers` are texts (streamed word by word) or whole lists of events.

    `delay_s`: seconds before each piece. `gate`: an event that holds the stream until it is set.
    `requests` collects what was asked; `sent_to` is what `destination` says.
    """

    name = "scripted"
    runs = "loop"
    options = NoOptions

    def __init__(
        self,
        answers: Sequence[Script] = ("Hello there, friend.",),
        *,
        models: Sequence[str] = ("parrot",),
        context: int = 2048,
        delay_s: float = 0.0,
        sent_to: str = "",
    ) -> None:
        self.answers = list(answers)
        self.names = list(models)
        self.context = context
        self.delay_s = delay_s
        self.sent_to = sent_to
        self.gate: asyncio.Event | None = None
        self.requests: list[Request] = []
        self.closed = 0
        self._played = 0

    def models(self, host: Host, options: NoOptions) -> list[ModelInfo]:
        """The names that it was given."""
        return [
            ModelInfo(
                id=f"{self.name}:{name}",
                backend=self.name,
                title=name,
                size_bytes=1_000_000,
                context=self.context,
                local=not self.sent_to,
                licence="MIT",
                ram_bytes=2_000_000,
            )
            for name in self.names
        ]

    def open(self, spec: ModelSpec, options: NoOptions, host: Host) -> AsyncEngine:
        """Always ready."""
        return ScriptedEngine(self)

    def destination(self, spec: ModelSpec, options: NoOptions) -> str:
        """As it was told."""
        return self.sent_to

    def next_events(self, request: Request, prompt_tokens: int) -> Sequence[Event]:
        """What to play for this request."""
        script = self.answers[min(self._played, len(self.answers) - 1)]
        self._played += 1
        if callable(script):
            return script(request)
        if not isinstance(script, str):
            return script
        pieces = script.split(" ")
        words = [piece + " " for piece in pieces[:-1]] + pieces[-1:]
        usage = Usage(prompt=prompt_tokens, completion=len(words), ttft_s=0.08, tok_per_s=41.0)
        usage = msgspec.structs.replace(usage, cost_usd=None if self.sent_to else 0.0)
        return [*(TextDelta(word) for word in words), usage, Finished("stop")]


async def _wait(stopped: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopped.wait(), seconds)
    except TimeoutError:
        return
