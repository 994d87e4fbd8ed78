"""One prompt to several models: what is saved, whose vote counts as blind, and corrections."""

from collections.abc import Callable, Sequence
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis.strategies import booleans, lists, sampled_from, tuples

from g4tui.core import G4tuiError, Message, Params
from g4tui.store import Asked, MessageRow, State, Store, TurnRow
from support.store_process import Child

Start = Callable[..., Child]
TWO = (Asked(None, "openai:teacher", Params(seed=1)), Asked(None, "llama-cpp:student"))


def compared(
    store: Store, asked: Sequence[Asked] = TWO, *, blind: bool = False, text: str = "Why?"
) -> tuple[TurnRow, list[MessageRow]]:
    """A finished comparison in a session of its own, and its answers as they were asked."""
    session = store.create_session().id
    turn, sides = store.begin_compared(session, Message("user", text), asked, blind=blind)
    answers = [
        store.finish_answer(answer.id, "complete", f"by {answer.model}", finish_reason="stop")
        for _, answer in sides
    ]
    return turn, answers


def test_a_comparison_is_saved_before_it_is_answered(store: Store, library: Path) -> None:
    session = store.create_session().id
    turn, sides = store.begin_compared(session, Message("user", "Why?"), TWO, order=[1, 0])
    other = Store.open(library)
    saved, shown = other.turn(turn.id), other.path(session)
    rows = other.messages([row.id for side in sides for row in side])
    other.close()

    assert saved == turn
    (question, teacher), (same, student) = sides
    assert rows == [question, teacher, same, student]
    assert question == same  # one question, two answers to it
    assert turn.answers == (teacher.id, student.id)
    assert turn.shown == (student.id, teacher.id)
    assert [row.model for row in (teacher, student)] == ["openai:teacher", "llama-cpp:student"]
    assert teacher.params == Params(seed=1)
    assert {teacher.state, student.state} == {"streaming"}
    assert [row.id for row in shown] == [question.id, student.id]
    assert store.last_turn(session) == store.turn_of(teacher.id) == turn
    assert store.turn_of(question.id) is None


def test_each_model_may_go_on_from_its_own_answer(store: Store) -> None:
    turn, (teacher, student) = compared(store)
    asked = [Asked(teacher.id, "t"), Asked(student.id, "s"), Asked(student.id, "s2")]
    _, sides = store.begin_compared(turn.session, Message("user", "And then?"), asked)
    parents = [question.parent for question, _ in sides]
    assert parents == [teacher.id, student.id, student.id]
    assert len({question.id for question, _ in sides}) == 2
    assert all(answer.parent == question.id for question, answer in sides)
    assert len(store.turns(turn.session)) == 2


def test_a_question_can_be_asked_again_without_a_new_one(store: Store) -> None:
    turn, (teacher, _) = compared(store)
    question = teacher.parent
    _, sides = store.begin_compared(
        turn.session, None, [Asked(question, "a"), Asked(question, "a")]
    )
    assert {row.id for row, _ in sides} == {question}
    assert [answer.position for _, answer in sides] == [3, 4]


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_the_tree_does_not_tell_who_was_asked_first(store: Store, order: tuple[int, ...]) -> None:
    session = store.create_session().id
    asked = [Asked(None, f"m{number}") for number in range(3)]
    turn, sides = store.begin_compared(
        session, Message("user", "?"), asked, blind=True, order=order
    )
    assert [answer.model for _, answer in sides] == ["m0", "m1", "m2"]
    assert [store.message(id_).model for id_ in turn.shown] == [f"m{place}" for place in order]
    assert [row.id for row in store.siblings(turn.answers[0])] == list(turn.shown)
    assert store.session(session).head == turn.shown[0]


def test_what_cannot_be_compared(store: Store) -> None:
    session = store.create_session().id
    said = Message("user", "?")
    for message, asked, order in (
        (said, TWO[:1], None),
        (said, TWO, [0, 0]),
        (said, TWO, [0]),
        (None, TWO, None),
    ):
        with pytest.raises(G4tuiError) as raised:
            store.begin_compared(session, message, asked, order=order)
        assert raised.value.info.kind == "usage"
    with pytest.raises(G4tuiError) as raised:
        store.begin_compared(session, said, [Asked(None, "a"), Asked("gone", "b")])
    assert raised.value.info.kind == "missing"
    assert store.all_messages(session) == []
    assert store.turns() == []


