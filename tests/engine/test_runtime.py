"""Models are opened once, shared, queued, listed, and held back when they crash."""

import asyncio
import os
import shutil
import threading
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

import msgspec
import pytest

from g4tui.background import in_daemon
from g4tui.core import (
    AsyncEngine,
    Backend,
    Cancel,
    ErrorInfo,
    Event,
    Failed,
    Finished,
    G4tuiError,
    Host,
    Message,
    ModelInfo,
    ModelSpec,
    NoOptions,
    Request,
    TextDelta,
)
from g4tui.engine import caches, listing
from g4tui.engine.caches import evict, forget_conversation
from g4tui.engine.opened import LoopModel
from g4tui.testing.scripted import ScriptedEngine
from support.rooms import PARROT, Rooms, until

MakeRooms = Callable[..., Rooms]
QUESTION = Request((Message("user", "Q"),))


async def answer(rooms: Rooms, cancel: Cancel | None = None) -> list[Event]:
    return [e async for e in rooms.runtime.generate(PARROT, QUESTION, cancel or Cancel())]


async def test_a_server_is_asked_again_while_it_answers(rooms_with: MakeRooms) -> None:
    rooms = rooms_with(["never", "at once"])
    rooms.backend.gate = asyncio.Event()
    asked = [asyncio.create_task(answer(rooms)) for _ in range(3)]
    await until(lambda: len(rooms.backend.requests) == 3)
    rooms.backend.gate.set()
    assert [(await task)[-1] for task in asked] == [Finished("stop")] * 3


async def test_a_hung_engine_is_ended_after_a_stop(rooms_with: MakeRooms) -> None:
    rooms = rooms_with(["never"])
    rooms.backend.gate = asyncio.Event()
    cancel = Cancel()
    task = asyncio.create_task(answer(rooms, cancel))
    while not rooms.backend.requests:
        await asyncio.sleep(0)
    asked = time.monotonic()
    cancel.request()
    assert (await task)[-1] == Finished("cancelled")
    assert time.monotonic() - asked < 5


async def test_two_crashes_hold_a_model_until_it_is_released(
    rooms_with: MakeRooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LoopModel, "crashed", True)
    crash = [Failed(ErrorInfo("crashed", "Gone"))]
    rooms = rooms_with([crash, crash, "fine"])
    await answer(rooms)
    assert not rooms.runtime.quarantine.holds(PARROT.id)
    await answer(rooms)
    await rooms.runtime.unload(PARROT)
    (refused,) = await answer(rooms)
    assert isinstance(refused, Failed) and refused.error.kind == "quarantined"
    assert PARROT.id in refused.error.remedy
    listed = [m for m in await rooms.runtime.list_models() if m.id == PARROT.id]
    assert not listed[0].ready and "release" in listed[0].remedy
    rooms.runtime.quarantine.clear(PARROT.id)
    assert (await answer(rooms))[-1] == Finished("stop")


async def test_a_server_that_fails_again_and_again_is_not_held_back(rooms_with: MakeRooms) -> None:
    rooms = rooms_with([[Failed(ErrorInfo("network", "Gone"))]])
    for _ in range(3):
        assert (await answer(rooms))[-1] == Failed(ErrorInfo("network", "Gone"))
    assert not rooms.runtime.quarantine.holds(PARROT.id)


async def test_an_answer_between_two_crashes_forgives(
    rooms_with: MakeRooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LoopModel, "crashed", True)
    crash = [Failed(ErrorInfo("crashed", "Gone"))]
    rooms = rooms_with([crash, "fine", crash])
    for _ in range(3):
        await answer(rooms)
    assert len(rooms.backend.requests) == 3
    assert not rooms.runtime.quarantine.holds(PARROT.id)


