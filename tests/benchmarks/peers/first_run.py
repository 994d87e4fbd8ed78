"""What a person sees who starts a program with no key, server or settings, and says hello."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.peers.programs import Program, settle
from support.terminal import Terminal

WATCHED_S, LOOK_S = 12.0, 0.5
WRONG = ("error", "not ", "no ", "failed", "missing", "cannot", "required")
ABOUT = ("key", "connect", "server", "model")
FRAME = re.compile(r"[─-▟▕▎│]+")


def first_run(program: Program, home: Path, kept: Path) -> str:
    """The line that tells the most of what is missing; both screens go to the file `kept`."""
    seen: dict[str, int] = {}
    with program.first(home) as terminal:
        first = _watched(terminal, seen)
        terminal.type("Hello")
        settle(terminal)
        terminal.press(program.send)
        second = _watched(terminal, seen)
    kept.write_text(f"{first}\n{'=' * 120}\n{second}\n", encoding="utf-8")
    telling = max(seen, key=lambda line: seen[line], default="")
    return telling if telling and seen[telling] else f"no line about it in {2 * WATCHED_S:.0f} s"


def _watched(terminal: Terminal, seen: dict[str, int]) -> str:
    """The last screen; every line on the way there, with the number of its telling words."""
    ended = time.monotonic() + WATCHED_S
    while time.monotonic() < ended:
        for line in _lines(terminal.text()):
            wrong, about = (sum(word in line.lower() for word in each) for each in (WRONG, ABOUT))
            seen[line] = wrong * about
        time.sleep(LOOK_S)
    return terminal.text()


def _lines(screen: str) -> Iterator[str]:
    for row in screen.splitlines():
        yield from filter(None, (part.strip() for part in FRAME.split(row)))
