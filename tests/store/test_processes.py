"""Several g4tui at one library: they share it, and each one's streams are its own."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from g4tui.core import G4tuiError, Message
from g4tui.store import Store
from support.store_process import Child

Start = Callable[..., Child]


def test_a_live_process_keeps_its_stream(store: Store, child: Start) -> None:
    other = child("stream")
    answer = other.told()["answer"]
    assert store.recover() == 0
    assert store.message(answer).state == "streaming"
    with pytest.raises(G4tuiError, match="still being written"):
        store.resume_answer(answer)
    other.go_on()
    assert other.told() == {"state": "complete"}
    assert store.message(answer).message.text == "half an answer, and the rest"


def test_a_killed_process_leaves_an_interrupted_answer(
    store: Store, child: Start, library: Path
) -> None:
    killed, alive = child("stream"), child("stream")
    lost, kept = killed.told()["answer"], alive.told()["answer"]
    killed.kill()
    leases = library.with_name("library.sqlite3-leases")
    (leases / "of one who was killed while it wrote nothing").touch()

    assert store.recover() == 1
    assert store.recover() == 0
    row = store.message(lost)
    assert (row.state, row.message.text, row.finish_reason) == ("interrupted", "half an answ", None)
    assert store.message(kept).state == "streaming"
    assert [hit.message for hit in store.search("answ half")] == [lost]
    assert len(list(leases.iterdir())) == 1

    store.resume_answer(lost)
    assert store.recover() == 0
    store.flush_answer(lost, "half an answer")
    assert store.finish_answer(lost, "complete", "half an answer").state == "complete"
    alive.go_on()
    assert alive.told() == {"state": "complete"}


def test_ones_own_streams_are_left_alone_until_it_closes(store: Store, library: Path) -> None:
    other = Store.open(library)
    session = store.create_session().id
    _, mine = store.begin_turn(session, None, Message("user", "a"), "m")
    _, theirs = other.begin_turn(session, None, Message("user", "b"), "m")
    assert (store.recover(), other.recover()) == (0, 0)
    other.close()
    assert store.recover() == 1
    assert store.message(theirs.id).state == "interrupted"
    assert store.message(mine.id).state == "streaming"


def test_two_processes_write_one_session(store: Store, child: Start) -> None:
    session = store.create_session().id
    writers = [child("turns", session) for _ in range(2)]
    for writer in writers:
        assert writer.told() == {"ready": True}
    for writer in writers:
        writer.go_on()
    for writer in writers:
        assert writer.told()["done"] >= 40
    rows = store.all_messages(session)
    assert len(rows) == store.session(session).messages == 80
    ids = [row.id for row in rows]
    assert ids == sorted(set(ids))
    assert {row.state for row in rows} == {"complete"}
    assert len(store.search("answer", limit=1_000)) == 40
    assert store.check() == []


def test_two_processes_make_one_library(child: Start, library: Path) -> None:
    makers = [child("stream") for _ in range(4)]
    answers = {maker.told()["answer"] for maker in makers}
    store = Store.open(library)
    assert len(store.sessions()) == len(answers) == 4
    assert store.recover() == 0
    store.close()


def test_a_lock_that_is_held_too_long(store: Store, child: Start, library: Path) -> None:
    session = store.create_session().id
    holder = child("hold")
    assert holder.told() == {"held": True}

    hurried = Store.open(library, busy_s=0.05)
    with pytest.raises(G4tuiError) as raised:
        hurried.begin_turn(session, None, Message("user", "now"), "m")
    assert raised.value.info.kind == "storage"
    assert "locked by another program" in raised.value.info.title
    assert raised.value.info.remedy
    assert hurried.path(session) == []
    assert hurried.search("now") == []

    holder.go_on()
    holder.process.wait()
    assert hurried.begin_turn(session, None, Message("user", "now"), "m")[0] is not None
    hurried.close()


def test_a_lock_that_is_let_go_in_time_is_waited_for(store: Store, child: Start) -> None:
    holder = child("hold")
    assert holder.told() == {"held": True}
    holder.go_on()
    assert store.create_session(title="after").title == "after"


def test_what_a_killed_process_committed_is_read_by_plain_sqlite(
    child: Start, library: Path
) -> None:
    """The file is a library without us: its journal is replayed by any SQLite."""
    worker = child("chat", "plain")
    facts = [worker.told() for _ in range(30)]
    facts += worker.kill()
    connection = sqlite3.connect(library)
    (said,) = connection.execute("SELECT json_group_array(text) FROM messages").fetchone()
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    gone = {fact["session"] for fact in facts if fact["did"] == "deleting"}
    expected = [f["said"] for f in facts if f["did"] == "begin" and f["session"] not in gone]
    assert set(expected) <= set(json.loads(said))
