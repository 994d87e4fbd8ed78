"""Files in and out in the real program, with an exporter of somebody else."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from g4tui.core import Message
from g4tui.paths import Paths
from g4tui.store import Store
from support.chatgpt import many
from support.distributions import ECHO_BACKEND, TITLES_EXPORTER, make_distribution
from support.terminal import Terminal

PROGRAM = Path(sys.executable).with_name("g4tui")


@pytest.fixture
def session(home: Path) -> str:
    """A talk in the library."""
    store = Store.open(Paths.from_environment({"G4TUI_HOME": str(home)}).database)
    made = store.create_session(title="A talk", model="echo:one").id
    store.add_message(made, None, Message("user", "hello there"))
    store.close()
    return made


@pytest.fixture
def terminal(
    home: Path, session: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Terminal]:
    """The program at that talk, in 80x24."""
    site = tmp_path / "site"
    make_distribution(site, "echo", ECHO_BACKEND)
    make_distribution(site, "titles", TITLES_EXPORTER)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    environment = {"G4TUI_HOME": str(home), "PYTHONPATH": str(site)}
    with Terminal(
        [PROGRAM, "--session", session], environment=environment, columns=80, rows=24
    ) as started:
        started.wait_for("hello there", "Palette")
        yield started


def test_f7_offers_every_format_and_writes_the_one_that_is_chosen(
    terminal: Terminal, tmp_path: Path
) -> None:
    terminal.press("f7")
    seen = terminal.wait_for("Export this chat as", "Titles only")
    formats = ("Markdown", "HTML page", "JSON, everything", "Messages as JSONL", "Titles only")
    rows = [line for line in seen.splitlines() if any(each in line for each in formats)]
    assert len(rows) == len(formats)
    steps = next(at for at, row in enumerate(rows) if "Titles only" in row)
    terminal.press(*["down"] * steps, "enter")
    terminal.wait_for("Export to", "A-talk.titles")
    terminal.press("enter")
    terminal.wait_for("Exported to")
    assert (tmp_path / "work" / "A-talk.titles").read_text() == "A talk\n"


def test_chats_are_imported_from_the_palette(terminal: Terminal, home: Path) -> None:
    Path("conversations.json").write_text(json.dumps(many(30, turns=2)))
    for name, told in (
        ("conversations.json", "30 chats imported"),
        ("conversations.json", "30 here already"),
        ("nothing.json", "is not there"),
    ):
        terminal.press("ctrl+p")
        terminal.wait_for("Search for commands")
        terminal.type("import chats\r")
        terminal.wait_for("Import from", "ChatGPT")
        terminal.type(f"{name}\r")
        terminal.wait_for(told)
    store = Store.open(Paths.from_environment({"G4TUI_HOME": str(home)}).database)
    assert len(store.sessions()) == 31
    store.close()