async def test_a_backend_that_raises_is_listed_with_the_reason(
    rooms_with: MakeRooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = rooms_with(["x"])

    def explode(host: Host, options: NoOptions) -> list[ModelInfo]:
        raise OSError("no such disk")

    monkeypatch.setattr(rooms.backend, "models", explode)
    listed = {m.backend: m for m in await rooms.runtime.list_models()}
    assert not listed["scripted"].ready
    assert "no such disk" in listed["scripted"].detail


async def test_a_backend_that_hangs_while_it_lists_is_not_waited_for(
    rooms_with: MakeRooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = rooms_with(["x"])
    monkeypatch.setattr(listing, "LIST_LIMIT_S", 0.01)
    go_on = threading.Event()
    monkeypatch.setattr(rooms.backend, "models", lambda host, options: go_on.wait(60))
    listed = {m.backend: m for m in await rooms.runtime.list_models()}
    assert not listed["scripted"].ready
    assert "in time" in listed["scripted"].detail
    go_on.set()
    for thread in threading.enumerate():
        if thread.name == "list models":
            await asyncio.to_thread(thread.join)
    monkeypatch.undo()
    listed = {m.backend: m for m in await rooms.runtime.list_models()}
    assert listed["scripted"].ready


@pytest.mark.parametrize("answers", [True, False])
def test_a_list_that_comes_after_the_end_of_the_program_is_nobodys(
    monkeypatch: pytest.MonkeyPatch, answers: bool
) -> None:
    go_on, broken = threading.Event(), []

    def models() -> list[ModelInfo]:
        go_on.wait(60)
        if answers:
            return []
        raise OSError("no such disk")

    async def list_in_vain() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(in_daemon(models, "list models"), 0.01)

    monkeypatch.setattr(threading, "excepthook", broken.append)
    asyncio.run(list_in_vain())
    (thread,) = [each for each in threading.enumerate() if each.name == "list models"]
    go_on.set()
    thread.join()
    assert broken == []


async def test_a_wrong_setting_is_told_where_models_are_listed(rooms_with: MakeRooms) -> None:
    rooms = rooms_with(["x"])
    rooms.settings.backends["scripted"] = {"treads": 3}
    listed = {m.backend: m for m in await rooms.runtime.list_models()}
    assert not listed["scripted"].ready
    assert "setting" in listed["scripted"].detail and listed["scripted"].remedy


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (G4tuiError("missing", "No key", "none", "Set one."), "missing", "none"),
        (ZeroDivisionError("oh"), "plugin", "ZeroDivisionError: oh"),
    ],
)
async def test_a_server_that_cannot_be_opened_fails_the_answer_in_words(
    rooms_with: MakeRooms, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: str, said: str
) -> None:
    rooms = rooms_with(["x"])

    def refuse(spec: ModelSpec, options: NoOptions, host: Host) -> AsyncEngine:
        raise error

    monkeypatch.setattr(rooms.backend, "open", refuse)
    (failed,) = await answer(rooms)
    assert isinstance(failed, Failed)
    assert (failed.error.kind, failed.error.detail, bool(failed.error.remedy)) == (kind, said, True)


class Events:
    """An async iterator that is no generator."""

    def __init__(self, *events: Event) -> None:
        self._events = list(events)

    def __aiter__(self) -> "Events":
        return self

    async def __anext__(self) -> Event:
        if not self._events:
            raise StopAsyncIteration
        return self._events.pop(0)


