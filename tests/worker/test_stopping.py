"""A person's stop: heeded in time, or forced."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from g4tui.core import Cancel, Event, Finished, Message, Usage
from g4tui.worker import Limits, Worker
from support.processes import ended, running
from support.workers import answer, asking, text_of

Starter = Callable[..., Awaitable[Worker]]
SOON = Limits(stop_s=0.2, term_s=0.2, close_s=0.3)


async def stopped(worker: Worker, text: str) -> list[Event]:
    """The events of an answer that is stopped at its first word."""
    cancel = Cancel()
    events: list[Event] = []
    async for event in worker.generate(asking(text), cancel):
        events.append(event)
        cancel.request()
    return events


@pytest.mark.parametrize("script", ["endless", "waits"])
async def test_a_stop_ends_the_answer_and_leaves_the_worker(started: Starter, script: str) -> None:
    worker = await started()
    events = await stopped(worker, script)
    assert events[-1] == Finished("cancelled")
    assert worker.alive
    assert text_of(await answer(worker, "words 2")) == "w0 w1 "


async def test_a_stopped_answer_still_tells_its_usage(started: Starter) -> None:
    events = await stopped(await started(), "endless")
    assert isinstance(events[-2], Usage)


async def test_an_engine_that_does_not_look_is_ended_at_its_next_word(started: Starter) -> None:
    worker = await started()
    assert (await stopped(worker, "deaf"))[-1] == Finished("cancelled")
    assert worker.alive


@pytest.mark.parametrize(
    ("script", "signal"),
    [("hangs", "SIGTERM"), ("ignores_term", "SIGKILL"), ("holds_lock", "SIGTERM")],
)
async def test_a_hung_worker_is_killed(started: Starter, script: str, signal: str) -> None:
    worker = await started(limits=SOON)
    events = await stopped(worker, script)
    assert text_of(events) == "So "
    assert events[-1] == Finished("cancelled")
    assert not worker.alive
    assert worker.exit is not None
    assert (worker.exit.reason, worker.exit.signal) == ("stopped", signal)
    assert not worker.exit.counts_as_crash
    assert not running(worker.pid or 0)


def test_a_hung_worker_is_dead_within_two_seconds_by_default() -> None:
    assert Limits().stop_s + Limits().term_s < 2


async def test_a_stop_may_come_from_any_thread(started: Starter) -> None:
    worker = await started()
    cancel = Cancel()
    events: list[Event] = []
    async for event in worker.generate(asking("endless"), cancel):
        if not events:
            thread = threading.Thread(target=cancel.request)
            thread.start()
        events.append(event)
    thread.join()
    assert events[-1] == Finished("cancelled")


async def test_a_stop_before_the_start_asks_nothing(started: Starter) -> None:
    worker = await started()
    cancel = Cancel()
    cancel.request()
    assert await answer(worker, "crashes", cancel) == [Finished("cancelled")]
    assert worker.alive


async def test_a_stop_while_waiting_for_the_turn_harms_nobody(started: Starter) -> None:
    worker = await started(limits=SOON)
    first, second = Cancel(), Cancel()
    stream = worker.generate(asking("endless"), first)
    await anext(stream)
    waiting = asyncio.create_task(answer(worker, "words 1", second))
    await asyncio.sleep(0)
    second.request()
    assert await waiting == [Finished("cancelled")]
    first.request()
    assert [event async for event in stream][-1] == Finished("cancelled")
    assert worker.alive


async def test_leaving_the_iteration_stops_the_child(started: Starter) -> None:
    worker = await started()
    stream = worker.generate(asking("endless"), Cancel())
    await anext(stream)
    await stream.aclose()
    assert text_of(await answer(worker, "words 1")) == "w0 "


async def test_leaving_a_hung_worker_kills_it(started: Starter) -> None:
    worker = await started(limits=SOON)
    stream = worker.generate(asking("hangs"), Cancel())
    await anext(stream)
    await stream.aclose()
    assert await ended(worker.pid or 0)


async def test_a_cancelled_task_stops_the_child(started: Starter) -> None:
    worker = await started()
    begun = asyncio.Event()

    async def consume() -> None:
        async for _ in worker.generate(asking("endless"), Cancel()):
            begun.set()

    task = asyncio.create_task(consume())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert text_of(await answer(worker, "words 1")) == "w0 "


async def test_a_cancelled_task_gives_its_turn_up_whenever_that_was(started: Starter) -> None:
    worker = await started()
    for steps in range(6):
        task = asyncio.create_task(answer(worker, "words 1"))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(30):
            assert text_of(await answer(worker, "words 1")) == "w0 "


async def test_a_cancelled_task_that_waits_for_its_turn_is_not_asked(started: Starter) -> None:
    worker = await started(limits=SOON)
    first = Cancel()
    stream = worker.generate(asking("endless"), first)
    await anext(stream)
    waiting = asyncio.create_task(answer(worker, "crashes"))
    for _ in range(3):
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    first.request()
    assert [event async for event in stream][-1] == Finished("cancelled")
    assert text_of(await answer(worker, "words 1")) == "w0 "


async def test_a_question_nobody_waits_for_is_answered_all_the_same(started: Starter) -> None:
    worker = await started()
    task = asyncio.create_task(worker.count_tokens([Message("user", "x" * 100_000)]))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await worker.tokenize("a") == [97]


async def test_a_slow_reader_neither_blocks_the_stop_nor_grows_memory(started: Starter) -> None:
    worker = await started()
    cancel = Cancel()
    stream = worker.generate(asking("bulk 100000"), cancel)
    first = await anext(stream)
    # While nobody reads, the child goes on until the pipe and our own patience are full.
    async with asyncio.timeout(20):
        while not worker._dialogue.paused:
            await asyncio.sleep(0.01)
    cancel.request()
    events = [first] + [event async for event in stream]
    assert events[-1] == Finished("cancelled")
    assert len(text_of(events)) < 20_000_000
    assert worker.alive


async def test_a_slow_reader_gets_everything(started: Starter) -> None:
    worker = await started()
    length = 0
    async for event in worker.generate(asking("bulk 5000"), Cancel()):
        length += len(text_of([event]))
        await asyncio.sleep(0.001)
    assert length == 5_000_000


async def test_closing_while_it_answers(started: Starter) -> None:
    worker = await started()
    stream = worker.generate(asking("endless"), Cancel())
    await anext(stream)
    await worker.close()
    assert [event async for event in stream][-1] == Finished("cancelled")


@pytest.mark.parametrize("script", ["hangs", "ignores_term"])
async def test_closing_a_hung_worker(started: Starter, script: str) -> None:
    worker = await started(limits=SOON)
    stream = worker.generate(asking(script), Cancel())
    await anext(stream)
    await worker.close()
    assert [event async for event in stream][-1] == Finished("cancelled")
    assert not running(worker.pid or 0)
    assert worker.exit is not None
    assert worker.exit.reason == "closed"


@pytest.mark.parametrize(
    ("model", "signal"), [("never-closes", "SIGTERM"), ("never-ends", "SIGKILL")]
)
async def test_an_engine_that_does_not_close_is_killed(
    started: Starter, model: str, signal: str
) -> None:
    worker = await started(model, limits=SOON)
    await worker.close()
    assert not running(worker.pid or 0)
    assert worker.exit is not None
    assert (worker.exit.reason, worker.exit.signal) == ("closed", signal)


async def test_stopping_a_load(make_worker: Callable[..., Worker]) -> None:
    worker = make_worker("hangs")
    loading = asyncio.Event()
    task = asyncio.create_task(worker.start(lambda progress: loading.set()))
    await loading.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not running(worker.pid or 0)


async def test_stopping_before_the_process_is_there(make_worker: Callable[..., Worker]) -> None:
    for turns in range(6):
        worker = make_worker()
        task = asyncio.create_task(worker.start())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await worker.close()
        assert worker.pid is None or not running(worker.pid)