def test_a_vote_says_who_stood_where(store: Store) -> None:
    session = store.create_session().id
    turn, _ = store.begin_compared(session, Message("user", "?"), TWO, order=[1, 0])
    vote = store.vote(turn.id, "left", reason="shorter")
    assert vote.shown == turn.shown
    assert vote.answers == turn.answers
    assert (vote.verdict, vote.reason) == ("left", "shorter")
    assert not vote.blind
    assert not vote.revealed_first
    assert store.turn(turn.id).votes == (vote,)
    assert store.votes() == store.votes(session) == [vote]
    assert store.votes(since=vote.created + 1) == []


def test_of_three_answers_the_two_in_view_are_voted_on(store: Store) -> None:
    turn, (a, b, c) = compared(store, [Asked(None, name) for name in "abc"])
    vote = store.vote(turn.id, "right", answers=(c.id, a.id))
    assert vote.shown == (c.id, a.id)
    assert vote.answers == (a.id, c.id)
    for wrong in ((a.id, a.id), (a.id, "gone")):
        with pytest.raises(G4tuiError, match="not in the comparison"):
            store.vote(turn.id, "left", answers=wrong)
    assert store.vote(turn.id, "left").shown == (a.id, b.id)
    assert {each.shown for each in store.votes()} == {(c.id, a.id), (a.id, b.id)}
    assert [each.verdict for each in store.unvote(turn.id, (a.id, c.id)).votes] == ["left"]


def test_names_of_three_are_shown_once_each_two_have_a_blind_vote(store: Store) -> None:
    """With one name of three, or two, the rest would be known."""
    turn, (a, b, c) = compared(store, [Asked(None, name) for name in "abc"], blind=True)
    store.vote(turn.id, "left", answers=(a.id, b.id))
    store.vote(turn.id, "right", answers=(a.id, b.id))
    store.vote(turn.id, "tie", answers=(a.id, c.id))
    assert store.turn(turn.id).revealed is None
    assert all(vote.blind and vote.answers == vote.shown for vote in store.votes())
    store.vote(turn.id, "left", answers=(b.id, c.id))
    assert store.turn(turn.id).revealed is not None
    assert [(vote.verdict, vote.blind) for vote in store.votes()] == [
        ("right", True),
        ("tie", True),
        ("left", True),
    ]


@settings(max_examples=40, deadline=None)
@given(
    blind=booleans(),
    steps=lists(
        tuples(sampled_from(["left", "right", "tie", "both_bad", "reveal", "take"]), booleans()),
        max_size=6,
    ),
)
def test_a_vote_is_blind_only_before_anything_tells_the_names(
    blind: bool, steps: list[tuple[str, bool]]
) -> None:
    """Against a model of it: names are known after a reveal, a vote, or by the answer itself."""
    with TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "library.sqlite3")
        turn, _ = compared(store, blind=blind)
        seen, expected = not blind, None
        for what, names_itself in steps:
            if what == "reveal":
                store.reveal(turn.id)
                seen = True
            elif what == "take":
                store.unvote(turn.id)
                expected = None
            else:
                store.vote(turn.id, what, names_itself=names_itself)  # type: ignore[arg-type]
                if expected is None or expected[0] != what:
                    expected = (what, not seen and not names_itself, blind and seen)
                seen = True
        given_now = [(v.verdict, v.blind, v.revealed_first) for v in store.turn(turn.id).votes]
        got = given_now[0] if given_now else None
        assert got == expected
        assert (store.turn(turn.id).revealed is not None) == (blind and seen)
        store.close()


