"""The screen: how soon it is there, what two streams cost, how long a chat takes to open and stop.

Every program runs in a real pseudo-terminal of 120x40. Yardsticks: a Textual application of one
line, two of Textual's own Markdown widgets fed by `MarkdownStream` at the same flush, and a chat
of 50 messages.
"""

import asyncio
import fcntl
import gc
import json
import os
import pty
import random
import select
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from textual.events import Key  # noqa: E402

from benchmarks.bench_store import RAW, filled, row, texts  # noqa: E402
from support.distributions import ECHO_BACKEND, make_distribution  # noqa: E402

PLUGINS = 10
PAINTS = 11
OPENINGS = 12
LIMIT_S = 90.0
FOUND_SESSIONS, FOUND_EACH = 1_000, 100
TICK_S = 0.005
IDLE_S = 2.0


def in_terminal(
    command: Sequence[str],
    environment: Mapping[str, str],
    done: Callable[[bytes], bool],
    answers: Mapping[bytes, bytes] | None = None,
) -> float:
    """Run a program in a pseudo-terminal until `done` of its output; the seconds until then.

    It is killed afterwards. Without an end to wait for, `done` is never true: until it ends.
    `answers` are what the terminal says to what the program may ask of it.
    """
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    terminal = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={"PATH": os.environ["PATH"], **terminal, **environment},
        start_new_session=True,
    )
    os.close(slave)
    output = b""
    taken = 0.0
    try:
        while not taken:
            assert time.perf_counter() - began < LIMIT_S, output[-2000:]
            ready, _, _ = select.select([master], [], [], 1.0)
            try:
                data = os.read(master, 1 << 16) if ready else b""
            except OSError:  # it ended
                break
            output += data
            for asked, answer in (answers or {}).items():
                if asked in data:
                    os.write(master, answer)
            if done(output):
                taken = time.perf_counter() - began
    finally:
        if process.poll() is None and taken:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(LIMIT_S)
        os.close(master)
    if not taken and process.returncode:
        raise RuntimeError(output[-4000:].decode(errors="replace"))
    return taken or time.perf_counter() - began


def measured(name: str, folder: Path) -> Any:
    """What one of the programs of `tui_apps` measured of itself."""
    result = folder / "result.json"
    command = [sys.executable, str(HERE / "tui_apps.py"), name, str(result)]
    in_terminal(command, {}, lambda output: False)
    values = json.loads(result.read_text(encoding="utf-8"))
    result.unlink()
    return values


