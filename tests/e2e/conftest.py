"""The installed program, as a person has it, with the real model in a home of its own."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from g4tui.store import MessageRow, Store
from support.terminal import Terminal

Run = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., Terminal]
Messages = Callable[[], list[MessageRow]]
PROGRAM = Path(sys.executable).with_name("g4tui")


@pytest.fixture
def model_home(home: Path, default_model: Path) -> Path:
    """A fresh home that has the default model, set to say the same each time."""
    models = home / "data" / "models"
    models.mkdir(parents=True)
    os.link(default_model, models / default_model.name)
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text(
        "[chat.params]\ntemperature = 0.0\nrepeat_penalty = 1.0\n"
    )
    return home


@pytest.fixture
def g4tui(model_home: Path) -> Run:
    """Runs a command of the program to its end."""

    def run(*arguments: str, **named: Any) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "G4TUI_HOME": str(model_home)}
        named = {"timeout": 120, "stdin": subprocess.DEVNULL} | named
        if "input" in named:
            named.pop("stdin")
        return subprocess.run(
            [PROGRAM, *arguments], env=environment, capture_output=True, text=True, **named
        )

    return run


@pytest.fixture
def start(model_home: Path) -> Start:
    """Starts the program in a terminal; use as a context manager."""

    def open_terminal(*arguments: str, **named: Any) -> Terminal:
        environment = {"G4TUI_HOME": str(model_home)} | named.pop("environment", {})
        return Terminal([PROGRAM, *arguments], environment=environment, **named)

    return open_terminal


@pytest.fixture
def messages(model_home: Path) -> Iterator[Messages]:
    """What is saved of the newest session, from its first message to its head; read beside it."""
    store = Store.open(model_home / "data" / "library.sqlite3")

    def read() -> list[MessageRow]:
        sessions = store.sessions(limit=1)
        return store.path(sessions[0].id) if sessions else []

    yield read
    store.close()


def until(condition: Callable[[], bool], terminal: Terminal | None = None) -> None:
    """Look every few milliseconds until it holds; a minute and a half at most."""
    never = threading.Event()
    deadline = time.monotonic() + 90
    while not condition():
        screen = terminal.text() if terminal is not None else ""
        assert time.monotonic() < deadline, f"it did not come about; the screen:\n{screen}"
        never.wait(0.02)
