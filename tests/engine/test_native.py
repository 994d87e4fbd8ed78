"""Models in processes of their own, as the runtime sees them: crashes, queues, stops, room."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial
from pathlib import Path

import pytest

from g4tui.core import Cancel, Event, Failed, Finished, G4tuiError, ModelSpec, Progress
from g4tui.engine import runtime as runtime_module
from g4tui.worker import Worker
from support.fake_native import FakeBackend
from support.processes import ended, running
from support.rooms import Rooms, collect, make_rooms
from support.workers import asking, text_of

FAKE = ModelSpec("fake", "any")


@pytest.fixture
def workers() -> list[Worker]:
    """All that were made, oldest first."""
    return []


@pytest.fixture
async def rooms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: list[Worker]
) -> AsyncIterator[Rooms]:
    """Over the scripted native backend: the model's name and the question say what happens."""
    made = partial(Worker, module="support.fake_native")

    def make(*arguments: object, **named: object) -> Worker:
        workers.append(made(*arguments, **named))  # type: ignore[arg-type]
        return workers[-1]

    monkeypatch.setattr(runtime_module, "Worker", make)
    rooms = make_rooms(tmp_path / "home", FakeBackend())  # type: ignore[arg-type]
    yield rooms
    await rooms.runtime.close()
    rooms.store.close()
    for worker in workers:
        assert worker.pid is None or await ended(worker.pid)


async def answer(
    rooms: Rooms, text: str, spec: ModelSpec = FAKE, cancel: Cancel | None = None
) -> list[Event]:
    return [e async for e in rooms.runtime.generate(spec, asking(text), cancel or Cancel())]


def error_of(events: list[Event]) -> str:
    """The kind of the failure at the end."""
    assert isinstance(events[-1], Failed), events[-1]
    return events[-1].error.kind


async def test_after_a_crash_the_next_answer_has_a_new_process(
    rooms: Rooms, workers: list[Worker]
) -> None:
    assert error_of(await answer(rooms, "crashes")) == "crashed"
    assert text_of(await answer(rooms, "words 2")) == "w0 w1 "
    first, second = workers
    assert first.pid != second.pid and not first.alive and second.alive


@pytest.mark.parametrize(
    ("script", "kind"), [("crashes", "crashed"), ("garbage 0", "protocol"), ("exits 0", "crashed")]
)
async def test_two_ends_of_its_process_in_a_row_hold_a_model_back(
    rooms: Rooms, workers: list[Worker], script: str, kind: str
) -> None:
    assert [error_of(await answer(rooms, script)) for _ in range(3)] == [kind, kind, "quarantined"]
    assert len(workers) == 2
    rooms.runtime.quarantine.clear(FAKE.id)
    assert (await answer(rooms, "words 1"))[-1] == Finished("stop")


async def test_two_loads_that_end_their_process_hold_a_model_back(
    rooms: Rooms, workers: list[Worker]
) -> None:
    spec = ModelSpec("fake", "exits")
    kinds = [error_of(await answer(rooms, "words 1", spec)) for _ in range(3)]
    assert (kinds, len(workers)) == (["crashed", "crashed", "quarantined"], 2)


async def test_a_load_that_only_fails_holds_nothing_back(rooms: Rooms) -> None:
    spec = ModelSpec("fake", "missing")
    kinds = [error_of(await answer(rooms, "words 1", spec)) for _ in range(3)]
    assert kinds == ["missing"] * 3


async def test_a_stop_that_had_to_be_forced_is_not_the_models_fault(rooms: Rooms) -> None:
    for _ in range(3):
        cancel = Cancel()
        events = []
        async for event in rooms.runtime.generate(FAKE, asking("hangs"), cancel):
            events.append(event)
            cancel.request()
        assert events[-1] == Finished("cancelled")
    assert not rooms.runtime.quarantine.holds(FAKE.id)


async def test_who_waits_for_the_model_is_told_and_can_be_called_off(rooms: Rooms) -> None:
    first, second = Cancel(), Cancel()
    stream = rooms.runtime.generate(FAKE, asking("endless"), first)
    await anext(stream)
    waiting: list[Event] = []
    async for event in rooms.runtime.generate(FAKE, asking("crashes"), second):
        waiting.append(event)
        second.request()
    assert waiting == [Progress("queue", 0, 1), Finished("cancelled")]
    first.request()
    assert [event async for event in stream][-1] == Finished("cancelled")


