"""An opened model: one interface over a worker process and over an engine on this loop."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from g4tui.core import (
    AsyncEngine,
    Batches,
    Cancel,
    ErrorInfo,
    Event,
    Failed,
    Finished,
    G4tuiError,
    Message,
    Request,
)
from g4tui.plugin.loading import describe

# A stopped stream that goes on longer than this is ended from outside.
STOP_GRACE_S = 0.1


class OpenedModel(Protocol):
    """What the engine needs of a loaded model; `g4tui.worker.Worker` is one.

    `generate` always ends with `Finished` or `Failed`; `alive` is false once it can answer no more,
    `crashed` is true when its own end was the reason.
    """

    @property
    def context(self) -> int: ...  # tokens of a prompt and its answer together
    @property
    def can_continue(self) -> bool: ...
    @property
    def alive(self) -> bool: ...
    @property
    def crashed(self) -> bool: ...

    def generate(self, request: Request, cancel: Cancel) -> AsyncGenerator[Event]: ...
    async def count_tokens(self, messages: Sequence[Message]) -> int: ...
    async def tokenize(self, text: str) -> list[int]: ...
    async def embed(self, texts: Sequence[str]) -> list[list[float]]: ...
    def use_threads(self, count: int | None) -> None: ...
    async def close(self) -> None: ...


class LoopModel:
    """An `AsyncEngine` on this loop, guarded: whatever it does, a stream ends as promised."""

    alive = True
    crashed = False

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @property
    def context(self) -> int:
        """Tokens that a prompt and its answer may have together."""
        return self._engine.context

    @property
    def can_continue(self) -> bool:
        """Whether a partial answer can be gone on with."""
        return self._engine.can_continue

    async def count_tokens(self, messages: Sequence[Message]) -> int:
        """Tokens of a prompt; an estimate where the server has no tokenizer to ask."""
        return self._engine.count_tokens(messages)

    async def tokenize(self, text: str) -> list[int]:
        """Ids of a text."""
        return self._engine.tokenize(text)

    def use_threads(self, count: int | None) -> None:
        """Nothing: it computes elsewhere."""

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector a text."""
        return self._engine.embed(texts)

    def batches(self) -> Batches:
        """The engine's, for asking many at once. Raises `G4tuiError`."""
        return self._engine.batches()

    async def close(self) -> None:
        """Close the engine's connections."""
        await self._engine.close()

    async def generate(self, request: Request, cancel: Cancel) -> AsyncGenerator[Event]:
        """The engine's events up to the first terminal one, which is made up where it lacks."""
        events: asyncio.Queue[Event] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._pump(request, cancel, events))

        def stop_soon() -> None:
            loop.call_later(STOP_GRACE_S, task.cancel)

        cancel.on_request(lambda: loop.call_soon_threadsafe(stop_soon))
        try:
            while True:
                event = await events.get()
                yield event
                if isinstance(event, Finished | Failed):
                    return
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _pump(self, request: Request, cancel: Cancel, events: asyncio.Queue[Event]) -> None:
        stream = self._engine.generate(request, cancel)
        try:
            async for event in stream:
                events.put_nowait(event)
                if isinstance(event, Finished | Failed):
                    return
            events.put_nowait(Failed(_no_end()))
        except asyncio.CancelledError:
            events.put_nowait(Finished("cancelled"))
            raise
        except G4tuiError as error:
            events.put_nowait(Failed(error.info))
        except Exception as error:  # noqa: BLE001  (a plugin may raise anything)
            events.put_nowait(Failed(unexplained(error)))
        finally:
            if isinstance(stream, AsyncGenerator):
                await stream.aclose()


def unexplained(error: BaseException) -> ErrorInfo:
    """An exception that no plugin should have let out."""
    return ErrorInfo(
        "plugin",
        "The backend failed in a way it does not explain",
        describe(error),
        "Run with --debug for the details, and tell the plugin's author.",
    )


def _no_end() -> ErrorInfo:
    return ErrorInfo(
        "plugin",
        "The answer ended without saying why",
        "The backend's stream stopped without Finished or Failed.",
        "Ask again; if it stays so, tell the plugin's author.",
    )
