"""Blind turns: what is let out of the library until the names are seen."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis.strategies import integers, none, sampled_from, tuples

from g4tui.core import Message, Usage
from g4tui.store import Asked, MessageRow, State, Store, TurnRow
from g4tui.store.veil import BLIND
from support.blind import LEFT, STUDENT, TEACHER, USAGE, hidden_turn


def veiled(store: Store, session: str) -> list[MessageRow]:
    """All answers of a session that are hidden, as they may be shown."""
    veil = store.veil(session)
    return [veil.over(row) for row in store.all_messages(session) if veil.hides(row)]


@pytest.mark.parametrize("turned", [False, True])
def test_a_hidden_answer_has_no_name_no_numbers_and_no_thinking(store: Store, turned: bool) -> None:
    turn = hidden_turn(store, turned=turned, fails=True)
    rows = veiled(store, turn.session)
    names = [row.model.removeprefix(BLIND) for row in rows]
    # One that was asked again is as telling as the one in its place.
    assert sorted(names) == ["Another answer", "Answer A", "Answer B"]
    for row in rows:
        assert row.usage is None and not row.message.reasoning and row.memory_start is None
        assert row.error is None or "example.org" not in str(row.error)
    shown = {row.id: row.message.text for row in rows}
    assert shown[turn.shown[0]] == LEFT
    hi = store.path(turn.session)[1]
    assert store.veil(turn.session).over(hi) == hi  # what was said before has its name


@pytest.mark.parametrize("way", ["vote", "reveal"])
def test_it_is_lifted_when_the_names_are_seen(store: Store, way: str) -> None:
    turn = hidden_turn(store, turned=True)
    kept = store.veil(turn.session)
    if way == "vote":
        store.vote(turn.id, "tie")
    else:
        store.reveal(turn.id)
    assert veiled(store, turn.session) == []
    answer = store.message(turn.shown[0])
    assert kept.with_turn(store.turn(turn.id)).over(answer) == answer
    assert (answer.model, answer.usage) == (STUDENT, USAGE[STUDENT])


def begun(store: Store) -> TurnRow:
    session = store.create_session().id
    asked = [Asked(None, TEACHER), Asked(None, STUDENT)]
    turn, _ = store.begin_compared(session, Message("user", "Why?"), asked, blind=True)
    return turn


def test_while_one_is_written_nothing_tells_how_far_each_has_come(store: Store) -> None:
    turn = begun(store)
    quick, slow = turn.answers
    store.finish_answer(quick, "complete", "Done.", usage=Usage(completion=1), finish_reason="stop")
    store.flush_answer(slow, "So f")
    assert [(row.state, row.message.text) for row in veiled(store, turn.session)] == [
        ("streaming", ""),
        ("streaming", ""),
    ]
    assert [each.message.text for each in store.transcript(turn.session).messages] == [
        "Why?", "", "",
    ]  # fmt: skip
    store.finish_answer(slow, "stopped", "So far.", finish_reason="cancelled")
    assert [(row.state, row.message.text) for row in veiled(store, turn.session)] == [
        ("stopped", "Done."),
        ("stopped", "So"),
    ]
    assert {row.finish_reason for row in veiled(store, turn.session)} == {None}


Ending = tuple[State, int]
ENDINGS = tuples(sampled_from(["complete", "stopped", "interrupted"]), integers(0, 40))


@settings(max_examples=40, deadline=None)
@given(first=ENDINGS, second=ENDINGS, before=none() | tuples(ENDINGS, ENDINGS))
def test_what_was_stopped_is_shown_as_far_as_all_had_come(
    first: Ending, second: Ending, before: tuple[Ending, Ending] | None
) -> None:
    """Whichever was quicker: both have the same mark, and end within a word of each other."""
    words = " ".join("abcdefghijkl"[: 2 + n * 5 % 7] for n in range(60))
    with TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "library.sqlite3")
        turn = begun(store)
        for endings in [before or (first, second), (first, second)][before is None :]:
            if store.message(turn.answers[0]).state != "streaming":
                for old in turn.answers:
                    row = store.message(old)
                    _, new = store.begin_turn(row.session, row.parent, None, row.model)
                    turn = store.replace_answer(turn.id, old, new.id)
            for answer, (state, length) in zip(turn.answers, endings, strict=True):
                store.finish_answer(answer, state, words[: length * 4])
        rows = veiled(store, turn.session)
        whole = {row.id: row for row in store.all_messages(turn.session)}
        store.close()
    for pair in [rows[at : at + 2] for at in range(0, len(rows), 2)]:
        early = {whole[row.id].state for row in pair} - {"complete"}
        if not early:
            assert [row.message.text for row in pair] == [whole[r.id].message.text for r in pair]
            continue
        mark = "interrupted" if "interrupted" in early else "stopped"
        assert {row.state for row in pair} == {mark}
        least = min(len(whole[row.id].message.text) for row in pair)
        for row in pair:
            assert whole[row.id].message.text.startswith(row.message.text)
            assert least - 8 <= len(row.message.text) <= least


def test_a_search_by_model_does_not_find_hidden_answers(store: Store) -> None:
    turn = hidden_turn(store, turned=False)
    asked_again = store.siblings(turn.shown[0])[0].id
    for model in (TEACHER, STUDENT):
        for text in ("", "stands", "asked again"):
            hits = {hit.message for hit in store.search(text, model=model)}
            assert not hits & {*turn.shown, asked_again}
    assert {hit.message for hit in store.search("stands")} == set(turn.shown)
    store.reveal(turn.id)
    assert turn.shown[0] in {hit.message for hit in store.search("stands", model=TEACHER)}
    assert turn.shown[0] not in {hit.message for hit in store.search("stands", model=STUDENT)}


def test_a_turn_that_is_not_blind_hides_nothing(store: Store) -> None:
    session = store.create_session().id
    asked = [Asked(None, TEACHER), Asked(None, STUDENT)]
    turn, _ = store.begin_compared(session, Message("user", "Why?"), asked)
    store.flush_answer(turn.answers[0], "So f")
    assert veiled(store, session) == []
