"""How soon a program answers `--version` and `--help`, and how soon its first screen is there."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.bench_tui import HERE, in_terminal
from benchmarks.peers.programs import Program
from benchmarks.peers.server import RATES
from benchmarks.peers.stream import Server

PATH = {"PATH": os.environ["PATH"]}
NOTHING = [sys.executable, "-c", "pass"]
TERMINAL_ANSWERS = {b"\x1b[c": b"\x1b[?62;22c", b"\x1b[16t": b"\x1b[6;20;10t"}
"""What a terminal says when it is asked what it can do and how large a letter is."""


def seconds(command: Sequence[str | Path], environment: dict[str, str] | None = None) -> float:
    """Until it ended."""
    began = time.perf_counter()
    subprocess.run(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True
    )
    return time.perf_counter() - began


def bare_paint() -> float:
    """Seconds of a Textual application of one line."""
    command = [sys.executable, str(HERE / "bare_app.py")]
    return in_terminal(command, {}, lambda output: b"Bare and painted" in output)


def paint(program: Program, home: Path, server: Server) -> float:
    """Seconds until there is a place to type."""
    model = f"rate-{RATES[0]}"
    if not any(home.iterdir()):
        program.configure(home, server.address, model)
    command = [str(program.command), *program.arguments(model)]
    return in_terminal(
        command, program.environment(home), lambda out: program.painted in out, TERMINAL_ANSWERS
    )
