"""Engines that fail, crash, hang or talk nonsense: one error each, and no harm done."""

import os
import signal
import sys
from collections.abc import Awaitable, Callable

import pytest

from g4tui.core import Cancel, ErrorInfo, Failed, Finished, G4tuiError, Message, Progress
from g4tui.worker import Limits, Worker, exits, platform, process, protocol
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
    alive: set[bool] = set()
    await worker.start(lambda step: (seen.append(step), alive.add(worker.alive)))
    assert (alive, worker.alive) == ({False}, True), "while it loads it can be asked nothing"
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


class Stranger:
    """Says its next line whenever it is asked something, and nothing else."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *replies: protocol.Reply) -> None:
        lines = [protocol.encode(reply).decode().strip() for reply in replies]
        script = (
            f"import sys\nprint({protocol.encode(HELLO).decode().strip()!r}, flush=True)\n"
            f"for said in {lines!r}: sys.stdin.readline(); print(said, flush=True)\n"
            "sys.stdin.read()"
        )
        command = [sys.executable, "-c", script]
        monkeypatch.setattr(process, "command", lambda lifeline: command)


HELLO = protocol.Hello(protocol.PROTOCOL)


async def test_a_load_that_is_answered_with_something_else_fails(
    make_worker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    Stranger(monkeypatch, protocol.Counted(1, 5))
    with pytest.raises(G4tuiError, match="Counted is no answer to loading") as raised:
        await make_worker().start()
    assert raised.value.info.kind == "protocol"


async def test_an_answer_that_is_something_else_fails(
    make_worker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    Stranger(monkeypatch, protocol.Loaded(1, 9, False), protocol.Counted(2, 5))
    worker = make_worker()
    await worker.start()
    error = failure(await answer(worker, "words 1")).error
    assert (error.kind, "Counted is no part of an answer" in error.detail) == ("protocol", True)
    assert worker.crashed and not worker.alive


async def test_a_question_over_the_limit_of_a_line_is_refused_and_harms_nothing(
    started: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = await started()
    monkeypatch.setattr(protocol, "MAX_LINE", 1000)
    error = failure(await answer(worker, "words 1" + " " * 1000)).error
    assert (error.kind, "over the limit of 1,000" in error.detail) == ("usage", True)
    with pytest.raises(G4tuiError, match="over the limit"):
        await worker.tokenize("x" * 1000)
    assert text_of(await answer(worker, "words 1")) == "w0 "


async def test_without_a_python_of_its_own_it_says_what_to_install(
    make_worker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "")
    with pytest.raises(G4tuiError) as raised:
        await make_worker().start()
    assert (raised.value.info.kind, "Install" in raised.value.info.remedy) == ("missing", True)


async def test_a_place_without_lifelines_has_workers_all_the_same(
    started: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pipes that tell of the host's end by a signal are Linux's alone."""
    monkeypatch.setattr(platform, "make_lifeline", lambda: None)
    worker = await started()
    assert text_of(await answer(worker, "words 2")) == "w0 w1 "
    await worker.close()
    assert worker.exit is not None and worker.exit.reason == "closed"


@pytest.mark.parametrize("pid", [0, -1])
@pytest.mark.parametrize("end", [platform.ask_to_end, platform.kill])
def test_a_process_that_never_was_is_not_everybody(
    end: Callable[[int], None], pid: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To a group of number 0 or 1 belongs the program itself, or every process there is."""
    monkeypatch.setattr(os, "killpg", lambda *what: pytest.fail(f"signalled {what}"))
    with pytest.raises(ValueError, match="no child"):
        end(pid)


@pytest.mark.parametrize("leads", [True, False])
def test_an_orphan_takes_along_the_group_that_it_leads_and_no_other(
    monkeypatch: pytest.MonkeyPatch, leads: bool
) -> None:
    did: list[object] = []
    monkeypatch.setattr(os, "getpgrp", lambda: os.getpid() + (not leads))
    monkeypatch.setattr(os, "killpg", lambda *what: did.append(what))
    monkeypatch.setattr(os, "_exit", did.append)
    platform.end_orphan()
    assert did == ([(0, signal.SIGKILL), 0] if leads else [0])


def test_a_signal_without_a_name_is_told_by_its_number() -> None:
    assert exits.signal_name(-250) == "signal 250"
    assert [exits.signal_name(code) for code in (None, 0, 3)] == ["", "", ""]
