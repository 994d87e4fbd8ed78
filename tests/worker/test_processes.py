"""The child as a process: its surroundings, its end, its log."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from g4tui.core import Cancel
from g4tui.worker import Limits, Worker
from g4tui.worker.logfile import MAX_BYTES, LogFile
from support.processes import ended, running
from support.workers import answer, asking, text_of

Starter = Callable[..., Awaitable[Worker]]

HOST = """
import asyncio, sys
from pathlib import Path
from support.workers import asking, fake_worker
from g4tui.core import Cancel

async def main() -> None:
    worker = fake_worker(Path(sys.argv[1]), journal=sys.argv[1] + "/journal")
    await worker.start()
    async for event in worker.generate(asking(sys.argv[2]), Cancel()):
        print(worker.pid, getattr(event, "text", ""), flush=True)

asyncio.run(main())
"""


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person's shell may hold."""
    for name in (
        "OPENAI_API_KEY",
        "ANTHROPIC_API_KEY",
        "HF_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "GGML_API_KEY",
        "MY_PASSWORD",
        "https_proxy",
        "SOMETHING",
    ):
        monkeypatch.setenv(name, "sk-secret")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")


@pytest.mark.usefixtures("secrets")
async def test_no_secret_reaches_the_child(started: Starter) -> None:
    worker = await started(extra_env={"NATIVE_PLUGIN_PATH": "/x", "NATIVE_API_KEY": "sk-secret"})
    seen = json.loads(text_of(await answer(worker, "mirror")))
    assert "sk-secret" not in json.dumps(seen)
    environment = seen["environment"]
    assert environment["NATIVE_PLUGIN_PATH"] == "/x"
    assert environment["LC_ALL"] == "C.UTF-8"
    assert environment["OMP_WAIT_POLICY"] == "passive"
    assert environment["PATH"] == os.environ["PATH"]
    assert seen["secret"] is None


async def test_the_childs_surroundings(started: Starter) -> None:
    seen = json.loads(text_of(await answer(await started(), "mirror")))
    assert seen["core_limit"] == 0
    assert seen["session_leader"]
    assert int(seen["oom_score_adj"]) > int(Path("/proc/self/oom_score_adj").read_text())
    for module in ("asyncio", "textual", "click", "sqlite3", "llama_cpp", "g4tui.worker.host"):
        assert module not in seen["modules"]


async def test_a_file_in_the_working_directory_is_no_module_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: Starter
) -> None:
    (tmp_path / "msgspec.py").write_text("raise SystemExit('hijacked')")
    monkeypatch.chdir(tmp_path)
    assert (await started()).alive


@pytest.mark.parametrize("script", ["endless", "waits", "hangs", "ignores_term", "holds_lock"])
async def test_the_child_of_a_killed_host_ends(tmp_path: Path, script: str) -> None:
    command = [sys.executable, "-c", HOST, str(tmp_path), script]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folder for folder in sys.path)}
    host = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, env=environment, limit=1 << 24
    )
    assert host.stdout is not None
    pid = int((await host.stdout.readline()).split()[0])
    assert running(pid)
    host.kill()
    await host.wait()
    assert await ended(pid)
    saved = (tmp_path / "journal").read_text().split() == ["generate", "idle", "close"]
    assert saved == (script in ("endless", "waits"))


async def test_what_the_child_started_ends_with_it(started: Starter) -> None:
    worker = await started(limits=Limits(stop_s=0.1, term_s=0.1))
    cancel = Cancel()
    events = []
    async for event in worker.generate(asking("family"), cancel):
        events.append(event)
        cancel.request()
    assert await ended(int(text_of(events)))


async def test_a_crash_is_seen_though_something_holds_the_pipe(started: Starter) -> None:
    worker = await started()
    stream = worker.generate(asking("family"), Cancel())
    first = await anext(stream)
    os.kill(worker.pid or 0, signal.SIGSEGV)
    events = [event async for event in stream]
    assert "SIGSEGV" in str(events[-1])
    assert await ended(int(text_of([first])))


async def test_a_stopped_process_can_still_be_ended(started: Starter) -> None:
    worker = await started(limits=Limits(stop_s=0.1, term_s=0.1))
    cancel = Cancel()
    async for _ in worker.generate(asking("endless"), cancel):
        if not cancel.requested:
            os.kill(worker.pid or 0, signal.SIGSTOP)
            cancel.request()
    assert not running(worker.pid or 0)


async def test_the_log_stays_short_and_private(started: Starter) -> None:
    worker = await started()
    await answer(worker, "prints 20000")
    async with asyncio.timeout(20):
        while worker.log_path.stat().st_size > MAX_BYTES:
            await asyncio.sleep(0.05)
    await answer(worker, "prints 1")
    assert worker.log_path.read_text().endswith("logged by the host\n")
    assert stat.S_IMODE(worker.log_path.stat().st_mode) == 0o600


async def test_the_log_before_is_kept(make_worker: Callable[..., Worker], tmp_path: Path) -> None:
    worker = make_worker()
    worker.log_path.parent.mkdir()
    worker.log_path.write_text("from yesterday")
    await worker.start()
    assert worker.log_path.with_name(worker.log_path.name + ".1").read_text() == "from yesterday"
    assert worker.log_path.read_text() == ""


async def test_no_log_is_no_reason_not_to_answer(
    make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    worker = make_worker()
    await worker.start()
    assert "SIGSEGV" in str((await answer(worker, "crashes"))[-1])


def test_a_log_leaves_no_file_open_nor_any_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("where the folder should be")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "elsewhere"))
    descriptors = set(Path("/proc/self/fd").iterdir())
    for path in (tmp_path / "file" / "log", tmp_path / "logs" / "log"):
        log = LogFile(path)
        os.write(log.descriptor, b"said\n")
        assert log.tail() == "said"
        log.close()
    assert set(Path("/proc/self/fd").iterdir()) == descriptors
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_the_tail_of_a_log_is_fit_to_read(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "log")
    frames = "".join(f'  File "/a/b.py", line {number} in call\n' for number in range(40))
    text = f"ggml: assert failed\n\n{'x' * 5000}\n\xffFatal Python error: Aborted\n{frames}"
    os.write(log.descriptor, text.encode("latin-1") + b"Extension modules: numpy (total: 1)\n")
    lines = log.tail().splitlines()
    log.close()
    assert lines[0] == "ggml: assert failed"
    assert lines[2] == "\ufffdFatal Python error: Aborted"
    assert len(lines) == 5
    assert max(map(len, lines)) <= 200


def test_run_by_a_person_it_says_what_it_is() -> None:
    master, terminal = os.openpty()
    command = [sys.executable, "-P", "-m", "g4tui.worker"]
    done = subprocess.run(command, stdin=terminal, capture_output=True, text=True, timeout=60)
    os.close(master)
    os.close(terminal)
    assert done.returncode == 1
    assert "g4tui ask" in done.stderr
