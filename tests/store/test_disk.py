"""Disks that are full or read-only, and files that are damaged, foreign or of another time."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from g4tui.core import G4tuiError, Message
from g4tui.store import Store
from g4tui.store.restoring import restore
from support.disks import remounted


def refused(use: Callable[[], object]) -> G4tuiError:
    """What `use` raises; always with all that a person needs."""
    with pytest.raises(G4tuiError) as raised:
        use()
    info = raised.value.info
    assert info.kind == "storage"
    assert info.title
    assert info.detail
    assert info.remedy
    return raised.value


def filled(library: Path, turns: int = 20) -> str:
    """A closed library with one session of `turns`; returns the session's id."""
    store = Store.open(library)
    session = store.create_session(title="filled")
    parent = None
    for number in range(turns):
        _, answer = store.begin_turn(
            session.id, parent, Message("user", f"turn {number} " + "words " * 200), "m"
        )
        parent = store.finish_answer(answer.id, "complete", f"answer {number}").id
    store.close()
    return session.id


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_full_disk_loses_nothing_that_was_saved(small_disk: Path) -> None:
    (small_disk / "something else").write_bytes(b"x" * 300_000)
    library = small_disk / "library.sqlite3"
    store = Store.open(library)
    session = store.create_session().id
    kept: list[str] = []
    flushed = ""

    def talk() -> None:
        nonlocal flushed
        while True:
            parent = kept[-1] if kept else None
            user, answer = store.begin_turn(session, parent, Message("user", "hi " * 900), "m")
            assert user is not None
            kept.extend((user.id, answer.id))
            flushed = ""
            store.flush_answer(answer.id, "half " * 900)
            flushed = "half " * 900
            store.finish_answer(answer.id, "complete", "whole " * 900)

    assert "full" in str(refused(talk))
    assert kept
    assert store.path_ids(session) == kept
    assert len(store.search("hi")) >= len(kept) // 2 - 1
    store.close()

    with pytest.raises(OSError, match="No space"), (small_disk / "filler").open("wb", 0) as filler:
        while True:
            filler.write(b"x" * 4096)
    try:
        Store.open(library).close()
    except G4tuiError as error:
        assert "full" in error.info.title

    (small_disk / "filler").unlink()
    (small_disk / "something else").unlink()
    store = Store.open(library)
    store.recover()
    assert store.check() == []
    assert store.path_ids(session) == kept
    last = store.message(kept[-1])
    assert (last.state, last.message.text) in (
        ("interrupted", flushed),
        ("complete", "whole " * 900),
    )
    store.close()


def test_a_full_disk_in_a_batch_undoes_it_whole(small_disk: Path) -> None:
    store = Store.open(small_disk / "library.sqlite3")
    session = store.create_session().id

    def fill_up() -> None:
        with store.batch():
            for _ in range(2_000):
                try:
                    store.add_message(session, None, Message("user", "word " * 500))
                except G4tuiError:
                    continue  # a careless importer goes on

    refused(fill_up)
    assert store.all_messages(session) == []
    assert store.check() == []
    assert store.add_message(session, None, Message("user", "room again")).position == 1
    store.close()


def test_no_room_for_a_library_at_all(small_disk: Path) -> None:
    with pytest.raises(OSError, match="No space"), (small_disk / "filler").open("wb", 0) as filler:
        while True:
            filler.write(b"x" * 4096)
    assert "full" in str(refused(lambda: Store.open(small_disk / "library.sqlite3")))


def test_a_read_only_folder(library: Path, read_only: Callable[[Path], None]) -> None:
    session = filled(library)
    before = snapshot(library.parent)
    read_only(library.parent)

    def use() -> None:
        store = Store.open(library)
        try:
            assert len(store.path(session)) == 40
            store.create_session()
        finally:
            store.close()

    assert "cannot be opened for writing" in str(refused(use))
    refused(lambda: Store.open(library.parent / "new.sqlite3"))
    refused(lambda: Store.open(library.parent / "new" / "library.sqlite3"))
    assert snapshot(library.parent) == before


def test_a_folder_that_is_made_writable_takes_what_is_written(
    library: Path, read_only: Callable[[Path], None]
) -> None:
    session = filled(library)
    # As a kill leaves it, with its journal: else it could not even be read.
    killed = "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM"
    killed += " sessions').fetchall(); os._exit(9)"
    subprocess.run([sys.executable, "-c", killed, str(library)], check=False)
    read_only(library.parent)
    store = Store.open(library)
    assert len(store.path(session)) == 40
    refused(store.create_session)
    refused(store.create_session)
    remounted(library.parent, "bind,rw")
    assert store.create_session() == store.sessions()[0]
    assert len(store.path(session)) == 40
    store.close()