def paint_rows(folder: Path) -> bool:
    """The first frame with a place to type, ten plugins installed."""
    site = folder / "site"
    for number in range(PLUGINS):
        name = f"plugin-{number}"
        source = ECHO_BACKEND.replace('"echo"', f'"{name}"').replace("echo:", f"{name}:")
        make_distribution(site, name, source)
    ours = [str(Path(sys.executable).with_name("g4tui"))]
    bare = [sys.executable, str(HERE / "bare_app.py")]
    environment = {"G4TUI_HOME": str(folder / "home"), "PYTHONPATH": str(site)}
    taken: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(PAINTS):  # in turn, so that noise meets both alike
        taken["bare"].append(in_terminal(bare, {}, lambda out: b"Bare and painted" in out))
        taken["ours"].append(in_terminal(ours, environment, lambda out: b"Help" in out))
    middle = {name: sorted(values)[PAINTS // 2] for name, values in taken.items()}
    return row(
        f"first paint, {PLUGINS} plugins / a bare Textual app's",
        middle["ours"] / middle["bare"],
        1.4,
        f"{1e3 * middle['ours']:.0f} ms, {1e3 * middle['bare']:.0f} ms",
    )


def stream_rows(folder: Path) -> bool:
    """Two answers at 200 tokens a second each."""
    rounds: dict[str, list[dict[str, float]]] = {}
    for _ in range(3):
        for name in ("bare-streams", "our-streams", "streams"):
            rounds.setdefault(name, []).append(measured(name, folder))
    best = {name: min(each, key=lambda one: one["processor"]) for name, each in rounds.items()}
    bare, widgets, chat = (best[name] for name in ("bare-streams", "our-streams", "streams"))
    missed = False
    for label, ours in (("two transcripts side by side", widgets), ("two chats, saved", chat)):
        missed |= row(
            f"processor for {label} / two MarkdownStreams",
            ours["processor"] / bare["processor"],
            1.2,
            f"{_share(ours)}, {_share(bare)} of a core",
        )
    for key, budget_s in (("p95", 0.016), ("p99", 0.050)):
        lag, other = (
            min(each[key] for each in rounds[name]) for name in ("streams", "bare-streams")
        )
        missed |= row(
            f"loop lag {key} of two chats / {1e3 * budget_s:.0f} ms",
            lag / budget_s,
            1.0,
            f"{1e3 * lag:.1f} ms; two MarkdownStreams {1e3 * other:.1f} ms",
        )
    return missed


def compare_rows(folder: Path) -> bool:
    """The compare screen: two answers at 200 tokens a second each, and one beside a hung model."""
    names = ("bare-streams", "compared", "beside-hung")
    rounds: dict[str, list[dict[str, float]]] = {}
    for _ in range(3):
        for name in names:
            rounds.setdefault(name, []).append(measured(name, folder))
    best = {name: min(each, key=lambda one: one["processor"]) for name, each in rounds.items()}
    missed = row(
        "processor for the compare screen / two MarkdownStreams",
        best["compared"]["processor"] / best["bare-streams"]["processor"],
        1.2,
        f"{_share(best['compared'])}, {_share(best['bare-streams'])} of a core",
    )
    for key, budget_s in (("p95", 0.016), ("p99", 0.050)):
        lag, other = (
            min(each[key] for each in rounds[name]) for name in ("compared", "bare-streams")
        )
        missed |= row(
            f"loop lag {key} of the compare screen / {1e3 * budget_s:.0f} ms",
            lag / budget_s,
            1.0,
            f"{1e3 * lag:.1f} ms; two MarkdownStreams {1e3 * other:.1f} ms",
        )
    alone, both = (
        min(each["wall"] for each in rounds[name]) for name in ("beside-hung", "compared")
    )
    missed |= row(
        "a whole answer beside a hung model / beside one that answers",
        alone / both,
        1.05,
        f"{alone:.2f} s, {both:.2f} s",
    )
    return missed


def _share(values: dict[str, float]) -> str:
    return f"{100 * values['processor'] / values['wall']:.0f} %"


def stop_rows(folder: Path) -> bool:
    """From the key's event until nothing comes any more and the answer is saved."""
    silent = measured("stops", folder)
    worst = silent[len(silent) * 99 // 100]
    return row(
        "Esc to silence, p99 / 100 ms",
        worst / 0.1,
        1.0,
        f"{1e3 * worst:.1f} ms, median {1e3 * silent[len(silent) // 2]:.1f} ms",
    )


async def _opening(home: Path) -> tuple[float, float]:
    from g4tui.testing import ScriptedBackend
    from g4tui.tui.messages import SessionChosen
    from support.chat_app import driven_chat
    from support.rooms import make_rooms
    from support.screen_host import shown

    rooms = make_rooms(home, ScriptedBackend())
    source = texts(random.Random(1))
    (long,) = filled(rooms.store, 1, 10_000, source)
    (short,) = filled(rooms.store, 1, 50, source)
    last = {each: rooms.store.path(each)[-1].id for each in (long, short)}
    taken: dict[str, list[float]] = {long: [], short: []}
    async with driven_chat(rooms, size=(120, 40)) as ui:

        async def opened(session: str) -> float:
            began = time.perf_counter()
            ui.chat.post_message(SessionChosen(session))
            while ui.chat.transcript.entry(last[session]) is None:
                await asyncio.sleep(0)
            shown(ui.app)  # drawn
            return time.perf_counter() - began

        for _ in range(OPENINGS):
            for session in (long, short):
                taken[session].append(await opened(session))
                await ui.pilot.pause()
    rooms.store.close()
    return min(taken[long]), min(taken[short])


def opening_rows(folder: Path) -> bool:
    """From the choice in the list until the end of the chat is drawn."""
    long, short = asyncio.run(_opening(folder / "rooms"))
    detail = f"{1e3 * long:.0f} ms, {1e3 * short:.0f} ms"
    return row("opening 10,000 messages / 50, drawn", long / short, 2.0, detail)


class Found(NamedTuple):
    """Seconds: from each key to its hits on screen, and raw FTS5; the loop's lags, and what of each
    was its own work; the longest lag of an idle loop."""

    shown: list[float]
    raw: list[float]
    lags: list[float]
    worked: list[float]
    idle: float


async def _finding(home: Path) -> Found:
    from textual.widgets import Input

    from g4tui.store.fold import fts_query, phrases
    from g4tui.testing import ScriptedBackend
    from g4tui.tui.screens.find import FindScreen
    from support.chat_app import driven_chat
    from support.rooms import make_rooms

    rooms = make_rooms(home, ScriptedBackend())
    source = texts(random.Random(2))
    filled(rooms.store, FOUND_SESSIONS, FOUND_EACH, source)
    words = next(source).split()
    typed = [" ".join(words[start : start + 2]).lower()[:14] for start in range(0, 8, 2)]
    shown: list[float] = []
    raw: list[float] = []
    lags: list[float] = []
    worked: list[float] = []

    async def watch() -> None:
        while True:
            due, spent = time.perf_counter() + TICK_S, time.thread_time()
            await asyncio.sleep(TICK_S)
            lags.append(time.perf_counter() - due)
            worked.append(time.thread_time() - spent)

    database = sqlite3.connect(rooms.paths.database)
    async with driven_chat(rooms, size=(120, 40)) as ui:
        await ui.press("ctrl+f")
        await ui.until(lambda: isinstance(ui.app.screen, FindScreen))
        screen = ui.app.screen
        assert isinstance(screen, FindScreen)
        await ui.pilot.pause()
        gc.collect()
        gc.freeze()  # what filling the library left is no part of a chat
        watcher = asyncio.create_task(watch())
        await asyncio.sleep(IDLE_S)
        idle = max(lags, default=0.0)
        lags.clear()
        worked.clear()
        for text in typed:
            screen.query_one("#query", Input).value = ""
            await ui.until(lambda: screen._shown == screen._wanted)
            for end in range(1, len(text) + 1):
                began = time.perf_counter()
                ui.app.post_message(Key("x", text[end - 1]))
                wanted = text[:end]
                while screen._shown.text != wanted:
                    await asyncio.sleep(0.001)
                shown.append(time.perf_counter() - began)
        watcher.cancel()
    for text in typed:
        for end in range(1, len(text) + 1):
            if asked := phrases(text[:end]):
                began = time.perf_counter()
                database.execute(RAW, (fts_query(asked, True),)).fetchall()
                raw.append(time.perf_counter() - began)
    database.close()
    rooms.store.close()
    return Found(sorted(shown), sorted(raw), sorted(lags), sorted(worked), idle)


def find_rows(folder: Path) -> bool:
    """Ctrl+F over 100,000 messages, letter by letter."""
    from g4tui.tui.screens.find import PAUSE_S

    shown, raw, lags, worked, idle = asyncio.run(_finding(folder / "found"))
    middle, plain = shown[len(shown) // 2], sum(raw) / len(raw)
    missed = row(
        "key to hits, 100,000 messages / pause and raw FTS5",
        middle / (PAUSE_S + plain),
        3.0,
        f"{1e3 * middle:.0f} ms, of which {1e3 * PAUSE_S:.0f} ms pause; raw {1e3 * plain:.1f} ms",
    )
    missed |= row(
        "  the loop's longest stall meanwhile / 50 ms",
        lags[-1] / 0.05,
        1.0,
        f"{1e3 * lags[-1]:.0f} ms, p99 {1e3 * lags[len(lags) * 99 // 100]:.1f} ms; "
        f"of its own work {1e3 * worked[-1]:.0f} ms; idle {1e3 * idle:.0f} ms",
    )
    return missed


def main() -> int:
    """Print the rows; 1 if a budget was missed."""
    wanted = sys.argv[1:]
    missed = False
    parts = {
        "paint": paint_rows,
        "stream": stream_rows,
        "compare": compare_rows,
        "stop": stop_rows,
        "open": opening_rows,
        "find": find_rows,
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, part in parts.items():
            if not wanted or name in wanted:
                missed |= part(Path(folder))
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