async def test_an_answer_need_not_be_a_generator(
    rooms_with: MakeRooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = rooms_with(["x"])
    monkeypatch.setattr(
        ScriptedEngine, "generate", lambda *_: Events(TextDelta("a"), Finished("stop"))
    )
    assert await answer(rooms) == [TextDelta("a"), Finished("stop")]
    monkeypatch.setattr(ScriptedEngine, "generate", lambda *_: Events(TextDelta("a")))
    *_, failed = await answer(rooms)
    assert isinstance(failed, Failed) and failed.error.kind == "plugin"


async def test_what_comes_after_the_end_of_an_answer_is_nobodys(rooms_with: MakeRooms) -> None:
    rooms = rooms_with([[Finished("length"), TextDelta("more"), Finished("stop")]])
    assert await answer(rooms) == [Finished("length")]


async def test_who_leaves_an_answer_closes_the_engines_stream(
    rooms_with: MakeRooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms, left, cancel = rooms_with(["x"]), asyncio.Event(), Cancel()

    async def generate(*_: object) -> AsyncGenerator[Event]:
        try:
            yield TextDelta("a")
            await asyncio.Event().wait()
        finally:
            left.set()

    monkeypatch.setattr(ScriptedEngine, "generate", generate)
    async with aclosing(rooms.runtime.generate(PARROT, QUESTION, cancel)) as events:
        async for _ in events:
            break
    assert left.is_set() and cancel.requested


async def test_an_open_server_is_unloaded_once(rooms_with: MakeRooms) -> None:
    rooms = rooms_with(["x"])
    await answer(rooms)
    await rooms.runtime.unload(PARROT)
    await rooms.runtime.unload(PARROT)
    assert rooms.backend.closed == 1


async def test_state_of_conversations_is_bounded_once_a_model_is_unloaded(
    rooms_with: MakeRooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = rooms_with(["x"])
    limit = msgspec.structs.replace(rooms.settings.cache, max_bytes=1000)
    settings = msgspec.structs.replace(rooms.settings, cache=limit)
    monkeypatch.setattr(rooms.runtime, "_settings", settings)
    old, new = (
        state_of(rooms.paths.plugin_caches, "scripted", name, 600, age)
        for name, age in (("s2", 9), ("s1", 1))
    )
    await answer(rooms)
    assert old.exists()
    await rooms.runtime.unload(PARROT)
    assert not old.exists() and new.exists()


async def test_an_unknown_backend_is_named(rooms_with: MakeRooms) -> None:
    rooms = rooms_with(["x"])
    with pytest.raises(G4tuiError, match="lama-cpp"):
        async for _ in rooms.runtime.load(PARROT.__class__("lama-cpp", "x"), Cancel()):
            pass


async def test_opening_the_wrong_kind_of_engine_says_so(
    rooms_with: MakeRooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = rooms_with(["x"])
    monkeypatch.setattr(rooms.backend, "open", lambda spec, options, host: object())
    (failed,) = await answer(rooms)
    assert isinstance(failed, Failed) and failed.error.kind == "plugin"
    assert isinstance(rooms.backend, Backend)


@pytest.mark.parametrize("hot", [True, False])
async def test_only_a_backend_that_swaps_adapters_is_told_of_them(
    rooms_with: MakeRooms, monkeypatch: pytest.MonkeyPatch, hot: bool
) -> None:
    rooms = rooms_with(["x"])
    monkeypatch.setattr(type(rooms.backend), "hot_adapters", hot)
    opened: list[ModelSpec] = []
    really_open = rooms.backend.open

    def note(spec: ModelSpec, options: NoOptions, host: Host) -> AsyncEngine:
        opened.append(spec)
        return really_open(spec, options, host)

    monkeypatch.setattr(rooms.backend, "open", note)
    tuned = ModelSpec("scripted", "parrot", adapters=("/a.gguf",))
    for spec in (PARROT, tuned):
        async for _ in rooms.runtime.generate(spec, QUESTION, Cancel()):
            pass
    assert [request.adapters for request in rooms.backend.requests] == [
        (),
        ("/a.gguf",) if hot else (),
    ]
    assert opened == ([PARROT] if hot else [PARROT, tuned])


def state_of(caches: Path, backend: str, conversation: str, size: int, age: float) -> Path:
    folder = Host(caches / backend).conversation_dir(conversation)
    file = folder / "state.bin"
    file.write_bytes(b"x" * size)
    os.utime(file, (time.time() - age, time.time() - age))
    return folder


def test_the_least_recently_used_state_goes_first(tmp_path: Path) -> None:
    new = state_of(tmp_path, "a", "s1", 500, age=1)
    old = state_of(tmp_path, "b", "s2", 600, age=300)
    evict(tmp_path, 1000)
    assert not old.exists()
    assert new.exists()


def test_state_that_another_program_was_quicker_to_delete_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [state_of(tmp_path, "a", name, 600, age) for name, age in (("s1", 9), ("s2", 5))]
    kept = state_of(tmp_path, "a", "s3", 600, 1)
    measure = caches.folder_size

    def measured(folder: Path) -> int:
        size = measure(folder)
        if folder == folders[0]:
            shutil.rmtree(folder)
        return size

    monkeypatch.setattr(caches, "folder_size", measured)
    evict(tmp_path, 1000)
    assert not any(folder.exists() for folder in folders) and kept.exists()
    evict(tmp_path, 600)
    assert kept.exists(), "what fits exactly stays"


def test_state_goes_with_its_conversation(tmp_path: Path) -> None:
    folders = [state_of(tmp_path, backend, "s1", 10, 0) for backend in ("a", "b")]
    other = state_of(tmp_path, "a", "s2", 10, 0)
    forget_conversation(tmp_path, "s1")
    assert not any(folder.exists() for folder in folders)
    assert other.exists()
