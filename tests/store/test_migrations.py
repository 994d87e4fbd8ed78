"""From one version of the library to the next, and back to a g4tui that does not know it."""

import sqlite3
import threading
from pathlib import Path

import pytest

from g4tui.core import G4tuiError, Message, Params
from g4tui.store import Store, files
from g4tui.store.files import backups
from g4tui.store.migrations import FIRST, MIGRATIONS, SECOND

LABELS = (
    "CREATE TABLE labels (session INTEGER NOT NULL REFERENCES sessions (seq), label TEXT NOT NULL)",
    "INSERT INTO labels SELECT seq, 'old' FROM sessions",
)
NOTES = ("ALTER TABLE messages ADD COLUMN note TEXT NOT NULL DEFAULT ''",)
BROKEN = ("CREATE TABLE half (a)", "INSERT INTO nowhere VALUES (1)")


def version(library: Path) -> int:
    connection = sqlite3.connect(library)
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    return int(number)


def filled(library: Path) -> str:
    store = Store.open(library)
    session = store.create_session(title="from before")
    store.add_message(session.id, None, Message("user", "old words"))
    store.close()
    return session.id


def test_a_new_library_is_of_the_newest_version_without_a_backup(library: Path) -> None:
    filled(library)
    assert version(library) == len(MIGRATIONS)
    assert backups(library) == []


def test_an_old_library_is_copied_and_brought_up_to_date(library: Path) -> None:
    session = filled(library)
    before = version(library)
    store = Store.open(library, migrations=(*MIGRATIONS, LABELS, NOTES))
    assert store.session(session).title == "from before"
    assert len(store.search("old words")) == 1
    store.close()
    assert version(library) == before + 2
    connection = sqlite3.connect(library)
    assert connection.execute("SELECT label FROM labels").fetchall() == [("old",)]
    connection.close()

    (backup,) = backups(library)
    assert version(backup) == before
    old = Store.open(backup)
    assert [row.id for row in old.sessions()] == [session]
    old.close()


def test_a_library_of_the_first_version_keeps_everything(library: Path) -> None:
    """Written by the schema of the first release, as plain rows, by nothing of today."""
    library.parent.mkdir()
    old = sqlite3.connect(library)
    old.create_function("g4tui_indexed", 1, str.lower)
    for statement in FIRST:
        old.execute(statement)
    old.execute(
        """INSERT INTO sessions (seq, id, created, updated, touched, private, title_is_set, title,
               model, params, system)
           VALUES (1, 's1', 1, 3, 3, 1, 1, 'a title', 'm', '{"seed": 7}', 'be kind')"""
    )
    old.execute("INSERT INTO consents VALUES (1, 'example.org', 2)")
    old.executemany(
        """INSERT INTO messages (seq, id, session, parent, depth, role, state, starred, created,
               model, text)
           VALUES (?, ?, 1, ?, ?, ?, ?, ?, 2, 'm', ?)""",
        [
            (1, "m1", None, 1, "user", "complete", 0, "a question"),
            (2, "m2", 1, 2, "assistant", "failed", 1, "one answer"),
            (3, "m3", 1, 2, "assistant", "complete", 0, "another answer"),
        ],
    )
    old.execute("UPDATE sessions SET head = 3")
    old.execute(f"PRAGMA application_id = {files.APPLICATION_ID}")
    old.execute("PRAGMA user_version = 1")
    old.commit()
    old.close()

    store = Store.open(library)
    (row,) = store.sessions()
    assert (row.id, row.title, row.system, row.private, row.head, row.messages, row.params) == (
        "s1", "a title", "be kind", True, "m3", 3, Params(seed=7),
    )  # fmt: skip
    assert (row.consent, row.tags, row.pinned, row.archived, row.deleted, row.origin) == (
        ("example.org",), (), False, False, None, "",
    )  # fmt: skip
    assert [
        (each.id, each.parent, each.message.text, each.state, each.starred, each.corrects)
        for each in store.all_messages("s1")
    ] == [
        ("m1", None, "a question", "complete", False, None),
        ("m2", "m1", "one answer", "failed", True, None),
        ("m3", "m1", "another answer", "complete", False, None),
    ]
    assert [hit.message for hit in store.search("answer")] == ["m3", "m2"]
    assert store.turns() == []
    assert store.check() == []
    store.close()
    (backup,) = backups(library)
    assert version(backup) == 1


