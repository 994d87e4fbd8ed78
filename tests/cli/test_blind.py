"""Until the names of a blind turn are seen, no command tells who wrote which of its answers."""

from collections.abc import Callable
from pathlib import Path

import pytest

from g4tui.paths import Paths
from g4tui.store import Store
from support.blind import STUDENT, TEACHER, hidden_turn, without_ids
from support.command_line import Result

G4tui = Callable[..., Result]
SESSION, ANSWER = "SESSION", "ANSWER"
COMMANDS = (
    ("sessions", "list"),
    ("sessions", "list", "--json"),
    ("sessions", "show", SESSION),
    ("sessions", "show", SESSION, "--json"),
    ("sessions", "star", ANSWER, "--json"),
    ("sessions", "search", "stands", "--json"),
    ("sessions", "search", "stands", "--model", TEACHER, "--json"),
    ("sessions", "search", "--model", STUDENT, "--json"),
    ("sessions", "search", "asked", "--model", TEACHER, "--json"),
    ("sessions", "export", SESSION, "--format", "markdown"),
    ("sessions", "export", SESSION, "--format", "html"),
    ("sessions", "export", SESSION, "--format", "json"),
    ("sessions", "export", SESSION, "--format", "jsonl"),
    ("votes", "list", "--json"),
    ("votes", "ratings", "--json"),
    ("votes", "export", "--format", "sft"),
    ("votes", "export", "--format", "preference"),
)


@pytest.fixture
def told(
    g4tui: G4tui, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[tuple[str, ...], bool], str]:
    """What a command says of a hidden turn whose left answer failed.

    `turned`: the teacher's answer stands at the right.
    """

    def call(command: tuple[str, ...], turned: bool) -> str:
        home = tmp_path / f"{turned}"
        monkeypatch.setenv("G4TUI_HOME", str(home))
        paths = Paths.from_environment({"G4TUI_HOME": str(home)})
        store = Store.open(paths.database, clock=lambda: 1e9)
        turn = hidden_turn(store, turned=turned, fails=True)
        names = {SESSION: turn.session, ANSWER: turn.shown[1]}
        ended = g4tui(*(names.get(word, word) for word in command))
        said = without_ids(store, turn.session, ended.out + ended.err)
        store.close()
        return f"{ended.code}\n{said}"

    return call


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_what_is_told_is_the_same_whoever_wrote_which(
    told: Callable[[tuple[str, ...], bool], str], command: tuple[str, ...]
) -> None:
    said = told(command, False)
    assert said == told(command, True)
    assert "Let me think" not in said


def test_once_it_is_voted_on_the_names_are_told(g4tui: G4tui, home: Path, tmp_path: Path) -> None:
    store = Store.open(Paths.from_environment({"G4TUI_HOME": str(home)}).database)
    turn = hidden_turn(store, turned=True)
    store.vote(turn.id, "right")
    store.close()
    assert TEACHER in g4tui("sessions", "show", turn.session, "--json").out
    found = g4tui("sessions", "search", "stands", "--model", TEACHER, "--json").out
    assert turn.shown[1] in found and turn.shown[0] not in found
    out = tmp_path / "rows.jsonl"
    assert g4tui("votes", "export", "--format", "preference", "-o", str(out)).code == 0
    assert '"rejected_model":"teacher"' in out.read_text()
