"""`g4tui sessions backup`, `restore` and `salvage`: the library as a whole, by hand."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from g4tui.core import Message
from g4tui.paths import Paths
from g4tui.store import Store
from support.command_line import Result

G4tui = Callable[..., Result]


@pytest.fixture
def library(home: Path) -> Path:
    """A closed library with two talks, one of them private."""
    path = Paths.from_environment({"G4TUI_HOME": str(home)}).database
    store = Store.open(path)
    for title in ("first", "second"):
        session = store.create_session(title=title, private=title == "second").id
        store.add_message(session, None, Message("user", f"of the {title}"))
    store.close()
    return path


def titles(library: Path) -> set[str]:
    store = Store.open(library)
    found = {row.title for row in store.sessions()}
    store.close()
    return found


def damage(library: Path) -> None:
    with library.open("r+b") as file:
        file.write(b"\xa5" * 4096)


def test_a_backup_is_restored_and_what_was_there_is_kept(
    g4tui: G4tui, library: Path, tmp_path: Path
) -> None:
    backup = tmp_path / "mine.sqlite3"
    code, out, _ = g4tui("sessions", "backup", str(backup))
    assert code == 0
    assert "mine.sqlite3: 2 sessions" in out
    assert backup.stat().st_mode & 0o077 == 0
    refused = g4tui("sessions", "backup", str(backup))
    assert refused.code == 2
    assert "--force" in refused.err
    store = Store.open(library)
    store.delete_session(store.sessions()[0].id)
    store.create_session(title="third")
    store.close()
    before = titles(library)
    code, out, _ = g4tui("sessions", "restore", str(backup), "--json")
    assert code == 0
    done = json.loads(out)
    assert done["sessions"] == 2
    assert titles(library) == {"first", "second"}
    assert titles(Path(done["kept"])) == before


def test_without_a_file_a_backup_goes_beside_the_library(g4tui: G4tui, library: Path) -> None:
    made = Path(json.loads(g4tui("sessions", "backup", "--json").out)["file"])
    assert made.parent == library.parent / "backups"
    assert titles(made) == {"first", "second"}


def test_nothing_is_restored_under_a_g4tui_that_runs(
    g4tui: G4tui, library: Path, tmp_path: Path
) -> None:
    backup = tmp_path / "mine.sqlite3"
    g4tui("sessions", "backup", str(backup))
    running = Store.open(library)
    running.create_session(title="new")
    refused = g4tui("sessions", "restore", str(backup))
    assert refused.code == 1
    assert "Another g4tui has the library open" in refused.err
    assert {row.title for row in running.sessions()} == {"first", "second", "new"}
    running.close()


def test_what_is_no_backup_is_told_and_changes_nothing(
    g4tui: G4tui, library: Path, tmp_path: Path
) -> None:
    newer = tmp_path / "newer.sqlite3"
    shutil.copyfile(library, newer)
    connection = sqlite3.connect(newer)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    text = tmp_path / "text.sqlite3"
    text.write_text("hello " * 1_000)
    other = tmp_path / "other.sqlite3"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    cut = tmp_path / "cut.sqlite3"
    cut.write_bytes(library.read_bytes()[:-20_000])
    for file, told in (
        (newer, "made by a newer g4tui"),
        (text, "no SQLite database"),
        (other, "another program"),
        (cut, "damaged"),
        (tmp_path, "no file"),
        (tmp_path / "nothing", "no file"),
        (library, "library itself"),
    ):
        code, out, err = g4tui("sessions", "restore", str(file))
        assert code in (1, 2), file
        assert out == ""
        assert told in err
        assert "Traceback" not in err
        assert "The library's file" not in err, "it is not this one that something is wrong with"
        assert err.count("\n") >= 3, "a remedy too"
        assert titles(library) == {"first", "second"}
    left = {each.name for each in library.parent.iterdir()}
    assert not {name for name in left if "restored" in name or name in ("backups", "damaged")}


def test_what_is_said_of_a_file_leads_to_that_file_and_to_a_backup_of_ours(
    g4tui: G4tui, library: Path, tmp_path: Path
) -> None:
    newest = json.loads(g4tui("sessions", "backup", "--json").out)["file"]
    text, cut = tmp_path / "text.sqlite3", tmp_path / "cut.sqlite3"
    text.write_text("hello " * 1_000)
    cut.write_bytes(library.read_bytes()[:-20_000])
    for command in ("restore", "salvage"):
        _, out, err = g4tui("sessions", command, str(text))
        assert out == ""
        assert err.startswith("This file is no g4tui library\n")
        assert str(text) in err
        assert "the library in use is as it was" in err
        assert newest in err
        assert "g4tui sessions salvage" not in err, "there is nothing to get out of it"
    damaged = g4tui("sessions", "restore", str(cut)).err
    assert damaged.startswith("This copy of a library is damaged\n")
    assert f"g4tui sessions salvage {cut}\n" in damaged
    assert newest in damaged


def test_a_damaged_library_is_never_replaced_silently_and_salvage_says_what_is_lost(
    g4tui: G4tui, library: Path
) -> None:
    newest = json.loads(g4tui("sessions", "backup", "--json").out)["file"]
    damage(library)
    before = library.read_bytes()
    for command in (["sessions"], ["sessions", "search", "first"], ["votes", "list"]):
        refused = g4tui(*command)
        assert refused.code == 1, command
        assert "g4tui sessions salvage" in refused.err
        assert f"g4tui sessions restore {newest}" in refused.err
    assert library.read_bytes() == before
    code, out, _ = g4tui("sessions", "salvage")
    assert code == 0
    assert "Kept: sessions: 2; messages: 2; comparisons: 0; votes: 0" in out
    assert "Lost, as far as can be told: nothing" in out
    assert f"g4tui sessions restore {newest}" in out
    (line,) = [line for line in out.splitlines() if line.startswith("Put it in place")]
    assert g4tui("sessions", "restore", line.rpartition(" ")[2]).code == 0
    assert titles(library) == {"first", "second"}
    (kept,) = library.parent.glob("damaged/*/library.sqlite3")
    assert kept.read_bytes() == before


def test_salvage_of_what_is_no_library(g4tui: G4tui, tmp_path: Path) -> None:
    missing = g4tui("sessions", "salvage", str(tmp_path / "nothing"))
    assert missing.code == 1
    assert "There is no such library" in missing.err
    text = tmp_path / "text"
    text.write_text("hello " * 1_000)
    code, out, err = g4tui("sessions", "salvage", str(text), "-o", str(tmp_path / "new"))
    assert (code, out) == (1, "")
    assert "This file is no g4tui library" in err
    assert not (tmp_path / "new").exists()
