"""Asking by batches: written, sent, waited for and read, each step of which can be gone on with."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from g4tui.core import BatchAnswer, Batches, BatchState, G4tuiError, Usage
from g4tui_training.collect.asking import HOPELESS, unfit
from g4tui_training.collect.budget import Budget, Rates, Share
from g4tui_training.collect.journal import Batch, Journal
from g4tui_training.collect.questions import Question
from g4tui_training.collect.records import (
    Answered,
    BatchEnded,
    BatchMade,
    BatchSent,
    Failure,
    Missed,
)
from g4tui_training.collect.tally import Tally
from g4tui_training.writing import whole_file

POLL_S = 30.0
# A server that cannot be asked for so many polls in a row is told to the person.
LOST_AFTER = 20


@dataclass
class Batching:
    """`folder` keeps a file for each batch until it has ended. `poll_s`: between looks at it."""

    batches: Batches
    journal: Journal
    budget: Budget
    rates: Rates
    folder: Path
    tally: Tally
    say: Callable[[str], None]
    poll_s: float = POLL_S
    ended: str = ""

    async def finish_open(self) -> None:
        """Wait for the batches that the journal has open, and read them.

        One that was never sent, as far as the server knows, is sent now.
        """
        for batch in list(self.journal.known.batches.values()):
            share = self.budget.hold(Share(batch.usd, batch.tokens))
            await self._finish(batch, share)

    async def run(self, questions: Iterator[Question]) -> None:
        """Ask all of them, in as many batches as it takes, as far as the budget goes."""
        waiting: list[tuple[Batch, Share]] = []
        held: Question | None = None
        while not self.ended:
            made, held = self._make(questions, held)
            if made is None:
                break
            await self._send(made[0])
            waiting.append(made)
        for batch, share in waiting:
            await self._finish(batch, share)

    def _make(
        self, questions: Iterator[Question], held: Question | None
    ) -> tuple[tuple[Batch, Share] | None, Question | None]:
        """The next file; and the question that did not fit into it any more."""
        label = f"{time.time_ns():x}"
        count, size, usd, tokens = 0, 0, 0.0, 0
        over: Question | None = None
        with whole_file(self._file(label)) as out:
            while (question := held or next(questions, None)) is not None:
                held = None
                line = self.batches.line(question.key, question.request)
                most = self.rates.most(question.texts)
                full = count >= self.batches.most_requests or (
                    count and size + len(line) > self.batches.most_bytes
                )
                if full or not self.budget.fits(Share(usd + most.usd, tokens + most.tokens)):
                    over = question
                    self.ended = "" if full else "budget"
                    break
                out.write(line)
                count, size = count + 1, size + len(line)
                usd, tokens = usd + most.usd, tokens + most.tokens
        if not count:
            self._file(label).unlink(missing_ok=True)
            return None, None
        share = self.budget.hold(Share(usd, tokens))
        self.journal.append(BatchMade(label, count, usd, tokens, _now()))
        if self.ended:
            over = None
        return (self.journal.known.batches[label], share), over

    async def _send(self, batch: Batch) -> None:
        file = self._file(batch.label)
        identity = await self.batches.submit(file, batch.label)
        self.journal.append(BatchSent(batch.label, identity, _now()))
        self.say(f"collect: batch {identity} has {batch.requests:,} prompts.")

    async def _finish(self, batch: Batch, share: Share) -> None:
        if not batch.id and (found := await self.batches.find(batch.label)) is not None:
            self.journal.append(BatchSent(batch.label, found, _now()))
        if not batch.id:
            if not self._file(batch.label).is_file():  # nobody has it: as if it had not been made
                await self._end(batch, share, "its file is gone", 0.0, 0)
                return
            await self._send(batch)
        state = await self._wait(batch)
        if state.state == "failed":
            await self._end(batch, share, state.detail, 0.0, 0)
            raise G4tuiError(
                "server",
                "The batch was refused",
                f"{batch.id}: {state.detail}",
                "Nothing of it was asked. Mend what it says, then run the same command again.",
            )
        usd, tokens = await self._read(batch)
        await self._end(batch, share, state.detail, usd, tokens)

    async def _wait(self, batch: Batch) -> BatchState:
        lost = 0
        while True:
            try:
                state = await self.batches.state(batch.id)
                lost = 0
            except G4tuiError as error:
                lost += 1
                if error.info.kind in HOPELESS or lost >= LOST_AFTER:
                    raise
                self.say(f"collect: {error.info.title}; asked again in {self.poll_s:.0f} s.")
            else:
                if state.state != "working":
                    return state
                over = f"{state.answered + state.failed:,} of {state.total or batch.requests:,}"
                self.say(f"collect: batch {batch.id}: {state.detail}, {over}")
            await asyncio.sleep(self.poll_s)

    async def _read(self, batch: Batch) -> tuple[float, int]:
        """Every answer into the journal, those that a killed process had read left out."""
        usd, tokens = 0.0, 0
        known = self.journal.known
        async for answer in self.batches.answers(batch.id, self.folder):
            usage = answer.usage or Usage()
            cost = self.rates.paid(usage)
            usd += cost
            tokens += usage.prompt + usage.completion
            if answer.key not in known.answers:
                self._take(answer, batch, usage, cost)
        return usd, tokens

    def _take(self, answer: BatchAnswer, batch: Batch, usage: Usage, cost: float) -> None:
        if answer.again or answer.key in batch.missed:
            return
        failure = (
            Failure(answer.error.kind, answer.error)
            if answer.error is not None
            else unfit(answer.text, answer.finish)
        )
        if failure is not None:
            self.tally.failed[failure.kind] += 1
            spent = usage.prompt + usage.completion
            self.journal.append(
                Missed(answer.key, failure, _now(), usd=cost, tokens=spent, batch=batch.id)
            )
            return
        self.tally.done += 1
        self.journal.append(
            Answered(
                key=answer.key,
                response=answer.text,
                finish_reason=answer.finish,
                prompt_tokens=usage.prompt,
                completion_tokens=usage.completion,
                usd=cost,
                created=_now(),
                batch=batch.id,
            )
        )

    async def _end(self, batch: Batch, share: Share, detail: str, usd: float, tokens: int) -> None:
        self.journal.append(BatchEnded(batch.label, detail, _now()))
        self._file(batch.label).unlink(missing_ok=True)
        await self.budget.settle(share, usd, tokens)
        if batch.id:
            self.say(f"collect: batch {batch.id}: {detail}.")

    def _file(self, label: str) -> Path:
        return self.folder / f"{label}.jsonl"


def _now() -> float:
    return round(time.time(), 3)
