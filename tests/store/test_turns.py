"""One turn: what is saved when, and what comes back."""

import os
import stat
import threading
from pathlib import Path

import pytest

from g4tui.core import Attachment, ErrorInfo, G4tuiError, Message, Params, Usage
from g4tui.store import MessageRow, Store


def ask(store: Store, session: str, text: str, parent: str | None = None) -> MessageRow:
    _, answer = store.begin_turn(session, parent, Message("user", text), "m:x")
    return store.finish_answer(answer.id, "complete", f"answer to {text}", finish_reason="stop")


def test_a_turn_is_saved_before_it_is_answered(store: Store, library: Path) -> None:
    session = store.create_session(model="m:x", system="be kind", params=Params(seed=1))
    user, answer = store.begin_turn(
        session.id, None, Message("user", "hello", attachments=(Attachment("a.txt", "AA"),)), "m:x"
    )

    other = Store.open(library)
    saved = other.path(session.id)
    other.close()

    assert user is not None
    assert saved == [user, answer]
    assert user.message == Message("user", "hello", attachments=(Attachment("a.txt", "AA"),))
    assert (user.state, user.parent, user.depth) == ("complete", None, 1)
    assert (answer.state, answer.parent, answer.message.text) == ("streaming", user.id, "")
    assert store.session(session.id).head == answer.id


def test_the_end_of_an_answer_is_kept_whole(store: Store) -> None:
    session = store.create_session()
    _, answer = store.begin_turn(
        session.id, None, Message("user", "hi"), "m:x", Params(temperature=0.5, stop=("\n",))
    )
    store.flush_answer(answer.id, "par", "thin")
    assert store.message(answer.id).message == Message("assistant", "par", "thin")

    usage = Usage(prompt=10, cached=8, completion=3, ttft_s=0.1, tok_per_s=40.5, cost_usd=0.0)
    error = ErrorInfo("crashed", "It crashed", "detail", "remedy", 1.5)
    ended = store.finish_answer(answer.id, "failed", "partial", "thinking", usage, error)

    assert ended == store.message(answer.id)
    assert (ended.state, ended.usage, ended.error) == ("failed", usage, error)
    assert ended.message == Message("assistant", "partial", "thinking")
    assert ended.params == Params(temperature=0.5, stop=("\n",))
    assert ended.model == "m:x"


def test_usage_of_nothing_is_not_no_usage(store: Store) -> None:
    session = store.create_session()
    _, answer = store.begin_turn(session.id, None, Message("user", "hi"), "m")
    assert store.message(answer.id).usage is None
    assert store.finish_answer(answer.id, "complete", "", usage=Usage()).usage == Usage()


def test_an_answer_ends_once(store: Store) -> None:
    session = store.create_session()
    answer = ask(store, session.id, "one")
    for again in (
        lambda: store.flush_answer(answer.id, "late"),
        lambda: store.finish_answer(answer.id, "stopped", "late"),
    ):
        with pytest.raises(G4tuiError) as raised:
            again()
        assert raised.value.info.kind == "usage"
    assert store.message(answer.id) == answer


def test_an_answer_can_be_continued(store: Store) -> None:
    session = store.create_session()
    _, answer = store.begin_turn(session.id, None, Message("user", "count"), "m")
    store.finish_answer(answer.id, "stopped", "one two", finish_reason="cancelled")

    resumed = store.resume_answer(answer.id)
    assert (resumed.state, resumed.message.text) == ("streaming", "one two")
    assert resumed.finish_reason is None
    store.flush_answer(answer.id, "one two three")
    ended = store.finish_answer(answer.id, "complete", "one two three four", finish_reason="stop")

    assert ended.message.text == "one two three four"
    assert [hit.message for hit in store.search("four")] == [answer.id]
    user = store.path(session.id)[0]
    with pytest.raises(G4tuiError, match="Only an answer"):
        store.resume_answer(user.id)


