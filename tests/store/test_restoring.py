"""A library as a whole: backed up and put back."""

from pathlib import Path

import pytest

from g4tui.core import G4tuiError, Message
from g4tui.store import Store
from g4tui.store.restoring import restore


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