async def test_a_turn_that_waits_is_stopped_before_it_is_asked(rooms: Rooms) -> None:
    session, cancel = rooms.store.create_session().id, Cancel()
    with rooms.runtime.place(FAKE):
        events = await collect(
            rooms.chat.send(session, "crashes", spec=FAKE, cancel=cancel),
            stop_after=2,
            cancel=cancel,
        )
    assert events[1] == Progress("queue", 0, 1)
    question, stopped = rooms.store.path(session)
    assert (question.message.text, stopped.state, stopped.error) == ("crashes", "stopped", None)


async def test_a_stop_ends_a_load(rooms: Rooms, workers: list[Worker]) -> None:
    session, cancel = rooms.store.create_session().id, Cancel()
    loading = ModelSpec("fake", "hangs")
    turn = rooms.chat.send(session, "words 1", spec=loading, cancel=cancel)
    events = await collect(turn, stop_after=2, cancel=cancel)
    assert isinstance(events[1], Progress) and events[1].phase == "load"
    assert rooms.store.path(session)[-1].state == "stopped"
    assert not running(workers[0].pid or 0)
    cancel = Cancel()
    seen = []
    async for event in rooms.runtime.generate(loading, asking("words 1"), cancel):
        seen.append(event)
        cancel.request()
    assert seen[1:] == [Finished("cancelled")]


async def test_who_leaves_while_it_loads_leaves_no_process(
    rooms: Rooms, workers: list[Worker]
) -> None:
    async with aclosing(rooms.runtime.load(ModelSpec("fake", "hangs"), Cancel())) as steps:
        async for _ in steps:
            break
    assert not running(workers[0].pid or 0)


async def test_a_third_model_takes_the_room_of_the_one_that_was_loaded_first(
    rooms: Rooms, workers: list[Worker]
) -> None:
    for name in "abc":
        await answer(rooms, "words 1", ModelSpec("fake", name))
    assert [worker.alive for worker in workers] == [False, True, True]
    await answer(rooms, "words 1", ModelSpec("fake", "a"))
    assert [worker.alive for worker in workers] == [False, False, True, True]


async def test_a_third_model_takes_the_room_of_one_that_does_not_compute(
    rooms: Rooms, workers: list[Worker]
) -> None:
    busy, cancel = ModelSpec("fake", "a"), Cancel()
    stream = rooms.runtime.generate(busy, asking("endless"), cancel)
    await anext(stream)
    for name in "bc":
        await answer(rooms, "words 1", ModelSpec("fake", name))
    assert [worker.alive for worker in workers] == [True, False, True]
    cancel.request()
    assert [event async for event in stream][-1] == Finished("cancelled")


async def test_a_model_that_crashed_takes_no_room(rooms: Rooms, workers: list[Worker]) -> None:
    for name, text in (("a", "words 1"), ("b", "crashes"), ("c", "words 1")):
        await answer(rooms, text, ModelSpec("fake", name))
    assert [worker.alive for worker in workers] == [True, False, True]


async def test_what_was_said_before_a_crash_is_kept_with_its_reason(rooms: Rooms) -> None:
    session = rooms.store.create_session().id
    crashed = (await collect(rooms.chat.send(session, "crashes", spec=FAKE)))[-1].answer  # type: ignore[union-attr]
    assert (crashed.state, crashed.message.text) == ("interrupted", "So ")
    assert crashed.error is not None and crashed.error.kind == "crashed"
    assert "tensor 7 is out of bounds" in crashed.error.detail


async def test_counting_asks_the_open_model(rooms: Rooms) -> None:
    assert await rooms.runtime.count_tokens(FAKE, asking("four").messages) == 4
    with pytest.raises(G4tuiError, match="SIGSEGV"):
        await rooms.runtime.count_tokens(FAKE, asking("segfault").messages)
    assert await rooms.runtime.count_tokens(FAKE, asking("again").messages) == 5


async def test_unloading_ends_the_process(rooms: Rooms, workers: list[Worker]) -> None:
    await answer(rooms, "words 1")
    await rooms.runtime.unload(FAKE)
    assert await ended(workers[0].pid or 0)
    await rooms.runtime.unload(FAKE)
    assert text_of(await answer(rooms, "words 1")) == "w0 "


async def test_two_who_ask_at_once_load_it_once(rooms: Rooms, workers: list[Worker]) -> None:
    both = await asyncio.gather(answer(rooms, "words 1"), answer(rooms, "words 2"))
    assert [text_of(events) for events in both] == ["w0 ", "w0 w1 "]
    assert len(workers) == 1