@pytest.mark.parametrize("state", ["complete", "stopped", "failed", "interrupted"])
@pytest.mark.parametrize("text", ["Yes.", ""])
def test_what_was_blind_is_blind_however_an_answer_ended(
    store: Store, state: State, text: str
) -> None:
    session = store.create_session().id
    turn, sides = store.begin_compared(session, Message("user", "Why?"), TWO, blind=True)
    (_, teacher), (_, student) = sides
    store.finish_answer(teacher.id, state, text)
    store.finish_answer(student.id, "complete", "Yes, you can.")
    assert store.vote(turn.id, "right").blind


def test_a_reason_that_is_given_later_leaves_the_vote_blind(store: Store) -> None:
    turn, _ = compared(store, blind=True)
    first = store.vote(turn.id, "left")
    again = store.vote(turn.id, "left", reason="clearer")
    assert (again.blind, again.reason, again.created) == (True, "clearer", first.created)
    assert store.vote(turn.id, "left").reason == "clearer"
    changed = store.vote(turn.id, "right")
    assert (changed.blind, changed.revealed_first, changed.reason) == (False, True, "clearer")


def test_an_answer_that_is_asked_again_takes_its_place(store: Store) -> None:
    turn, (teacher, student) = compared(store)
    vote = store.vote(turn.id, "left")
    _, new = store.begin_turn(turn.session, student.parent, None, "llama-cpp:student")
    replaced = store.replace_answer(turn.id, student.id, new.id)
    assert replaced.answers == replaced.shown == (teacher.id, new.id)
    assert store.turn_of(new.id) == replaced
    assert store.turn_of(student.id) is None
    assert replaced.votes == (vote,)  # about the answers that the person had seen
    again = store.vote(turn.id, "left")
    assert again.shown == (teacher.id, new.id)
    assert store.turn(turn.id).votes == (vote, again)
    assert store.unvote(turn.id, vote.shown).votes == (again,)

    with pytest.raises(G4tuiError, match="not in the comparison"):
        store.replace_answer(turn.id, student.id, new.id)
    elsewhere, _ = compared(store)
    with pytest.raises(G4tuiError, match="another session"):
        store.replace_answer(turn.id, new.id, elsewhere.answers[0])
    assert store.turn(turn.id).answers == (teacher.id, new.id)


def test_a_correction_stands_beside_the_answer(store: Store) -> None:
    turn, (_, student) = compared(store)
    correction = store.correct(student.id, "as it should be")
    assert correction.corrects == student.id
    assert (correction.parent, correction.state, correction.model) == (
        student.parent,
        "complete",
        "",
    )
    assert store.session(turn.session).head == correction.id
    assert store.message(student.id).message.text == "by llama-cpp:student"
    assert [hit.message for hit in store.search("should")] == [correction.id]
    with pytest.raises(G4tuiError, match="Only an answer"):
        store.correct(str(student.parent), "x")
    _, streaming = store.begin_turn(turn.session, student.parent, None, "m")
    with pytest.raises(G4tuiError, match="still being written"):
        store.correct(streaming.id, "x")


def test_what_all_go_on_from_is_chosen_and_survives_a_restart(store: Store, library: Path) -> None:
    turn, (teacher, student) = compared(store)
    assert turn.chosen is None
    chosen = store.choose(turn.id, student.id)
    assert chosen.chosen == student.id
    assert store.session(turn.session).head == student.id
    store.close()
    again = Store.open(library)
    assert again.turns() == [chosen]
    assert again.turn_at(turn.session) == chosen
    taken_back = again.choose(turn.id, None)
    assert taken_back.chosen is None
    assert again.session(turn.session).head == teacher.id
    for wrong in (str(teacher.parent), compared(again)[1][0].id):
        with pytest.raises(G4tuiError, match="not in the comparison"):
            again.choose(turn.id, wrong)
    assert again.turn(turn.id) == taken_back
    again.close()


def test_a_correction_is_chosen_and_stands_for_its_answer(store: Store) -> None:
    turn, (teacher, student) = compared(store)
    assert store.standing(turn.id) == [store.message(id_) for id_ in turn.answers]
    store.correct(student.id, "first try")
    corrected = store.correct(student.id, "as it should be")
    assert store.turn(turn.id).chosen == corrected.id
    assert store.turn_at(turn.session) == store.turn(turn.id)
    assert [row.id for row in store.standing(turn.id)] == [teacher.id, corrected.id]
    store.choose(turn.id, None)
    assert [row.id for row in store.standing(turn.id)] == [teacher.id, corrected.id]
    alone = store.add_message(turn.session, teacher.id, Message("user", "and then?"))
    assert store.turn_at(turn.session) is None
    assert store.session(turn.session).head == alone.id


