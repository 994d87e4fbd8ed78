"""A library as a whole: backed up, put back, and salvaged when it is damaged."""

import sqlite3
from pathlib import Path

import pytest

from g4tui.core import G4tuiError, Message
from g4tui.store import Store
from g4tui.store.restoring import restore
from g4tui.store.salvage import salvage


def filled(library: Path, sessions: int = 3, turns: int = 40) -> list[str]:
    """A closed library; returns the sessions' ids."""
    store = Store.open(library)
    made = []
    for number in range(sessions):
        session = store.create_session(title=f"session {number}")
        store.tag(session.id, "kept")
        parent = None
        for turn in range(turns):
            said = Message(
                "user" if turn % 2 == 0 else "assistant", f"turn {turn} " + "words " * 50
            )
            parent = store.add_message(session.id, parent, said).id
        made.append(session.id)
    store.close()
    return made


def test_a_backup_takes_the_librarys_place_and_the_former_is_kept(
    library: Path, tmp_path: Path
) -> None:
    ids = filled(library)
    store = Store.open(library)
    backup = store.backup(tmp_path / "backup.sqlite3")
    store.delete_session(ids[0])
    store.close()

    done = restore(backup, library)
    assert done.sessions == 3
    assert done.kept is not None
    store = Store.open(library)
    assert {row.id for row in store.sessions()} == set(ids)
    assert store.check() == []
    store.close()
    former = Store.open(done.kept)
    assert {row.id for row in former.sessions()} == set(ids[1:])
    former.close()


def test_nothing_is_restored_under_an_open_library(library: Path, tmp_path: Path) -> None:
    filled(library)
    store = Store.open(library)
    backup = store.backup(tmp_path / "backup.sqlite3")
    store.create_session(title="new")
    with pytest.raises(G4tuiError, match="Another g4tui has the library open"):
        restore(backup, library)
    assert len(store.sessions()) == 4
    store.close()
    assert [each.name for each in library.parent.iterdir() if "restored" in each.name] == []


def test_what_is_no_whole_library_is_not_restored(library: Path, tmp_path: Path) -> None:
    ids = filled(library)
    foreign, damaged = tmp_path / "foreign", tmp_path / "damaged.sqlite3"
    foreign.write_bytes(b"hello" * 100)
    store = Store.open(library)
    store.backup(damaged)
    store.close()
    with damaged.open("r+b") as file:
        file.seek(4096 * 5)
        file.write(b"\xff" * 4096)
    for source in (foreign, damaged, tmp_path / "nothing"):
        with pytest.raises(G4tuiError):
            restore(source, library)
    store = Store.open(library)
    assert {row.id for row in store.sessions()} == set(ids)
    store.close()


def test_a_damaged_library_gives_what_can_be_read_and_says_what_not(
    library: Path, tmp_path: Path
) -> None:
    ids = filled(library)
    connection = sqlite3.connect(library)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    (count,) = connection.execute("SELECT count(*) FROM messages").fetchone()
    connection.close()
    whole = library.read_bytes()
    # Pages of messages; the search index has its words without roles and states.
    pages = [
        at
        for at in range(1, len(whole) // size)
        if b"assistantcomplete" in whole[at * size : (at + 1) * size]
    ]
    with library.open("r+b") as file:
        file.seek(pages[len(pages) // 2] * size)
        file.write(b"\xff" * size)
    before = library.read_bytes()

    target = tmp_path / "salvaged.sqlite3"
    found = salvage(library, target)
    assert library.read_bytes() == before, "the damaged one is left as it is"
    assert found.sessions == 3
    assert found.unreadable > 0
    assert found.messages + found.unreadable == count
    assert found.messages > count * 0.8
    assert found.orphans >= 1

    done = restore(target, library)
    assert done.kept is not None
    assert done.kept.parent.parent.name == "damaged", "it is no backup"
    assert done.kept.read_bytes()[100:] == before[100:]
    store = Store.open(library)
    assert {row.id for row in store.sessions(tag="kept")} == set(ids)
    assert store.check() == []
    assert len(store.search("turn", limit=1_000)) == found.messages
    store.close()


def test_a_library_of_rubbish_is_not_salvaged(library: Path, tmp_path: Path) -> None:
    filled(library, sessions=1, turns=2)
    library.write_bytes(b"\xff" * 8192)
    with pytest.raises(G4tuiError) as raised:
        salvage(library, tmp_path / "salvaged.sqlite3")
    assert raised.value.info.kind == "storage"
    assert list(tmp_path.glob("salvaged*")) == []