@pytest.mark.parametrize(
    "content",
    [b"hello, I am a text file\n" * 50, b"\x00" * 8192, b"SQLite format 3\x00", b"x"],
    ids=["text", "zeros", "cut in the header", "one byte"],
)
def test_a_file_that_is_no_database_is_left_untouched(library: Path, content: bytes) -> None:
    library.parent.mkdir()
    library.write_bytes(content)
    assert "not a g4tui library" in str(refused(lambda: Store.open(library)))
    assert snapshot(library.parent) == {library.name: content}


def test_a_database_of_another_program_is_left_untouched(library: Path) -> None:
    library.parent.mkdir()
    with sqlite3.connect(library) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    before = snapshot(library.parent)
    assert "another program" in str(refused(lambda: Store.open(library)))
    assert snapshot(library.parent) == before


def test_a_truncated_library_names_the_newest_backup(library: Path) -> None:
    session = filled(library)
    store = Store.open(library)
    store.backup()
    newest = store.backup()
    store.close()
    whole = library.read_bytes()
    library.write_bytes(whole[: len(whole) // 2])
    before = snapshot(library.parent)

    error = refused(lambda: Store.open(library))
    assert "damaged" in error.info.title
    assert str(library) in error.info.detail
    assert f"g4tui sessions restore {newest}" in error.info.remedy
    assert snapshot(library.parent) == before

    restore(newest, library)  # as it says
    store = Store.open(library)
    assert len(store.path(session)) == 40
    store.close()


def test_damage_inside_is_told_and_never_hidden(library: Path) -> None:
    session = filled(library, turns=60)
    content = bytearray(library.read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 8] = b"\xff" * 8
    library.write_bytes(content)

    def use() -> None:
        store = Store.open(library)
        try:
            store.path(session)
        finally:
            store.close()

    error = refused(use)
    assert "damaged" in error.info.title
    assert "no backup" in error.info.remedy
    assert "g4tui sessions salvage" in error.info.remedy


def test_an_emptied_library_is_not_started_over(library: Path) -> None:
    filled(library)
    store = Store.open(library)
    backup = store.backup()
    store.close()
    library.write_bytes(b"")
    assert str(backup) in str(refused(lambda: Store.open(library)))
    assert library.read_bytes() == b""


def test_a_library_whose_file_is_gone_and_its_journal_is_not(library: Path) -> None:
    store = Store.open(library)
    store.create_session()
    journal = library.with_name("library.sqlite3-wal")
    content = journal.read_bytes()
    store.close()
    library.unlink()
    journal.write_bytes(content)
    assert "journal" in str(refused(lambda: Store.open(library)))
    assert journal.read_bytes() == content
    assert not library.exists()


def test_a_library_moved_away_while_it_is_open(store: Store, library: Path) -> None:
    session = store.create_session()
    library.rename(library.with_name("elsewhere.sqlite3"))
    assert "moved" in str(refused(store.create_session))
    assert not library.exists()
    library.write_bytes(b"another file")
    assert "moved" in str(refused(store.create_session))
    library.with_name("elsewhere.sqlite3").rename(library)
    assert store.create_session() == store.sessions()[0]
    assert store.sessions()[1] == session


def test_a_damaged_search_index_is_made_anew(library: Path) -> None:
    session = filled(library)
    with sqlite3.connect(library) as connection:
        connection.execute("UPDATE found_messages_data SET block = x'ffffffff' WHERE id > 10")
    connection.close()

    store = Store.open(library)
    assert "made anew" in str(refused(lambda: store.search("answer")))
    assert len(store.search("answer")) == 20
    assert store.check() == []
    with store.batch():
        store.add_message(session, None, Message("user", "afterwards"))
    assert len(store.search("afterwards")) == 1
    store.close()


def test_a_backup_is_a_whole_library(store: Store, tmp_path: Path) -> None:
    session = store.create_session().id
    store.add_message(session, None, Message("user", "kept"))
    target = store.backup(tmp_path / "copy" / "mine.sqlite3")
    copy = Store.open(target)
    assert copy.sessions() == store.sessions()
    assert copy.search("kept") == store.search("kept")
    copy.close()
    assert [path.name for path in target.parent.iterdir()] == ["mine.sqlite3"]


def test_a_backup_without_room_leaves_nothing_behind(library: Path, small_disk: Path) -> None:
    filled(library, turns=300)
    store = Store.open(library)
    session = store.create_session().id
    store.add_message(session, None, Message("user", "x" * 6_000_000))
    error = refused(lambda: store.backup(small_disk / "copy.sqlite3"))
    assert f"{small_disk / 'copy.sqlite3'}: the disk is full" in error.info.detail
    assert list(small_disk.iterdir()) == []
    assert store.check() == []
    store.close()
