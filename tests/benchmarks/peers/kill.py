"""What of half an answer is there again after `kill -9`."""

import os
import signal
from pathlib import Path
from typing import NamedTuple

from benchmarks.peers.programs import Program, settle
from benchmarks.peers.server import MARK, QUESTION, RATES, marks
from benchmarks.peers.stream import Server

KILLED_AT = 10
"""The mark at which the program ends."""


class Kept(NamedTuple):
    """Of the answer, in marks; and whether the question is still there."""

    shown: int
    kept: int
    question: bool


def kept(program: Program, home: Path, server: Server) -> Kept:
    """Kill it in mid-answer, and look at what it shows when it is opened again."""
    model = f"rate-{RATES[0]}"
    program.configure(home, server.address, model)
    with program.chat(home, model) as terminal:
        terminal.wait_for(program.ready)
        program.ask(terminal, QUESTION)
        terminal.wait_raw(marks()[KILLED_AT - 1].encode())
        os.killpg(terminal.process.pid, signal.SIGKILL)
        terminal.wait_exit()
        shown = highest(terminal.text())
    with program.reopen(home, model) as terminal:
        again = settle(terminal)
    return Kept(shown, highest(again), QUESTION in again)


def highest(screen: str) -> int:
    """The number of the last mark on it."""
    return max((int(found[4:]) for found in MARK.findall(screen)), default=0)