def test_a_session_deleted_in_another_window(store: Store, library: Path) -> None:
    session = store.create_session(title="secret")
    _, answer = store.begin_turn(session.id, None, Message("user", "hi"), "m")

    other = Store.open(library)
    assert other.delete_session(session.id).id == session.id
    other.close()

    for late in (
        lambda: store.flush_answer(answer.id, "text"),
        lambda: store.finish_answer(answer.id, "complete", "text"),
        lambda: store.begin_turn(session.id, answer.id, Message("user", "more"), "m"),
        lambda: store.session(session.id),
        lambda: store.path(session.id),
        lambda: store.message(answer.id),
        lambda: store.delete_session(session.id),
        lambda: store.rename_session(session.id, "x"),
        lambda: store.star(answer.id),
        lambda: store.add_consent(session.id, "host"),
    ):
        with pytest.raises(G4tuiError) as raised:
            late()
        assert raised.value.info.kind == "missing"
    assert store.sessions() == []
    assert store.search("secret") == []
    assert store.check() == []


def test_deleting_takes_every_word_with_it(store: Store, library: Path) -> None:
    kept = store.create_session()
    ask(store, kept.id, "zebra stays")
    gone = store.create_session(title="xylophone")
    ask(store, gone.id, "quixotic words, " * 1_000)
    store.delete_session(gone.id)
    store.tidy()
    assert len(store.search("zebra")) == 2
    store.close()

    content = library.read_bytes()
    assert b"zebra" in content
    assert b"quixotic" not in content
    assert b"xylophone" not in content


def test_a_title_comes_from_the_first_message(store: Store) -> None:
    session = store.create_session()
    ask(store, session.id, "  Can I run\n\na large " + "language model " * 10)
    row = store.session(session.id)
    assert row.title.startswith("Can I run a large language model")
    assert row.title.endswith("…")
    assert len(row.title) <= 60
    assert not row.title_is_set

    assert store.rename_session(session.id, "Laptops").title == "Laptops"
    ask(store, session.id, "second")
    assert store.session(session.id).title == "Laptops"
    assert store.rename_session(session.id, "").title == row.title
    assert not store.session(session.id).title_is_set

    assert store.create_session(title="given").title_is_set


def test_settings_of_a_session(store: Store) -> None:
    session = store.create_session()
    params = Params(temperature=0.2, extra={"a": [1, "x"]})
    store.update_session(session.id, model="b:c", system="s", params=params, private=True)
    store.add_consent(session.id, "api.example.com")
    store.add_consent(session.id, "other.example.com")
    row = store.add_consent(session.id, "api.example.com")
    assert (row.model, row.system, row.params, row.private) == ("b:c", "s", params, True)
    assert row.consent == ("api.example.com", "other.example.com")
    assert store.sessions() == [row]
    assert store.update_session(session.id, system="").model == "b:c"


def test_the_session_with_the_newest_message_is_first(store: Store) -> None:
    ids = [store.create_session(title=str(number)).id for number in range(5)]
    assert [row.id for row in store.sessions()] == ids[::-1]
    ask(store, ids[1], "hello")
    store.rename_session(ids[3], "renaming moves nothing")
    assert [row.id for row in store.sessions()] == [ids[place] for place in (1, 4, 3, 2, 0)]
    assert [row.id for row in store.sessions(limit=2, offset=1)] == [ids[4], ids[3]]


def test_a_clock_set_back_disturbs_no_order(library: Path) -> None:
    now = 2_000_000_000.0
    store = Store.open(library, clock=lambda: now)
    first = store.create_session()
    early = ask(store, first.id, "one")
    now = 1_000_000_000.0
    second = store.create_session()
    ask(store, second.id, "elsewhere")
    late = ask(store, first.id, "two", early.id)
    store.close()

    store = Store.open(library, clock=lambda: now)
    third = store.create_session()
    assert [row.id for row in store.sessions()] == [third.id, first.id, second.id]
    assert [row.message.text for row in store.path(first.id)][::2] == ["one", "two"]
    assert third.created == now
    ids = [early.id, late.id, ask(store, third.id, "three").id]
    assert ids == sorted(set(ids))
    assert first.id < second.id < third.id
    store.close()


def test_an_import_sorts_by_its_own_time(store: Store) -> None:
    new = store.create_session()
    old = store.create_session(created=1_000_000_000.0)
    store.add_message(old.id, None, Message("user", "long ago"), created=1_000_000_500.0)
    assert [row.id for row in store.sessions()] == [new.id, old.id]
    assert store.session(old.id).updated == 1_000_000_500.0
    assert store.path(old.id)[0].created == 1_000_000_500.0
    ask(store, old.id, "and now again")
    assert [row.id for row in store.sessions()] == [old.id, new.id]


