"""An answer of 2,000 Markdown tokens: what it costs, how far the screen is behind, and the keys."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.peers.programs import Program
from benchmarks.peers.server import QUESTION, TOKENS, marks
from benchmarks.peers.sight import first_seen
from support.terminal import Terminal

TYPED = "QWXZJVKYHB"
"""Typed while the answer streams: no two of these letters stand side by side in it."""
FIRST_KEY_S, KEY_S = 1.0, 0.7
GRACE_S = 30.0
"""Waited at most for the last mark after it was sent, and while the program is busy."""
IDLE, LOOK_S = 0.15, 1.0
"""A program that uses less of a core for so long has drawn all that it will draw."""
TESTS = Path(__file__).parents[2]


class Server:
    """The model server: where it is, and when it sent which mark of its last answer."""

    def __init__(self, port: int, log: Path) -> None:
        self.address = f"127.0.0.1:{port}"
        self._log = log

    def answers(self) -> list[dict[str, float]]:
        """Of every answer that came to its end, when each mark was sent."""
        return [json.loads(line) for line in self._log.read_text().splitlines()]


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A server in a process of its own, so that it keeps its pace."""
    log = folder / "sent.jsonl"
    log.touch()
    command = [sys.executable, "-m", "benchmarks.peers.server", str(log)]
    process = subprocess.Popen(command, cwd=TESTS, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Server(int(process.stdout.readline()), log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


class Streamed(NamedTuple):
    """Of one answer."""

    processor_s: float
    """Of the program and its children."""
    lags_s: list[float]
    """From sent to seen, of each mark that was ever seen."""
    last_seen: bool
    keys_s: list[float]


def processor(process: psutil.Process) -> float:
    """Seconds that a process and its children have used."""
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        times = each.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total


def streamed(program: Program, home: Path, server: Server, rate: int) -> Streamed:
    """Ask once in a new home."""
    model = f"rate-{rate}"
    program.configure(home, server.address, model)
    before = len(server.answers())
    with program.chat(home, model) as terminal:
        terminal.wait_for(program.ready)
        tree = psutil.Process(terminal.process.pid)
        program.ask(terminal, QUESTION)
        start = processor(tree)
        first = marks()[0].encode()
        terminal.wait_raw(first)
        keys = _type(terminal) if program.types_while_streaming else {}
        _await_answer(server, before, rate)
        _await_end(terminal, tree)
        spent = processor(tree) - start
    (sent,) = server.answers()[before:]
    seen = first_seen(bytes(terminal.raw), terminal.reads, [*sent, *keys])
    return Streamed(
        spent,
        [seen[mark] - moment for mark, moment in sent.items() if mark in seen],
        marks()[-1] in seen,
        [seen[text] - moment for text, moment in keys.items() if text in seen],
    )


def _type(terminal: Terminal) -> dict[str, float]:
    """What stands in the prompt after each key, and when that key was pressed."""
    pressed = {}
    due = time.monotonic() + FIRST_KEY_S
    for end in range(1, len(TYPED) + 1):
        time.sleep(max(0.0, due - time.monotonic()))
        pressed[TYPED[:end]] = time.monotonic()
        terminal.type(TYPED[end - 1])
        due += KEY_S
    del pressed[TYPED[0]]  # a letter by itself may stand anywhere
    return pressed


def _await_answer(server: Server, before: int, rate: int) -> None:
    """Until it was all sent; nobody looks at the screen meanwhile."""
    ended = time.monotonic() + 2 * TOKENS / rate + 60
    while len(server.answers()) == before:
        assert time.monotonic() < ended, "the program took no answer to its end"
        time.sleep(0.1)


def _await_end(terminal: Terminal, tree: psutil.Process) -> None:
    """Until the last mark is drawn, or will never be."""
    last = marks()[-1].encode()
    ended = time.monotonic() + GRACE_S
    while last not in terminal.raw and time.monotonic() < ended:
        spent = processor(tree)
        time.sleep(LOOK_S)
        if processor(tree) - spent < IDLE * LOOK_S:
            return
