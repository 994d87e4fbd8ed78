"""Questions on their way: a call has one reply, a stream has events."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from g4tui.core import (
    ErrorInfo,
    Event,
    Failed,
    Finished,
    G4tuiError,
    Progress,
    ReasoningDelta,
    TextDelta,
)
from g4tui.worker import protocol

HIGH_BYTES = 1 << 20
EVENT_BYTES = 64

ReplyType = TypeVar("ReplyType", bound=protocol.Reply)


class Call(Generic[ReplyType]):
    """A question with one reply; `doing` says in words what the child is doing."""

    def __init__(self, number: int, expected: type[ReplyType], doing: str) -> None:
        self.number = number
        self.doing = doing
        self.reply: asyncio.Future[ReplyType] = asyncio.get_running_loop().create_future()
        self._expected = expected

    def take(self, reply: protocol.Reply) -> bool:
        """Take what the child says; returns whether that was all."""
        if isinstance(reply, protocol.Refused):
            self.fail(reply.error)
        elif not isinstance(reply, self._expected):
            raise protocol.MalformedError(f"{type(reply).__name__} is no answer to {self.doing}")
        elif not self.reply.done():
            self.reply.set_result(reply)
        return True

    def fail(self, error: ErrorInfo) -> None:
        """There will be no reply."""
        if not self.reply.done():
            self.reply.set_exception(G4tuiError.of(error))


class LoadCall(Call[protocol.Loaded]):
    """The load, which tells how far it is."""

    def __init__(self, number: int, on_progress: Callable[[Progress], None]) -> None:
        super().__init__(number, protocol.Loaded, "loading")
        self._on_progress = on_progress

    def take(self, reply: protocol.Reply) -> bool:
        if not isinstance(reply, protocol.Loading):
            return super().take(reply)
        part = min(1000, max(0, reply.done * 1000 // max(reply.total, 1)))
        self._on_progress(Progress("load", part, 1000))
        return False


class Stream:
    """An answer's events that came and were not taken yet.

    What waits is joined: text with text, and only the newest progress is kept, so that a consumer
    that is late is not later for it. `backlog` is bytes, more or less.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.doing = "answering"
        self.over = False
        self.backlog = 0
        self._parts: list[str] = []
        self._kind: type[TextDelta] | type[ReasoningDelta] = TextDelta
        self._ready: deque[Event] = deque()
        self._waiter: asyncio.Future[None] | None = None

    def take(self, reply: protocol.Reply) -> bool:
        """Take what the child says; returns whether that was all."""
        if isinstance(reply, protocol.Refused):
            self.end(Failed(reply.error))
        elif isinstance(reply, protocol.Streamed):
            self._put(reply.event)
        else:
            raise protocol.MalformedError(f"{type(reply).__name__} is no part of an answer")
        return self.over

    def fail(self, error: ErrorInfo) -> None:
        """There will be no more."""
        self.end(Failed(error))

    def end(self, event: Finished | Failed) -> None:
        """End with `event`, unless it has ended."""
        if not self.over:
            self._put(event)

    def drain(self) -> list[Event]:
        """Everything that waits."""
        self._join()
        events = list(self._ready)
        self._ready.clear()
        self.backlog = 0
        return events

    async def wait(self) -> None:
        """Until there is something to drain."""
        if self._ready or self._parts:
            return
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _put(self, event: Event) -> None:
        if isinstance(event, TextDelta | ReasoningDelta):
            if type(event) is not self._kind:
                self._join()
                self._kind = type(event)
            if event.text:
                self._parts.append(event.text)
                self.backlog += len(event.text)
        else:
            self._join()
            if isinstance(event, Progress) and self._ready:
                last = self._ready[-1]
                if isinstance(last, Progress) and last.phase == event.phase:
                    self._ready.pop()
            self._ready.append(event)
            self.backlog += EVENT_BYTES
            self.over = isinstance(event, Finished | Failed)
        if (self._ready or self._parts) and self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    def _join(self) -> None:
        if self._parts:
            self._ready.append(self._kind("".join(self._parts)))
            self._parts = []
