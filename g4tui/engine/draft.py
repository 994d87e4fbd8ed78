"""An answer on its way to disk: collected as it streams, flushed a few times a second."""

import asyncio
import contextlib
import time

import msgspec

from g4tui.core import (
    ErrorInfo,
    Event,
    Failed,
    Finished,
    FinishReason,
    G4tuiError,
    Message,
    ReasoningDelta,
    Request,
    TextDelta,
    Usage,
)
from g4tui.engine.reasoning import ReasoningSplitter
from g4tui.engine.turn_events import ContextUsed, MemoryBegins
from g4tui.plugin import FinishedTurn
from g4tui.store import MessageRow, State, Store

# With these the text so far is worth going on from; other errors end an answer for good.
INTERRUPTIONS = {"crashed", "network", "timeout", "protocol", "server", "refused", "unsupported"}
BURST_S = 0.05
"""What comes within so short a time has no speed worth telling."""


class Prepared(msgspec.Struct, frozen=True):
    """A request ready to be sent, and what to tell of how it was cut to the context."""

    request: Request
    private: bool
    told: tuple[MemoryBegins | ContextUsed, ...]

    def finished_turn(self, answer: MessageRow) -> FinishedTurn:
        """What plugins are told once it is answered."""
        return FinishedTurn(
            model=answer.model,
            request=self.request,
            answer=answer.message,
            finish_reason=answer.finish_reason,
            usage=answer.usage,
            error=answer.error,
            private=self.private,
        )


class AnswerDraft:
    """Takes an engine's events, keeps what an answer has become, and saves it.

    At most `flush_s` seconds of text are ever unsaved while the library takes it; where it does not
    for a while (a lock, a full disk), the stream goes on and the next flush has it all. `broken` is
    the error of a session that is gone; `unsaved` tells that the end could not be saved either;
    `prepared` is what was asked, once that is known.
    """

    def __init__(self, store: Store, row: MessageRow, flush_s: float) -> None:
        self._store = store
        self._row = row
        self._flush_s = flush_s
        self._split = ReasoningSplitter(row.message.text, row.message.reasoning)
        self._usage: Usage | None = None
        self._reason: FinishReason | None = None
        self._error: ErrorInfo | None = None
        self._started = time.monotonic()
        self._first: float | None = None
        self._last = 0.0
        self._flushing: asyncio.Task[None] | None = None
        self._finishing = asyncio.Event()
        self.broken: ErrorInfo | None = None
        self.unsaved = False
        self.prepared: Prepared | None = None

    def take(self, event: Event) -> list[TextDelta | ReasoningDelta]:
        """Note an event; the deltas to show, thinking split off."""
        match event:
            case TextDelta(text):
                self._touch()
                return self._split.feed(text)
            case ReasoningDelta(text):
                self._touch()
                return [self._split.add_reasoning(text)]
            case Usage():
                self._usage = event
            case Finished(reason):
                self._reason = reason
            case Failed(error):
                self._error = error
        return []

    def fail(self, error: ErrorInfo) -> None:
        """The turn broke outside of the engine's stream."""
        self._error = error

    def end(self) -> list[TextDelta | ReasoningDelta]:
        """The last deltas, held back until now."""
        return self._split.end()

    async def finish(self) -> MessageRow:
        """Save the answer for good: as stopped, failed, interrupted or complete."""
        self._finishing.set()
        if self._flushing is not None:
            await asyncio.wait([self._flushing])
        try:
            return await asyncio.to_thread(self.finish_now)
        except G4tuiError as error:
            self.unsaved = error.info.kind == "storage"
            return self._shown(not_yet_saved(error.info) if self.unsaved else error.info)

    def finish_now(self) -> MessageRow:
        """As `finish`, but blocking, and raising the `G4tuiError` of the store."""
        return self._store.finish_answer(
            self._row.id,
            state=self._state(),
            text=self._split.text,
            reasoning=self._split.reasoning,
            usage=self._measured(),
            error=self._error,
            finish_reason=self._reason,
        )

    def _touch(self) -> None:
        self._last = time.monotonic()
        if self._first is None:
            self._first = self._last
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush_later())

    async def _flush_later(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._flush_s):
                await self._finishing.wait()
            return  # what is finished is saved whole
        try:
            await asyncio.to_thread(
                self._store.flush_answer, self._row.id, self._split.text, self._split.reasoning
            )
        except G4tuiError as error:
            if error.info.kind != "storage":
                self.broken = error.info

    def _state(self) -> State:
        if self._reason == "cancelled":
            return "stopped"
        if self._reason is not None:
            return "complete"
        if self._error is None:
            return "interrupted"
        has_text = bool(self._split.text or self._split.reasoning)
        return "interrupted" if has_text and self._error.kind in INTERRUPTIONS else "failed"

    def _measured(self) -> Usage | None:
        """The engine's numbers; where it took no times, those that were seen here."""
        usage, first = self._usage, self._first
        if usage is None or usage.ttft_s is not None or first is None:
            return usage
        rate, seconds = usage.tok_per_s, self._last - first
        if rate is None and seconds > BURST_S and usage.completion > 1:
            rate = (usage.completion - 1) / seconds
        return msgspec.structs.replace(usage, ttft_s=first - self._started, tok_per_s=rate)

    def _shown(self, error: ErrorInfo) -> MessageRow:
        """What to show when the library could not take it: the text is still on the screen."""
        return msgspec.structs.replace(
            self._row,
            message=Message("assistant", self._split.text, self._split.reasoning),
            state="failed",
            usage=self._measured(),
            error=error,
            finish_reason=self._reason,
        )


def not_yet_saved(error: ErrorInfo) -> ErrorInfo:
    """The library refuses the end of an answer, which is held until it does not."""
    return ErrorInfo(
        error.kind,
        "The end of this answer is not saved yet",
        f"{error.title}. {error.detail}",
        "It is kept here and saved once the library takes it: leave g4tui open until then.",
    )
