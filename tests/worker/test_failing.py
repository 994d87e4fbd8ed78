"""Engines that fail, crash, hang or talk nonsense: one error each, and no harm done."""

import os
import signal
import sys
from collections.abc import Awaitable, Callable

import pytest

from g4tui.core import Cancel, ErrorInfo, Failed, Finished, G4tuiError, Message, Progress
from g4tui.worker import Limits, Worker, process, protocol
from support.processes import ended, running
from support.workers import answer, asking, failure, text_of

Starter = Callable[..., Awaitable[Worker]]
Maker = Callable[..., Worker]


async def test_an_error_in_our_words_arrives_unchanged(started: Starter) -> None:
    worker = await started()
    events = await answer(worker, "refuses")
    assert text_of(events) == "So "
    expected = ErrorInfo("context", "Too long", "9 > 8", "Shorten it.", 1.5)
    assert failure(events).error == expected
    assert worker.alive


@pytest.mark.parametrize(
    ("script", "kind", "said"),
    [
        ("raises", "plugin", "ValueError: no such tensor"),
        ("quits", "plugin", "SystemExit: bye"),
        ("no_memory", "memory", "MemoryError"),
        ("no_end", "plugin", "without Finished"),
        ("no_such_script", "plugin", "KeyError"),
        ("no_event 0", "plugin", "bytes"),
        ("no_event 1", "plugin", "TextDelta"),
        ("no_event 2", "plugin", "Usage"),
        ("no_event 3", "plugin", "Finished"),
    ],
)
async def test_a_failing_engine_fails_its_answer_only(
    started: Starter, script: str, kind: str, said: str
) -> None:
    worker = await started()
    error = failure(await answer(worker, script)).error
    assert error.kind == kind
    assert said in error.detail
    assert error.remedy
    assert "Traceback" not in str(error)
    assert (await answer(worker, "words 1"))[-1] == Finished("stop")


async def test_the_traceback_is_in_the_log(started: Starter) -> None:
    worker = await started()
    await answer(worker, "raises")
    assert 'raise ValueError("no such tensor")' in worker.log_path.read_text()


async def test_nothing_follows_the_end(started: Starter) -> None:
    worker = await started()
    assert await answer(worker, "two_ends") == [Finished("length")]
    assert (await answer(worker, "words 1"))[-1] == Finished("stop")


async def test_a_crash_is_told_with_its_signal_and_log(started: Starter) -> None:
    worker = await started()
    events = await answer(worker, "crashes")
    assert text_of(events) == "So "
    error = failure(events).error
    assert error.kind == "crashed"
    assert "SIGSEGV" in error.detail
    assert "native: tensor 7 is out of bounds" in error.detail
    assert error.remedy
    assert not worker.alive
    assert worker.exit is not None
    assert (worker.exit.reason, worker.exit.signal) == ("crashed", "SIGSEGV")
    assert worker.exit.counts_as_crash


async def test_a_crash_is_told_with_what_was_said_since_the_question(started: Starter) -> None:
    worker = await started()
    await answer(worker, "prints")
    detail = failure(await answer(worker, "crashes")).error.detail
    _, _, said = detail.partition("The last lines of its log:\n")
    lines = said.splitlines()
    assert lines[:2] == [
        "native: tensor 7 is out of bounds",
        "Fatal Python error: Segmentation fault",
    ]
    assert len(lines) <= 6
    assert "in segfault" in said, "of the threads' stacks that of the crash is kept"
    assert not any("most recent call first" in line for line in lines)


@pytest.mark.parametrize("name", ["SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGTERM"])
async def test_every_signal_has_its_name(started: Starter, name: str) -> None:
    events = await answer(await started(), f"dies {signal.Signals[name].value}")
    assert name in failure(events).error.detail


async def test_a_kill_from_outside_points_at_memory(started: Starter) -> None:
    worker = await started()
    stream = worker.generate(asking("endless"), Cancel())
    await anext(stream)
    os.kill(worker.pid or 0, signal.SIGKILL)
    error = failure([event async for event in stream]).error
    assert "SIGKILL" in error.detail
    assert "emory" in error.remedy


async def test_an_exit_code_is_told(started: Starter) -> None:
    assert "exit code 7" in failure(await answer(await started(), "exits 7")).error.detail
    assert "exit code 0" in failure(await answer(await started(), "exits 0")).error.detail


async def test_a_crash_in_another_question(started: Starter) -> None:
    worker = await started()
    with pytest.raises(G4tuiError, match="SIGSEGV") as caught:
        await worker.count_tokens([Message("user", "segfault")])
    assert caught.value.info.kind == "crashed"


async def test_a_crash_while_nothing_is_asked(started: Starter) -> None:
    worker = await started()
    os.kill(worker.pid or 0, signal.SIGSEGV)
    assert await ended(worker.pid or 0)
    assert isinstance((await answer(worker, "words 1"))[-1], Failed)
    assert not worker.alive
    assert isinstance((await answer(worker, "words 1"))[-1], Failed)


