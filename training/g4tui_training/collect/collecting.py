"""A collection from the forecast to the last answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from g4tui.core import Batches, ErrorInfo, G4tuiError
from g4tui_training.collect.asking import Asking
from g4tui_training.collect.batching import POLL_S, Batching
from g4tui_training.collect.budget import Budget, Rates
from g4tui_training.collect.forecast import Conditions, Forecast, told
from g4tui_training.collect.journal import Journal
from g4tui_training.collect.pace import Pace
from g4tui_training.collect.progress import Reporter
from g4tui_training.collect.questions import Asker, Question
from g4tui_training.collect.records import Began, Failure
from g4tui_training.collect.results import Outcome, write_results
from g4tui_training.collect.stopping import Stopping, on_signals
from g4tui_training.collect.tally import Tally
from g4tui_training.collect.teacher import Teacher, check
from g4tui_training.pairs import Pair, Prompt
from g4tui_training.spoken import several
from g4tui_training.stages import Context


@dataclass
class Collecting:
    """One run of the stage. `batch`: by the Batch API. Times in seconds."""

    context: Context
    teacher: Teacher
    batch: bool = False
    poll_s: float = POLL_S
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep

    async def run(self) -> dict[str, object]:
        """Ask what is to be asked, write the results; counts for the manifest.

        Raises `G4tuiError`, and `KeyboardInterrupt` when it was stopped; the journal has all
        answers then.
        """
        run, recipe = self.context.run, self.context.recipe
        check(self.teacher, recipe)
        asker = Asker(self.teacher.spec, recipe.collect)
        with Journal(run.journal) as journal:
            if journal.known.damaged:
                damaged = several(journal.known.damaged, "damaged line")
                self.context.say(
                    f"{damaged} of {run.journal.name} passed over; the answers that were there are"
                    " asked for again."
                )
            budget = Budget(
                recipe.collect.max_usd,
                recipe.collect.max_tokens,
                usd=journal.known.usd,
                tokens=journal.known.tokens,
            )
            ended = await self._ask_all(asker, journal, budget)
            outcome = write_results(run, lambda row: self._result(row, asker, journal))
            return self._counts(outcome, journal, budget, ended)

    def _result(self, row: Prompt, asker: Asker, journal: Journal) -> Pair | Failure | None:
        """The answer to a prompt, or why there is none; `None` if it was not asked."""
        key = asker.key(row)
        if (answer := journal.answer(key)) is None:
            return journal.known.missed.get(key)
        return row.answered(
            answer.response,
            teacher=self.teacher.name,
            finish_reason=answer.finish_reason,
            terms=self.teacher.terms,
            created=answer.created,
        )

    async def _ask_all(self, asker: Asker, journal: Journal, budget: Budget) -> str:
        """Ask; why not all were, if so."""
        prompts, known = self.context.run.prompts, journal.known
        batches = await self.teacher.batches() if self.batch or known.batches else None
        if batches is not None and known.batches:
            under_way = len(known.batches)
            self.context.say(f"{under_way} batch{'es' * (under_way > 1)} sent before: waiting.")
            open_ones = self._batching(batches, journal, budget, Tally(0, self.clock))
            await self._stoppable(open_ones.finish_open())
        failed = frozenset(known.missed)
        forecast = Forecast()
        for question in pending(asker, prompts, journal, failed):
            forecast.count(question, question.key in failed)
        if not forecast.prompts:
            return ""
        by_batch = batches if self.batch else None
        if not self._agreed(forecast, journal, self._rates(by_batch)):
            return "declined"
        params, teacher = asker.collect.params, self.teacher
        journal.append(Began(teacher.spec.id, params, teacher.price, round(time.time(), 3)))
        if known.price_changes:
            times = several(known.price_changes, "time")
            self.context.say(f"The price changed {times} since the beginning.")
        tally = Tally(forecast.prompts, self.clock, budget.usd)
        if by_batch is not None:
            return await self._by_batches(asker, by_batch, journal, budget, tally)
        questions = pending(asker, prompts, journal, failed)
        return await self._by_stream(questions, journal, budget, tally)

    async def _by_stream(
        self, questions: Iterator[Question], journal: Journal, budget: Budget, tally: Tally
    ) -> str:
        collect, teacher, rates = self.context.recipe.collect, self.teacher, self._rates()
        asking = Asking(
            generate=teacher.generate,
            journal=journal,
            budget=budget,
            pace=Pace(
                collect.requests_per_minute,
                collect.tokens_per_minute,
                self.clock,
                self.sleep,
            ),
            rates=rates,
            tally=tally,
            concurrency=1 if teacher.one_at_a_time else collect.concurrency,
            retries=collect.retries,
            sleep=self.sleep,
        )

        def line() -> str:
            return "collect: " + tally.line(budget.usd, budget.max_usd, rates.are_known)

        reporter = Reporter(self.context.say, line)

        def gently() -> None:
            asking.stop()
            in_flight = several(tally.in_flight, "answer")
            reporter.say(f"Stopping: waiting for {in_flight}; Ctrl+C again does not wait.")

        stopping = Stopping(gently, asking.break_off)
        loop = asyncio.get_running_loop()
        self.context.cancel.on_request(lambda: loop.call_soon_threadsafe(stopping.ask))
        syncing = asyncio.create_task(journal.keep_synced())
        try:
            async with reporter.running():
                with on_signals(stopping):
                    await asking.run(questions)
        finally:
            syncing.cancel()
            await asyncio.wait([syncing])
        if stopping.requested:
            raise KeyboardInterrupt
        if budget.overcharged:
            answers = several(budget.overcharged, "answer")
            self.context.say(f"{answers} cost more than their price allows.")
        if isinstance(asking.ended, ErrorInfo):
            raise _gave_up(asking.ended, tally)
        return asking.ended

    async def _by_batches(
        self, asker: Asker, batches: Batches, journal: Journal, budget: Budget, tally: Tally
    ) -> str:
        """In rounds: what a batch did not come to before it expired goes into another one."""
        prompts = self.context.run.prompts
        failed = frozenset(journal.known.missed)
        for _ in range(asker.collect.retries + 1):
            batching = self._batching(batches, journal, budget, tally)
            await self._stoppable(batching.run(pending(asker, prompts, journal, failed)))
            failed = frozenset()
            if batching.ended or next(pending(asker, prompts, journal, failed), None) is None:
                return batching.ended
        return "expired"

    def _batching(
        self, batches: Batches, journal: Journal, budget: Budget, tally: Tally
    ) -> Batching:
        return Batching(
            batches=batches,
            journal=journal,
            budget=budget,
            rates=self._rates(batches),
            folder=self.context.run.batches,
            tally=tally,
            say=self.context.say,
            poll_s=self.poll_s,
        )

    async def _stoppable(self, work: Coroutine[None, None, None]) -> None:
        """Wait for it, or for somebody who stops the waiting; the batches go on by themselves."""
        task = asyncio.create_task(work)
        stopping = Stopping(task.cancel, task.cancel)
        loop = asyncio.get_running_loop()
        self.context.cancel.on_request(lambda: loop.call_soon_threadsafe(stopping.ask))
        try:
            with on_signals(stopping):
                await task
        except asyncio.CancelledError:
            if not stopping.requested:
                raise
            self.context.say("The batches go on at the server; the same command waits for them.")
            raise KeyboardInterrupt from None

    def _rates(self, batches: Batches | None = None) -> Rates:
        """What the teacher's tokens cost, one by one or by `batches`."""
        return Rates(
            self.teacher.price,
            self.teacher.own_price,
            self.context.recipe.collect.params.max_tokens or 0,
            batches.share if batches else 1.0,
        )

    def _agreed(self, forecast: Forecast, journal: Journal, rates: Rates) -> bool:
        """Tell the forecast and ask. Raises `G4tuiError` where a no leaves nothing to do."""
        conditions = Conditions(
            collect=self.context.recipe.collect,
            rates=rates,
            native=self.teacher.one_at_a_time,
            batch=self.batch,
        )
        where = self.teacher.host or "this machine"
        self.context.say(f"{self.teacher.spec.id} on {where}:")
        for line in told(forecast, journal.known, conditions):
            self.context.say(line)
        if self.context.confirm("Ask them?"):
            return True
        if forecast.before == forecast.prompts:
            self.context.say("They are not asked again.")
            return False
        raise G4tuiError("usage", "Nothing was asked", "It was not agreed to.", "--yes agrees.")

    def _counts(
        self, outcome: Outcome, journal: Journal, budget: Budget, ended: str
    ) -> dict[str, object]:
        known = journal.known
        return {
            **msgspec.to_builtins(outcome),
            "ended": ended,
            "usd": round(budget.usd, 6),
            "usd_for_nothing": round(known.lost_usd, 6),
            "tokens": budget.tokens,
            "price_changes": known.price_changes,
            "overcharged": budget.overcharged,
            "teacher": self.teacher.spec.id,
        }


def pending(
    asker: Asker, prompts: Path, journal: Journal, failed: frozenset[str]
) -> Iterator[Question]:
    """What was never tried, then what is in `failed`: each question once."""
    known = journal.known
    taken: set[str] = set()
    for late in (False, True) if failed else (False,):
        for question in asker.questions(prompts):
            key = question.key
            tried = key in failed if late else key not in known.missed
            if tried and key not in known.answers and key not in taken:
                taken.add(key)
                yield question


def _gave_up(error: ErrorInfo, tally: Tally) -> G4tuiError:
    kept = f"The {tally.done:,} answers that came are kept. " if tally.done else ""
    return G4tuiError(
        error.kind,
        error.title,
        error.detail,
        f"{error.remedy} {kept}The same command goes on from there.".strip(),
    )