def test_what_is_asked_again_stays_chosen(store: Store) -> None:
    turn, (teacher, student) = compared(store)
    for what in (lambda row: row, lambda row: store.correct(row.id, "better")):
        store.choose(turn.id, what(student).id)
        _, new = store.begin_turn(turn.session, student.parent, None, "llama-cpp:student")
        student = store.finish_answer(new.id, "complete", "again")
        replaced = store.replace_answer(turn.id, store.turn(turn.id).answers[1], new.id)
        assert replaced.chosen == new.id
    store.choose(turn.id, teacher.id)
    _, new = store.begin_turn(turn.session, student.parent, None, "llama-cpp:student")
    assert store.replace_answer(turn.id, student.id, new.id).chosen == teacher.id
    store.delete_session(turn.session)
    assert store.check() == []


def test_a_deleted_session_takes_its_comparisons_along(store: Store) -> None:
    kept, _ = compared(store)
    turn, (teacher, student) = compared(store)
    store.vote(turn.id, "tie")
    store.vote(kept.id, "left")
    _, new = store.begin_turn(turn.session, student.parent, None, "m")
    store.replace_answer(turn.id, student.id, new.id)
    store.correct(teacher.id, "better")
    store.delete_session(turn.session)
    assert [row.id for row in store.turns()] == [kept.id]
    assert [row.turn for row in store.votes()] == [kept.id]
    for gone in (
        lambda: store.turn(turn.id),
        lambda: store.vote(turn.id, "left"),
        lambda: store.unvote(turn.id),
        lambda: store.reveal(turn.id),
        lambda: store.last_turn(turn.session),
        lambda: store.correct(teacher.id, "x"),
    ):
        with pytest.raises(G4tuiError) as raised:
            gone()
        assert raised.value.info.kind == "missing"
    assert store.check() == []


def test_votes_in_the_bin_do_not_count_until_they_are_back(store: Store) -> None:
    turn, _ = compared(store)
    store.vote(turn.id, "left")
    store.bin_session(turn.session)
    assert store.votes() == []
    assert store.turns() == []
    assert len(store.votes(turn.session)) == 1
    store.restore_session(turn.session)
    assert len(store.votes()) == len(store.turns()) == 1


def test_kill_9_keeps_every_vote_and_both_partial_answers(child: Start, library: Path) -> None:
    worker = child("compare")
    facts = [worker.told() for _ in range(60)]
    facts += worker.kill()
    store = Store.open(library)
    store.recover()
    votes = {vote.turn: vote for vote in store.votes()}
    last: dict[str, str] = {}
    for fact in facts:
        if fact["did"] == "vote":
            last[fact["turn"]] = fact["verdict"]
    assert len(last) >= 5
    if facts[-1]["did"] == "voting" and facts[-1]["turn"] in last:
        turn, asked = facts[-1]["turn"], facts[-1]["verdict"]
        assert votes[turn].verdict in (asked, last.pop(turn))
    for turn, verdict in last.items():
        assert votes[turn].verdict == verdict
    for fact in facts:
        if fact["did"] == "flush":
            for row in store.messages(store.turn(fact["turn"]).answers):
                assert row.state in ("interrupted", "complete")
                assert row.message.text.startswith("half an answer by " + row.model)
    assert store.check() == []
    store.close()


def test_two_processes_vote_at_once(store: Store, child: Start) -> None:
    turn, _ = compared(store, blind=True)
    voters = [child("votes", turn.id) for _ in range(2)]
    for voter in voters:
        assert voter.told() == {"ready": True}
    for voter in voters:
        voter.go_on()
    last = [voter.told()["verdict"] for voter in voters]
    (vote,) = store.votes()
    assert vote.verdict in last
    assert not vote.blind
    assert store.check() == []
