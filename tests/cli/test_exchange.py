"""`g4tui sessions export` and `import`: files in and out, whole or not at all."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from g4tui.core import Message
from g4tui.paths import Paths
from g4tui.store import Asked, Store
from support.chatgpt import many, written
from support.command_line import CommandLine, Result, command
from support.distributions import TITLES_EXPORTER, make_distribution
from support.terminal import Terminal

G4tui = Callable[..., Result]
HOSTILE = "evil \x1b]0;title\x07 \u202etext"
# As `ulimit -f` does: no file may grow beyond 100 kB, as on a disk that is full.
FULL_DISK = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
runpy.run_module("g4tui", run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    """An open library in the home."""
    opened = Store.open(Paths.from_environment({"G4TUI_HOME": str(home)}).database)
    yield opened
    opened.close()


def talk(store: Store, title: str, said: str = "hello") -> str:
    session = store.create_session(title=title).id
    asked = store.add_message(session, None, Message("user", said))
    store.add_message(session, asked.id, Message("assistant", "I see."))
    return session


def test_nothing_is_written_over_without_force(g4tui: G4tui, store: Store, tmp_path: Path) -> None:
    session = talk(store, "a talk")
    file = tmp_path / "mine.md"
    file.write_text("mine")
    code, out, err = g4tui("sessions", "export", session, "-o", str(file))
    assert (code, out) == (2, "")
    assert "mine.md is there already" in err
    assert "--force" in err
    assert file.read_text() == "mine"
    assert g4tui("sessions", "export", session, "-o", str(file), "--force").code == 0
    assert "# a talk" in file.read_text()
    assert file.stat().st_mode & 0o077 == 0, "for the person alone"


def test_into_a_folder_every_session_has_a_file_of_its_own(
    g4tui: G4tui, store: Store, tmp_path: Path
) -> None:
    for title in ("same", "same", "../up/and away", "CON", "", "😀"):
        talk(store, title)
    code, out, _ = g4tui("sessions", "export", "--all", "-o", str(tmp_path), "-f", "html")
    assert code == 0
    files = [Path(line) for line in out.splitlines()]
    assert len(set(files)) == 6
    assert {file.parent for file in files} == {tmp_path}
    names = {file.name for file in files}
    assert {"same.html", "same-2.html", "up-and-away.html", "session-CON.html"} <= names


def test_a_folder_that_is_missing_is_made(g4tui: G4tui, store: Store, tmp_path: Path) -> None:
    session = talk(store, "a talk")
    for output in ("new/deep/mine.md", "other/"):
        made = g4tui("sessions", "export", session, "-o", f"{tmp_path}/{output}")
        assert (made.code, made.err) == (0, "")
    assert "# a talk" in (tmp_path / "new" / "deep" / "mine.md").read_text()
    assert "# a talk" in (tmp_path / "other" / "a-talk.md").read_text()
    (tmp_path / "file").write_text("mine")
    code, out, err = g4tui("sessions", "export", session, "-o", str(tmp_path / "file" / "mine.md"))
    assert (code, out) == (1, "")
    assert "Not a directory" in err or "File exists" in err
    assert "choose another place" in err


@pytest.mark.parametrize("there", [False, True])
def test_a_disk_that_is_full_leaves_nothing_behind(
    process: CommandLine, store: Store, tmp_path: Path, there: bool
) -> None:
    session = talk(store, "long", "words " * 30_000)
    folder = tmp_path / "out"
    folder.mkdir()
    file = folder / "long.json"
    if there:
        file.write_text("as it was")
    done = process.run(
        [sys.executable, "-c", FULL_DISK, "sessions", "export", session, "-o", str(file), "--force"]
    )
    assert done.code == 1
    assert "The file could not be written" in done.err
    assert "Nothing was left there" in done.err
    assert "Traceback" not in done.err
    assert [each.read_text() for each in folder.iterdir()] == (["as it was"] if there else [])
    assert store.session(session).messages == 2


def test_what_a_killed_export_left_is_taken_away_by_the_next(
    g4tui: G4tui, store: Store, tmp_path: Path
) -> None:
    session = store.create_session(title="T").id
    left, running = (tmp_path / f".t.md.{name}.partial" for name in ("0123abcd", "abcd0123"))
    for file in (left, running):
        file.write_text("half")
    os.utime(left, (1, 1))
    code, _, err = g4tui("sessions", "export", session, "-f", "markdown", "-o", f"{tmp_path}/t.md")
    assert code == 0, err
    assert not left.exists() and running.exists()


def test_a_private_session_stays(g4tui: G4tui, store: Store, tmp_path: Path) -> None:
    talk(store, "open")
    secret = talk(store, "secret")
    store.update_session(secret, private=True)
    code, _, err = g4tui("sessions", "export", secret, "-o", str(tmp_path / "secret.json"))
    assert code == 2
    assert "private" in err
    assert g4tui("sessions", "export", "--all", "-o", str(tmp_path / "all.json")).code == 0
    assert "secret" not in (tmp_path / "all.json").read_text()
    assert [each.name for each in tmp_path.glob("*.json")] == ["all.json"]


def test_what_a_blind_comparison_hides_is_left_out_and_told(g4tui: G4tui, store: Store) -> None:
    session = store.create_session().id
    asked = [Asked(None, "model-one"), Asked(None, "model-two")]
    turn, sides = store.begin_compared(session, Message("user", "which?"), asked, blind=True)
    for _, answer in sides:
        store.finish_answer(answer.id, "complete", "this one")
    for format in ("json", "markdown", "html", "jsonl"):
        code, out, err = g4tui("sessions", "export", session, "-f", format)
        assert code == 0
        assert "model-" not in out
        assert err == "Left out: who wrote the answers of blind comparisons without a vote (1).\n"
    store.vote(turn.id, "tie")
    shown = g4tui("sessions", "export", session, "-f", "json")
    assert shown.err == ""
    assert "model-one" in shown.out


def test_an_exporter_of_somebody_else(
    process: CommandLine, site: Path, store: Store, tmp_path: Path
) -> None:
    make_distribution(site, "titles", TITLES_EXPORTER)
    session = talk(store, "of somebody else")
    out = process("sessions", "export", session, "-f", "titles")
    assert (out.code, out.out, out.err) == (0, "of somebody else\n", "")
    by_suffix = process("sessions", "export", session, "-o", "my.titles")
    assert by_suffix.out == "my.titles\n"
    assert (tmp_path / "my.titles").read_text() == "of somebody else\n"
    wrong = process("sessions", "export", session, "-f", "titels")
    assert wrong.code == 2
    assert "titles" in wrong.err
    listed = json.loads(process("plugins", "--json").out)
    (row,) = [each for each in listed if each["name"] == "titles"]
    assert row["status"] == "ok"
    store.rename_session(session, "raise")
    broken = process("sessions", "export", session, "-o", "other.titles")
    assert broken.code == 1
    assert "no titles today" in broken.err
    assert "Traceback" not in broken.err
    assert not (tmp_path / "other.titles").exists()
    assert not list(tmp_path.glob(".*partial"))


def test_an_import_tells_what_came_and_what_not(g4tui: G4tui, store: Store, tmp_path: Path) -> None:
    rows = [
        {"g4tui": 1, "title": HOSTILE, "messages": 7},
        {"g4tui": 1, "title": "good", "origin": "x:1", "messages": []},
    ]
    file = tmp_path / "sessions.json"
    file.write_text(json.dumps(rows))
    code, out, err = g4tui("sessions", "import", str(file))
    assert code == 0
    assert "1 session was imported." in out
    assert "Left out: damaged sessions (1), as evil" in out
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", out + err)
    again = g4tui("sessions", "import", str(file), "--json")
    assert json.loads(again.out)["known"] == 1
    assert json.loads(again.out)["imported"] == []
    copies = g4tui("sessions", "import", str(file), "--again")
    assert "1 session was imported." in copies.out
    assert len(store.sessions()) == 2


def test_a_file_that_ends_too_early_is_told_with_what_came_of_it(
    g4tui: G4tui, store: Store, tmp_path: Path
) -> None:
    rows = [{"g4tui": 1, "title": str(n), "origin": f"x:{n}", "messages": []} for n in range(30)]
    file = tmp_path / "sessions.json"
    file.write_text(json.dumps(rows)[:-200])
    code, out, err = g4tui("sessions", "import", str(file))
    assert code == 1
    assert f"{len(store.sessions())} sessions were imported." in out
    assert "cut off" in err
    assert "What is told above is in the library" in err
    nothing = g4tui("sessions", "import", str(tmp_path / "nothing.json"))
    assert (nothing.code, nothing.out) == (1, "")
    assert "nothing.json is not there" in nothing.err


def test_the_progress_of_an_import_is_a_bar_on_the_terminal(home: Path, tmp_path: Path) -> None:
    file = written(tmp_path / f"{'long ' * 12}.json", many(400, turns=2))
    with Terminal(
        command("sessions", "import", str(file)),
        environment={"G4TUI_HOME": str(home)},
        columns=110,
        rows=10,
    ) as terminal:
        terminal.wait_for("were imported.")
        assert terminal.wait_exit(30) == 0
        assert "400 sessions" in " ".join(terminal.text().split())
        assert re.search(rb"\[#+ *\] +\d+ %", terminal.raw)
        assert "#" not in terminal.text(), "the line is left clean"