def test_a_batch_is_all_or_nothing(store: Store, library: Path) -> None:
    other = Store.open(library)
    with store.batch():
        session = store.create_session()
        store.add_message(session.id, None, Message("user", "inside"))
        assert store.session(session.id).messages == 1
        assert other.sessions() == []
        with pytest.raises(G4tuiError):
            store.add_message(session.id, "nowhere", Message("user", "lost"))
    assert [row.messages for row in other.sessions()] == [1]

    with pytest.raises(ZeroDivisionError), store.batch():
        store.add_message(session.id, None, Message("user", "undone"))
        store.create_session()
        raise ZeroDivisionError
    assert other.sessions() == [store.session(session.id)]
    assert other.session(session.id).messages == 1
    assert other.search("undone") == []
    other.close()


def test_raw_text_comes_back_as_it_was(store: Store) -> None:
    raw = "\x00\x1b]52;c;x\x07 \ud800 broken \udfff ‮ rtl \r\n e\u0301 \U000e0041"
    session = store.create_session(title=raw, system=raw, model=raw)
    params = Params(stop=(raw,))
    message = Message("user", raw, raw, (Attachment(raw, raw),))
    row = store.add_message(session.id, None, message, model=raw, params=params)
    assert store.path(session.id) == [row]
    assert (row.message, row.model, row.params) == (message, raw, params)
    assert (session.title, session.system, session.model) == (raw, raw, raw)
    assert store.session(session.id).title == raw
    assert [hit.message for hit in store.search("broken")] == [row.id, row.id]


def test_every_file_is_for_its_owner_alone(store: Store, library: Path) -> None:
    old_mask = os.umask(0)
    try:
        session = store.create_session()
        store.begin_turn(session.id, None, Message("user", "hi"), "m")
        backup = store.backup()
    finally:
        os.umask(old_mask)
    files = [path for path in library.parent.rglob("*") if path.is_file()]
    assert {backup, library, library.with_name("library.sqlite3-wal")} <= set(files)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(library.parent.stat().st_mode) == 0o700


def test_a_library_that_others_could_read_is_closed_to_them(store: Store, library: Path) -> None:
    store.close()
    library.chmod(0o644)
    Store.open(library).close()
    assert stat.S_IMODE(library.stat().st_mode) == 0o600


def test_many_threads_share_a_store(store: Store) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            session = store.create_session(title=f"thread {number}")
            parent = None
            for turn in range(10):
                _, answer = store.begin_turn(
                    session.id, parent, Message("user", f"t{number} {turn}"), "m"
                )
                store.flush_answer(answer.id, "half")
                assert store.tail(session.id, limit=1)[0].message.text == "half"
                parent = store.finish_answer(answer.id, "complete", f"done{number}").id
                assert len(store.search(f"done{number}")) == turn + 1
            assert len(store.path(session.id)) == 20
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(store.sessions()) == 8
    assert store.check() == []


def test_reading_does_not_wait_for_writing(store: Store) -> None:
    session = store.create_session(title="there")
    writing, read = threading.Event(), threading.Event()

    def write_for_long() -> None:
        with store.batch():
            store.create_session(title="not yet")
            writing.set()
            assert read.wait(30)

    thread = threading.Thread(target=write_for_long)
    thread.start()
    assert writing.wait(30)
    assert store.sessions() == [session]
    assert store.search("there")[0].session == session.id
    read.set()
    thread.join()
    assert [row.title for row in store.sessions()] == ["not yet", "there"]


def test_nothing_to_answer_is_refused(store: Store) -> None:
    session = store.create_session()
    with pytest.raises(G4tuiError) as raised:
        store.begin_turn(session.id, None, None, "m")
    assert raised.value.info.kind == "usage"
    other = store.create_session()
    elsewhere = ask(store, other.id, "other")
    with pytest.raises(G4tuiError, match="not in this session"):
        store.begin_turn(session.id, elsewhere.id, Message("user", "x"), "m")
    with pytest.raises(G4tuiError, match="not in this session"):
        store.set_head(session.id, elsewhere.id)
    assert store.session(session.id).messages == 0


def test_a_closed_store_says_so(library: Path) -> None:
    store = Store.open(library)
    store.close()
    for use in (store.sessions, store.create_session, store.recover):
        with pytest.raises(G4tuiError, match="closed"):
            use()
