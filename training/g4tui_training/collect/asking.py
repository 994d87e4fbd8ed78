"""Asking with many requests in flight, each try of which is in the journal before it goes out."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field

from g4tui.core import (
    Cancel,
    ErrorInfo,
    Event,
    Failed,
    Finished,
    FinishReason,
    Request,
    TextDelta,
    Usage,
)
from g4tui_training.collect.budget import Budget, Rates, Share
from g4tui_training.collect.journal import Journal
from g4tui_training.collect.pace import Pace
from g4tui_training.collect.questions import Question
from g4tui_training.collect.records import Answered, Asked, Failure, Missed
from g4tui_training.collect.tally import Tally

Generate = Callable[[Request, Cancel], AsyncGenerator[Event]]

# Another try of the same question may succeed.
PASSING = frozenset({"rate_limit", "network", "timeout", "server", "protocol", "crashed"})
# No question can succeed until a person did something.
HOPELESS = frozenset(
    {
        "auth",
        "quota",
        "missing",
        "config",
        "usage",
        "plugin",
        "quarantined",
        "unsupported",
        "memory",
    }
)
# The server refused before it worked: such a try is not paid.
UNPAID = HOPELESS | {"rate_limit", "server", "refused", "context"}
FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 60.0
# A server that wants a longer pause than this has no room for us today.
LONGEST_ASKED_S = 600.0
# So many questions one after another without a single answer: the teacher is gone.
GONE_AFTER = 16
# An answer that would make a line too long to be read again.
MOST_TEXT = 2_000_000


@dataclass
class Heard:
    """What came of one try."""

    text: str = ""
    finish: FinishReason = "stop"
    usage: Usage | None = None
    error: ErrorInfo | None = None


@dataclass
class Asking:
    """One run over some questions. `stop` lets those in flight end, `break_off` does not.

    `concurrency`: requests in flight; `retries`: of one question. `ended` tells why not all were
    asked: `budget`, `stopped`, or the error that no further question could escape.
    """

    generate: Generate
    journal: Journal
    budget: Budget
    pace: Pace
    rates: Rates
    tally: Tally
    concurrency: int
    retries: int
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    ended: str | ErrorInfo = ""
    _lanes: dict[asyncio.Task[None], bool] = field(default_factory=dict)
    _fruitless: int = 0

    async def run(self, questions: Iterator[Question]) -> None:
        """Ask all of them. Raises `G4tuiError` where the journal's disk refuses."""
        lanes = [asyncio.create_task(self._lane(questions)) for _ in range(self.concurrency)]
        self._lanes = dict.fromkeys(lanes, False)
        if self.ended:
            self.break_off()
        try:
            await asyncio.wait(lanes, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            self.break_off()
            await asyncio.wait(lanes)
        for lane in lanes:
            if not lane.cancelled() and (error := lane.exception()) is not None:
                raise error

    def stop(self, why: str | ErrorInfo = "stopped") -> None:
        """Ask nothing more; what is in flight may end."""
        self.ended = self.ended or why
        for lane, in_flight in self._lanes.items():
            if not in_flight and lane is not asyncio.current_task():
                lane.cancel()

    def break_off(self) -> None:
        """End at once: what is in flight will be asked again."""
        for lane in self._lanes:
            lane.cancel()

    async def _lane(self, questions: Iterator[Question]) -> None:
        for question in questions:
            await self._ask(question)
            if self.ended:
                return

    async def _ask(self, question: Question) -> None:
        most = self.rates.most(question.texts)
        for attempt in range(self.retries + 1):
            share = await self.budget.wait(most)
            if share is None:
                self.stop("budget")
                return
            try:
                await self.pace.take(share.tokens)
            except asyncio.CancelledError:
                await self.budget.settle(share, 0.0, 0)
                raise
            failure = await self._try(question, share)
            if failure is None:
                return
            again = failure.kind in PASSING and attempt < self.retries and not self.ended
            if not again or (failure.error.retry_after_s or 0.0) > LONGEST_ASKED_S:
                self._give_up(failure)
                return
            self.tally.retries += 1
            await self._pause(attempt, failure.error)

    async def _try(self, question: Question, share: Share) -> Failure | None:
        """One request; why there is no answer, if there is none."""
        task = asyncio.current_task()
        assert task is not None
        self.journal.append(Asked(question.key, share.usd, share.tokens))
        began = time.monotonic()
        self._lanes[task] = True
        self.tally.in_flight += 1
        try:
            heard = await self._hear(question.request)
        finally:
            self.tally.in_flight -= 1
            self._lanes[task] = False
        seconds = time.monotonic() - began
        failure = _failure(heard)
        usd, tokens = self._took(heard, share)
        if failure is None:
            usage = heard.usage or Usage(completion=tokens)
            self.journal.append(
                Answered(
                    key=question.key,
                    response=heard.text,
                    finish_reason=heard.finish,
                    prompt_tokens=usage.prompt,
                    completion_tokens=usage.completion,
                    usd=usd,
                    created=round(time.time(), 3),
                    seconds=round(seconds, 3),
                )
            )
            self.tally.done += 1
            self._fruitless = 0
        else:
            now = round(time.time(), 3)
            self.journal.append(Missed(question.key, failure, now, usd=usd, tokens=tokens))
        self.pace.give_back(share.tokens - tokens)
        await self.budget.settle(share, usd, tokens)
        return failure

    async def _hear(self, request: Request) -> Heard:
        heard = Heard()
        parts: list[str] = []
        async with aclosing(self.generate(request, Cancel())) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    parts.append(event.text)
                elif isinstance(event, Usage):
                    heard.usage = event
                elif isinstance(event, Finished):
                    heard.finish = event.reason
                elif isinstance(event, Failed):
                    heard.error = event.error
        heard.text = "".join(parts)
        return heard

    def _took(self, heard: Heard, share: Share) -> tuple[float, int]:
        """Dollars and tokens; all that was set aside where nobody tells what a try took."""
        usage = heard.usage
        if usage is None:
            unpaid = heard.error is not None and heard.error.kind in UNPAID
            return (0.0, 0) if unpaid else (share.usd, share.tokens)
        return self.rates.paid(usage), usage.prompt + usage.completion

    async def _pause(self, attempt: int, error: ErrorInfo) -> None:
        pause = min(FIRST_PAUSE_S * 2.0**attempt, LONGEST_PAUSE_S)
        if error.retry_after_s is not None:
            pause = max(pause, error.retry_after_s)
            self.pace.hold(error.retry_after_s)
        await self.sleep(pause * random.uniform(1.0, 1.3))

    def _give_up(self, failure: Failure) -> None:
        self.tally.failed[failure.kind] += 1
        if failure.kind in HOPELESS:
            self.stop(failure.error)
        if failure.kind not in PASSING | {"refused"}:
            return
        self._fruitless += 1
        if self._fruitless >= max(GONE_AFTER, 2 * self.concurrency):
            self.stop(failure.error)


def _failure(heard: Heard) -> Failure | None:
    """Why what came is no answer."""
    if heard.error is not None:
        return Failure(heard.error.kind, heard.error)
    if heard.finish == "cancelled":
        error = ErrorInfo("crashed", "The answer was broken off", "Nobody asked for that.")
        return Failure(error.kind, error)
    return unfit(heard.text, heard.finish)


def unfit(text: str, finish: FinishReason) -> Failure | None:
    """Why a text is no answer."""
    if len(text) > MOST_TEXT:
        detail = f"It has {len(text):,} characters."
        return Failure("endless", ErrorInfo("protocol", "The answer is endless", detail))
    if text.strip():
        return None
    detail = {
        "length": "Its tokens were used up before the first word; max_tokens may be too low.",
        "filtered": "The teacher's filter kept it back.",
    }.get(finish, "The teacher said nothing.")
    return Failure("empty", ErrorInfo("protocol", "The answer is empty", detail))
