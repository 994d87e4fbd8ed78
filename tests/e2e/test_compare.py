"""Teacher beside student for real: a server nobody here wrote, and the model of this machine."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.conftest import Start, until
from g4tui.store import MessageRow, Store, TurnRow
from support.llama_server import llama_server
from support.terminal import Terminal

TEACHER, STUDENT = "openai@local:smollm2", "llama-cpp:smollm2-135m-instruct"
ENDLESS = "Tell me a very long story about the sea and a ship."
Turns = Callable[[], list[tuple[TurnRow, list[MessageRow]]]]


@pytest.fixture(scope="module")
def base_url(default_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`llama_cpp.server` with the real model."""
    with llama_server(
        default_model, tmp_path_factory.mktemp("server"), context=2048, alias="smollm2"
    ) as address:
        yield address


@pytest.fixture
def compare_home(model_home: Path, base_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose teacher is that server."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    lines = (
        "[chat.params]\ntemperature = 0.0\nmax_tokens = 24",
        f'[compare]\nteacher = "{TEACHER}"',
        "[backends.openai]\nfind_local = false",
        f'[backends.openai.servers.local]\nbase_url = "{base_url}"',
    )
    (model_home / "config" / "config.toml").write_text("\n".join(lines))
    return model_home


@pytest.fixture
def turns(compare_home: Path) -> Iterator[Turns]:
    """The compared turns as they are saved, with their answers; read beside the program."""
    store = Store.open(compare_home / "data" / "library.sqlite3")
    yield lambda: [(turn, store.messages(turn.shown)) for turn in store.turns()]
    store.close()


def ask(terminal: Terminal, text: str) -> None:
    terminal.type(text)
    terminal.press("enter")


def done(turns: Turns, count: int) -> Callable[[], bool]:
    """Whether so many turns are there and all of their answers have ended."""
    return lambda: (
        len(turns()) == count
        and all(row.state != "streaming" for _, rows in turns() for row in rows)
    )


def test_asked_together_judged_blind_and_nothing_lost_when_killed(
    start: Start, compare_home: Path, turns: Turns
) -> None:
    with start(columns=120, rows=40) as terminal:
        terminal.wait_for("Ask something")
        terminal.press("ctrl+t")
        terminal.wait_for(f"teacher  {TEACHER}", f"student  {STUDENT}")
        ask(terminal, "Name a fruit.")
        until(done(turns, 1), terminal)
        seen = terminal.wait_for("no vote yet", "1 Left better")
        assert seen.count("tok/s") == 2 and seen.count("first ") == 2
        terminal.press("1")
        terminal.wait_for("vote: left")

        terminal.press("ctrl+b")
        terminal.wait_for("Compare, blind ")
        ask(terminal, "Name an animal.")
        until(done(turns, 2), terminal)
        seen = terminal.wait_for("Answer A", "Answer B", "no vote yet")
        hints = ("openai@", "llama-cpp:", "tok/s", "teacher", "student", "$")
        assert not [hint for hint in hints if hint in seen.split("Name an animal.")[-1]], seen
        assert not [hint for hint in hints[:2] if hint in seen], seen
        terminal.press("2")
        terminal.wait_for(f"teacher  {TEACHER}", f"student  {STUDENT}", "vote: right, blind")
        terminal.press("ctrl+q")
        assert terminal.wait_exit() == 0

    config = compare_home / "config" / "config.toml"
    config.write_text(config.read_text().replace("max_tokens = 24", "max_tokens = 700"))
    session = turns()[0][0].session
    with start("--session", session, columns=80, rows=24) as terminal:
        terminal.wait_for("Name an animal.")
        terminal.press("ctrl+t")
        terminal.wait_for("vote: right, blind", "teacher", "student", "│")
        ask(terminal, ENDLESS)
        until(lambda: len(turns()) == 3 and all(_is_streaming(row) for row in turns()[2][1]))
        terminal.process.send_signal(signal.SIGKILL)
        terminal.wait_exit()
    kept = [row.message.text for row in turns()[2][1]]

    with start("--session", session, columns=120, rows=40) as terminal:
        terminal.wait_for("interrupted")
        terminal.press("ctrl+t")
        terminal.wait_for("teacher", "student", "no vote yet")
        _, answers = turns()[2]
        assert [row.state for row in answers] == ["interrupted"] * 2
        assert [row.message.text for row in answers] == kept and all(kept)
        for row in answers:
            words = row.message.text.split()[-1]
            assert words in terminal.text()
        votes = [vote for turn, _ in turns() for vote in turn.votes]
        assert [(vote.verdict, vote.blind) for vote in votes] == [
            ("left", False),
            ("right", True),
        ]
        terminal.press("ctrl+q")
        assert terminal.wait_exit() == 0


def _is_streaming(row: MessageRow) -> bool:
    """Whether it has begun and goes on: that both have, they do at the same time."""
    return row.state == "streaming" and bool(row.message.text)