def test_a_library_of_the_second_version_keeps_its_comparisons(library: Path) -> None:
    """Its votes stay, and where a correction was gone on from, that is chosen now."""
    old = Store.open(library, migrations=(FIRST, SECOND))
    old.close()
    connection = sqlite3.connect(library)
    connection.create_function("g4tui_indexed", 1, str.lower)
    connection.executemany(
        "INSERT INTO sessions (seq, id, created, updated, touched) VALUES (?, ?, 1, 1, 1)",
        [(1, "s1"), (2, "s2")],
    )
    connection.executemany(
        """INSERT INTO messages (seq, id, session, parent, depth, role, state, created, model, text,
               corrects)
           VALUES (?, ?, ?, ?, ?, ?, 'complete', 2, ?, 'words', ?)""",
        [
            (1, "q1", 1, None, 1, "user", "", None),
            (2, "t1", 1, 1, 2, "assistant", "teacher", None),
            (3, "a1", 1, 1, 2, "assistant", "student", None),
            (4, "c1", 1, 1, 2, "assistant", "", "a1"),
            (5, "q2", 2, None, 1, "user", "", None),
            (6, "t2", 2, 5, 2, "assistant", "teacher", None),
            (7, "a2", 2, 5, 2, "assistant", "student", None),
        ],
    )
    connection.execute("UPDATE sessions SET head = CASE seq WHEN 1 THEN 4 ELSE 6 END")
    connection.executemany(
        "INSERT INTO turns (seq, id, session, created, blind) VALUES (?, ?, ?, 2, 0)",
        [(1, "turn1", 1), (2, "turn2", 2)],
    )
    connection.executemany(
        "INSERT INTO turn_answers VALUES (?, ?, ?, ?)",
        [(1, 0, 0, 2), (1, 1, 1, 3), (2, 0, 0, 6), (2, 1, 1, 7)],
    )
    connection.execute("INSERT INTO votes VALUES (2, 6, 7, 1, 'left', 0, 0, 3, 'why not')")
    connection.commit()
    connection.close()

    store = Store.open(library)
    first, second = store.turns()
    assert (first.answers, first.chosen, first.votes) == (("t1", "a1"), "c1", ())
    assert (second.answers, second.chosen) == (("t2", "a2"), None)
    (vote,) = second.votes
    assert (vote.verdict, vote.reason, vote.shown) == ("left", "why not", ("t2", "a2"))
    assert store.check() == []
    store.close()
    (backup,) = backups(library)
    assert version(backup) == 2


def test_a_step_that_fails_is_undone_whole(library: Path) -> None:
    session = filled(library)
    before = version(library)
    with pytest.raises(G4tuiError) as raised:
        Store.open(library, migrations=(*MIGRATIONS, LABELS, BROKEN))
    assert raised.value.info.kind == "storage"
    assert version(library) == before + 1
    connection = sqlite3.connect(library)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    connection.close()
    assert "labels" in tables
    assert "half" not in tables
    assert len(backups(library)) == 1

    store = Store.open(library, migrations=(*MIGRATIONS, LABELS, NOTES))
    assert store.session(session).messages == 1
    store.close()


def test_two_at_once_migrate_once(library: Path) -> None:
    filled(library)
    failures: list[BaseException] = []

    def open_it() -> None:
        try:
            Store.open(library, migrations=(*MIGRATIONS, LABELS, NOTES)).close()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    connection = sqlite3.connect(library)
    assert connection.execute("SELECT count(*) FROM labels").fetchone() == (1,)
    connection.close()
    assert len(backups(library)) == 1


@pytest.mark.parametrize("in_journal", [False, True], ids=["closed", "killed"])
def test_a_library_of_a_newer_g4tui_is_left_untouched(library: Path, in_journal: bool) -> None:
    filled(library)
    newer = Store.open(library, migrations=(*MIGRATIONS, LABELS))
    journal = library.with_name("library.sqlite3-wal")
    kept = (library.read_bytes(), journal.read_bytes())
    newer.close()
    if in_journal:  # as a newer g4tui leaves it that was killed right after its migration
        library.write_bytes(kept[0])
        journal.write_bytes(kept[1])
    before = library.read_bytes()

    with pytest.raises(G4tuiError) as raised:
        Store.open(library)
    assert raised.value.info.kind == "storage"
    assert "newer g4tui" in raised.value.info.title
    assert "Update" in raised.value.info.remedy
    assert library.read_bytes() == before
    if in_journal:
        assert journal.read_bytes() == kept[1]
    newer = Store.open(library, migrations=(*MIGRATIONS, LABELS))
    assert len(newer.sessions()) == 1
    newer.close()
