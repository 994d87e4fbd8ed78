"""Where sessions are kept, and how they are found by it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from g4tui.core import G4tuiError, Message, Params
from g4tui.store import SessionRow, Store

DAY_S = 24 * 3600.0


class Clock:
    """Time that only moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(library: Path, clock: Clock) -> Iterator[Store]:
    opened = Store.open(library, clock=clock)
    yield opened
    opened.close()


def said(store: Store, text: str, answer: str = "", model: str = "m") -> SessionRow:
    """A session in which something was said, and perhaps answered."""
    session = store.create_session(model=model).id
    row = store.add_message(session, None, Message("user", text))
    if answer:
        store.add_message(session, row.id, Message("assistant", answer), model=model)
    return store.session(session)


def titles(rows: list[SessionRow]) -> list[str]:
    return [row.title for row in rows]


def test_what_is_archived_is_out_of_the_way_and_still_found(store: Store) -> None:
    one, two = said(store, "one"), said(store, "two")
    assert store.set_archived(one.id).archived
    assert titles(store.sessions()) == ["two"]
    assert titles(store.sessions(shelf="archived")) == ["one"]
    assert titles(store.sessions(shelf="all")) == ["two", "one"]
    assert [hit.session for hit in store.search("one")] == [one.id]
    store.set_archived(one.id, False)
    assert titles(store.sessions()) == ["two", "one"]
    assert not store.session(two.id).archived


def test_the_bin_gives_back_all_that_it_was_given(store: Store) -> None:
    one, two = said(store, "one", "an answer"), said(store, "two")
    store.rename_session(one.id, "a title")
    store.set_archived(one.id)
    before, rows = store.session(one.id), store.all_messages(one.id)
    assert store.bin_session(one.id).deleted is not None
    assert titles(store.sessions(shelf="all")) == ["two"]
    assert titles(store.sessions(shelf="bin")) == ["a title"]
    assert store.search("answer") == store.search("title") == []
    assert store.restore_session(one.id) == before
    assert store.all_messages(one.id) == rows
    assert len(store.search("answer")) == len(store.search("title")) == 1
    assert store.session(two.id) == two


def test_the_bin_is_emptied_of_what_is_old(store: Store, clock: Clock) -> None:
    old, new, kept = said(store, "old"), said(store, "new"), said(store, "kept")
    store.bin_session(old.id)
    clock.now += 29 * DAY_S
    store.bin_session(new.id)
    assert titles(store.sessions(shelf="bin")) == ["new", "old"]
    assert store.empty_bin() == []
    clock.now += DAY_S
    assert [row.id for row in store.empty_bin()] == [old.id]
    with pytest.raises(G4tuiError) as raised:
        store.session(old.id)
    assert raised.value.info.kind == "missing"
    assert [row.id for row in store.empty_bin(older_than_s=0)] == [new.id]
    assert [row.id for row in store.sessions(shelf="all")] == [kept.id]
    assert store.check() == []


def test_what_another_window_goes_on_with_is_not_lost_in_the_bin(store: Store) -> None:
    session = said(store, "hello").id
    _, answer = store.begin_turn(session, store.session(session).head, Message("user", "a"), "m")
    store.bin_session(session)
    store.set_archived(session)
    store.finish_answer(answer.id, "complete", "the end of an answer is no new message")
    assert store.session(session).deleted is not None
    store.begin_turn(session, answer.id, Message("user", "b"), "m")
    assert store.session(session).deleted is None
    assert titles(store.sessions()) == ["hello"]


def test_pinned_sessions_may_come_first(store: Store) -> None:
    for text in ("one", "two", "three"):
        said(store, text)
    one = store.sessions()[-1]
    assert store.set_pinned(one.id).pinned
    assert titles(store.sessions(pinned_first=True)) == ["one", "three", "two"]
    assert titles(store.sessions(2, 1, pinned_first=True)) == ["three", "two"]
    assert titles(store.sessions()) == ["three", "two", "one"]
    store.set_pinned(one.id, False)
    assert titles(store.sessions(pinned_first=True)) == ["three", "two", "one"]


def test_tags(store: Store) -> None:
    one, two = said(store, "one"), said(store, "two")
    assert store.tag(one.id, "Work", "to  do").tags == ("to do", "Work")
    assert store.tag(two.id, "WORK").tags == ("Work",)  # as it was written first
    assert store.tags() == ["to do", "Work"]
    assert titles(store.sessions(tag="work")) == ["two", "one"]
    assert titles(store.sessions(tag="to do")) == ["one"]
    assert store.session(one.id) in store.sessions()
    assert store.untag(one.id, "wOrK", "never there").tags == ("to do",)
    for wrong in ("", "  ", "x" * 41):
        with pytest.raises(G4tuiError, match="no tag"):
            store.tag(one.id, wrong)
    store.bin_session(one.id)
    assert store.tags() == ["Work"]
    store.delete_session(one.id)
    assert store.check() == []


def test_search_by_model_date_star_and_tag(store: Store, clock: Clock) -> None:
    old = said(store, "how are whales", "whales are large", model="a")
    clock.now += DAY_S
    noon = clock.now
    new = said(store, "and whales again", "whales again", model="b")
    store.rename_session(new.id, "whales")
    question, answer = store.path(old.id)
    store.star(answer.id)
    store.tag(new.id, "sea")

    def found(**filters: object) -> list[str]:
        return [hit.session for hit in store.search("whales", **filters)]  # type: ignore[arg-type]

    assert found() == [new.id, new.id, new.id, old.id, old.id]  # a title, then messages
    assert found(model="a") == [old.id, old.id]  # the answer, and what it answered
    assert found(model="b") == [new.id, new.id, new.id]
    assert found(since=noon) == [new.id, new.id, new.id]
    assert found(until=noon - 1) == [old.id, old.id]
    assert found(tag="SEA") == [new.id, new.id, new.id]
    assert found(starred=True) == [old.id]
    assert found(starred=True, model="b") == found(tag="none") == []
    assert [hit.message for hit in store.search("", starred=True)] == [answer.id]
    assert [hit.message for hit in store.search(" ", model="a")] == [answer.id, question.id]
    assert store.search("", limit=1, since=0.0)[0].session == new.id
    assert store.search("") == []
    assert store.models() == ["a", "b"]


def test_a_hit_without_words_shows_how_the_message_begins(store: Store) -> None:
    said(store, "hello", "first line\nsecond " + "word " * 100, model="a")
    hit = store.search("", model="a")[0]
    assert hit.snippet.startswith("first line second word")
    assert hit.ranges == ()


def test_what_a_session_begins_with_is_changed_and_taken_back(store: Store) -> None:
    one = said(store, "one")
    changed = store.update_session(
        one.id, model="n", system="Be brief.", params=Params(seed=1), context=64, private=True
    )
    assert changed == store.session(one.id)
    assert (changed.model, changed.system, changed.params) == ("n", "Be brief.", Params(seed=1))
    assert (changed.context, changed.private, changed.updated) == (64, True, one.updated)
    assert store.update_session(one.id) == changed
    back = store.update_session(one.id, context=0, system="", private=False)
    assert (back.context, back.system, back.private, back.model) == (None, "", False, "n")
