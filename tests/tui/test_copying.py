"""Copying in a real terminal: what arrives there, and whether the toast tells the truth."""

import base64
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from support.terminal import Terminal

SUPPORT = Path(__file__).parent.parent / "support"
ANSWER = "alpha beta gamma\n\n```python\nprint('copied')\n```"
TMUX = """#!/bin/sh
case "$1 $2" in
  "load-buffer -w") cat > "$BUFFER" ;;
  "load-buffer -") cat > "$BUFFER" ;;
  display-message*) echo "$FEATURES" ;;
esac
"""


@contextmanager
def answered(home: Path, **environ: str) -> Iterator[Terminal]:
    """The program with one answer on its screen, and the focus on it."""
    home.mkdir(parents=True, exist_ok=True)
    script = home / "script.json"
    script.write_bytes(msgspec.json.encode([ANSWER]))
    environment = {"G4TUI_HOME": str(home), "PYTHONPATH": str(SUPPORT.parent), "HOME": str(home)}
    command = [sys.executable, SUPPORT / "scripted_tui.py", home, script]
    with Terminal(command, environment=environment | environ, columns=80, rows=24) as terminal:
        terminal.wait_for("Ask something")
        terminal.type("Go")
        terminal.press("enter")
        terminal.wait_for("gamma", "copied", "tok/s")
        terminal.press("esc")
        terminal.wait_for("Regenerate")
        yield terminal


def osc52(text: str) -> bytes:
    return b"\x1b]52;c;" + base64.b64encode(text.encode()) + b"\x07"


def test_a_plain_terminal_is_sent_it_and_not_said_to_have_taken_it(home: Path) -> None:
    with answered(home) as terminal:
        terminal.press("y")
        terminal.wait_for("Sent to the terminal, which may keep")
        terminal.wait_raw(osc52(ANSWER))
        terminal.press("Y")
        terminal.wait_for("Copy or save")
        terminal.press("1")
        terminal.wait_raw(osc52("print('copied')"))


def test_words_are_selected_with_the_mouse(home: Path) -> None:
    with answered(home) as terminal:
        rows = terminal.text().splitlines()
        y, line = next((y, row) for y, row in enumerate(rows, 1) if "gamma" in row)
        start, end = line.index("beta") + 1, line.index("gamma") + len("gamma") + 1
        terminal.type(f"\x1b[<0;{start};{y}M\x1b[<32;{start + 2};{y}M\x1b[<32;{end};{y}M")
        terminal.type(f"\x1b[<0;{end};{y}m")
        terminal.press("ctrl+c")
        terminal.wait_raw(osc52("beta gamma"))


def test_a_terminal_without_a_clipboard_gets_a_file(home: Path) -> None:
    with answered(home, TERM="linux") as terminal:
        terminal.press("y")
        terminal.wait_for("Saved to")
        (file,) = (home / "data" / "copied").iterdir()
        assert file.read_text() == ANSWER
        assert b"\x1b]52" not in terminal.raw


@pytest.mark.parametrize(
    ("features", "told"), [("256,clipboard", "and sent"), ("256", "buffer alone")]
)
def test_in_tmux_its_buffer_takes_it(home: Path, tmp_path: Path, features: str, told: str) -> None:
    tool = tmp_path / "bin" / "tmux"
    tool.parent.mkdir()
    tool.write_text(TMUX)
    tool.chmod(0o755)
    buffer = tmp_path / "buffer"
    path = f"{tool.parent}{os.pathsep}{os.environ['PATH']}"
    environ = {"PATH": path, "TMUX": "x", "BUFFER": str(buffer), "FEATURES": features}
    with answered(home, **environ) as terminal:
        terminal.press("y")
        terminal.wait_for(told)
        assert buffer.read_text() == ANSWER
        assert b"\x1b]52" not in terminal.raw