async def test_all_who_wait_hear_of_a_crash(started: Starter) -> None:
    worker = await started()
    stream = worker.generate(asking("endless"), Cancel())
    await anext(stream)
    os.kill(worker.pid or 0, signal.SIGABRT)
    with pytest.raises(G4tuiError):
        await worker.tokenize("x")
    assert isinstance([event async for event in stream][-1], Failed)


@pytest.mark.parametrize("kind", range(6))
async def test_nonsense_ends_the_worker(started: Starter, kind: int) -> None:
    worker = await started()
    events = await answer(worker, f"garbage {kind}")
    assert text_of(events) == "So "
    assert failure(events).error.kind == "protocol"
    assert not worker.alive
    await worker.close()
    assert worker.exit is not None
    assert worker.exit.reason == "protocol"
    assert worker.exit.counts_as_crash


async def test_a_closed_pipe_ends_the_worker(started: Starter) -> None:
    worker = await started()
    assert failure(await answer(worker, "closes_pipe")).error.kind == "protocol"
    assert await ended(worker.pid or 0)


async def test_silence_for_too_long_ends_the_worker(started: Starter) -> None:
    worker = await started(limits=Limits(silence_s=0.3))
    events = await answer(worker, "hangs")
    assert text_of(events) == "So "
    error = failure(events).error
    assert error.kind == "timeout"
    assert "answering" in error.title
    assert await ended(worker.pid or 0)


async def test_signs_of_life_keep_a_slow_load_going(make_worker: Maker) -> None:
    worker = make_worker("slow", limits=Limits(load_s=0.25))  # the whole load takes longer
    seen: list[Progress] = []
    await worker.start(seen.append)
    assert [step.phase for step in seen] == ["load"] * len(seen)
    steps = [step.done for step in seen]
    assert steps == sorted(set(steps))
    assert steps[-1] == seen[-1].total == 1000
    assert len(steps) > 3


@pytest.mark.parametrize(
    ("model", "kind", "said"),
    [
        ("missing", "missing", "No such model"),
        ("raises", "plugin", "KeyError: 'tensors'"),
        ("exits", "crashed", "native: unknown architecture"),
        ("crashes", "crashed", "SIGSEGV"),
        ("killed", "crashed", "Memory is the likely cause"),
        ("hangs", "timeout", "loading"),
        ("no-engine", "plugin", "NoneType"),
    ],
)
async def test_a_load_that_fails(make_worker: Maker, model: str, kind: str, said: str) -> None:
    worker = make_worker(model, limits=Limits(load_s=1.0 if model == "hangs" else 600))
    with pytest.raises(G4tuiError) as caught:
        await worker.start()
    assert caught.value.info.kind == kind
    assert said in str(caught.value)
    assert caught.value.info.remedy
    assert not worker.alive
    assert not running(worker.pid or 0)


async def test_a_wrong_setting_is_named(make_worker: Maker) -> None:
    with pytest.raises(G4tuiError, match="treads") as caught:
        await make_worker(treads=3).start()
    assert caught.value.info.kind == "config"
    with pytest.raises(G4tuiError, match="threads"):
        await make_worker(threads="many").start()


async def test_a_child_of_another_version_is_refused(
    make_worker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("g4tui.worker.protocol.PROTOCOL", 2)
    worker = make_worker()
    with pytest.raises(G4tuiError, match="version 1") as caught:
        await worker.start()
    assert caught.value.info.kind == "protocol"
    assert not running(worker.pid or 0)


async def test_a_python_that_does_not_start(
    make_worker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/nonexistent/python")
    with pytest.raises(G4tuiError, match="cannot be started"):
        await make_worker().start()
    monkeypatch.setattr("sys.executable", "/bin/cat")
    with pytest.raises(G4tuiError) as caught:
        await make_worker().start()
    assert caught.value.info.kind in ("protocol", "crashed")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (protocol.Loaded(1, 9, False), "did not greet first"),
        (protocol.Hello(protocol.PROTOCOL + 1), f"version {protocol.PROTOCOL + 1}"),
    ],
    ids=["no greeting", "another version"],
)
async def test_who_does_not_greet_as_we_do_is_no_worker(
    make_worker: Maker, monkeypatch: pytest.MonkeyPatch, said: protocol.Reply, why: str
) -> None:
    line = protocol.encode(said).decode().strip()
    script = f"print({line!r}, flush=True); import sys; sys.stdin.read()"
    command = [sys.executable, "-c", script]
    monkeypatch.setattr(process, "command", lambda lifeline: command)
    stranger = make_worker()
    assert (stranger.context, stranger.can_continue, stranger.alive) == (0, False, False)
    with pytest.raises(G4tuiError, match=why) as raised:
        await stranger.start()
    assert raised.value.info.kind == "protocol"
    assert not stranger.alive
