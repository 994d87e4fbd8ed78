"""Plugins that raise, hang or are from another time, in the real program: the chat goes on."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.distributions import ECHO_BACKEND, RAISES, WRONG_API, make_distribution
from support.terminal import Terminal

HANGS = """
import threading
G4TUI_API = 1
threading.Event().wait()
"""
PROGRAM = Path(sys.executable).with_name("g4tui")


@pytest.fixture
def terminal(home: Path, tmp_path: Path) -> Iterator[Terminal]:
    """The program with one plugin that works among three that do not."""
    site = tmp_path / "site"
    make_distribution(site, "raises", RAISES)
    make_distribution(site, "hangs", HANGS)
    make_distribution(site, "older", WRONG_API)
    make_distribution(site, "echo", ECHO_BACKEND)
    environment = {"G4TUI_HOME": str(home), "PYTHONPATH": str(site)}
    with Terminal(
        [PROGRAM, "--model", "echo:one"], environment=environment, columns=100, rows=30
    ) as started:
        yield started


def test_the_chat_is_there_answers_and_ends_at_once(terminal: Terminal) -> None:
    terminal.wait_for("Ask something")
    terminal.type("Is anybody there\r")
    seen = terminal.wait_for("You", "Is anybody there", "one")
    terminal.wait_for("ctx")
    assert "Traceback" not in seen
    terminal.press("ctrl+q")
    assert terminal.wait_exit(5) == 0, "a plugin that hangs at import holds up nothing"
    assert b"Traceback" not in terminal.raw


def test_the_plugins_screen_says_what_is_wrong_with_each(terminal: Terminal) -> None:
    terminal.wait_for("Ask something")
    terminal.press("ctrl+p")
    terminal.wait_for("New chat", "Search for commands")
    terminal.type("plugins\r")
    terminal.wait_for("raises", "hangs", "older", "echo", "✗ failed")
    terminal.wait_for("5,0")  # the one that hangs is given up
    rows = [line for line in terminal.text().splitlines() if " ms  " in line]
    for name, fault in (("hangs", "still importing"), ("older", "99"), ("raises", "no luck")):
        place = next(number for number, line in enumerate(rows) if f" {name} " in line)
        terminal.press("home", *["down"] * place)
        terminal.wait_for(f"From {name} 1.0", fault)
    assert "Stop" not in terminal.text(), "nothing is being answered"
    terminal.press("ctrl+q")
    assert terminal.wait_exit(5) == 0
