"""Whole sessions as values: what goes out comes in again, and forks."""

import math
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis.strategies import characters, text

from g4tui.core import ErrorInfo, G4tuiError, Message, Params, Usage
from g4tui.plugin import Transcript, TranscriptMessage, TranscriptTurn, TranscriptVote
from g4tui.store import Asked, Store
from support.transcripts import renamed, transcripts


# Any character, lone surrogates in pairs too.
@settings(max_examples=40, deadline=None)
@given(transcripts(text(characters(), max_size=20)))
def test_what_goes_in_comes_out(transcript: Transcript) -> None:
    with TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "library.sqlite3")
        row = store.import_transcript(transcript)
        assert row is not None
        out = store.transcript(row.id)
        pairs = zip(out.messages, transcript.messages, strict=True)
        names = {new.id: old.id for new, old in pairs}
        assert renamed(out, names) == transcript
        assert row.messages == len(transcript.messages)
        assert store.import_transcript(out) is None
        assert [each.id for each in store.sessions(shelf="all")] == [row.id]
        assert store.check() == []
        store.close()


def line(*texts: str, **named: object) -> Transcript:
    """A plain conversation."""
    messages = tuple(
        TranscriptMessage(
            str(number),
            str(number - 1) if number else None,
            Message("assistant" if number % 2 else "user", said),
        )
        for number, said in enumerate(texts)
    )
    return Transcript(title="", messages=messages, title_is_set=False, **named)  # type: ignore[arg-type]


def test_what_was_imported_is_found_and_sorted_by_its_time(store: Store) -> None:
    now = store.create_session(title="of today")
    with store.batch():
        for year in (2, 1, 3):
            store.import_transcript(line(f"a question {year}", "walrus", created=year * 3e7))
    assert [row.title for row in store.sessions()] == [
        "of today",
        "a question 3",
        "a question 2",
        "a question 1",
    ]
    assert len(store.search("walrus")) == 3
    row = store.sessions()[1]
    assert not row.title_is_set
    assert [each.created for each in store.path(row.id)] == [9e7, 9e7]
    assert store.add_message(row.id, row.head, Message("user", "more")).depth == 3
    assert [row.id for row in store.sessions()][1] == now.id


def test_the_same_origin_is_imported_once(store: Store) -> None:
    transcript = line("hi", origin="chatgpt:1")
    row = store.import_transcript(transcript)
    assert row is not None
    assert row.origin == "chatgpt:1"
    assert store.import_transcript(transcript) is None
    store.bin_session(row.id)
    assert store.import_transcript(transcript) is None
    store.delete_session(row.id)
    assert store.import_transcript(transcript) is not None
    assert store.import_transcript(line("hi")) is not None
    assert store.import_transcript(line("hi")) is not None


def test_a_session_that_began_here_is_not_imported_beside_itself(store: Store) -> None:
    session = store.create_session().id
    store.add_message(session, None, Message("user", "hi"))
    out = store.transcript(session)
    assert store.import_transcript(out) is None
    store.delete_session(session)
    assert store.import_transcript(out) is not None
    assert store.import_transcript(out) is None


@pytest.mark.parametrize(
    "change",
    [
        {"id": "0"},
        {"parent": "9"},
        {"parent": "1"},
        {"state": "streaming"},
        {"corrects": "9"},
        {"memory_start": "9"},
    ],
    ids=str,
)
def test_what_is_no_tree_is_refused_whole(store: Store, change: dict[str, str]) -> None:
    transcript = line("hi", "there")
    broken = msgspec.structs.replace(transcript.messages[1], **change)
    with store.batch():
        store.import_transcript(line("before"))
        with pytest.raises(G4tuiError) as raised:
            store.import_transcript(
                msgspec.structs.replace(transcript, messages=(transcript.messages[0], broken))
            )
        assert raised.value.info.kind == "usage"
        store.import_transcript(line("after"))
    assert {row.title for row in store.sessions()} == {"before", "after"}
    with pytest.raises(G4tuiError, match="not there"):
        store.import_transcript(msgspec.structs.replace(transcript, head="9"))


@pytest.mark.parametrize(
    "turn",
    [
        TranscriptTurn(("1",), ("1",)),
        TranscriptTurn(("1", "1"), ("1", "1")),
        TranscriptTurn(("1", "3"), ("1", "1")),
        TranscriptTurn(("1", "2"), ("1", "2")),
        TranscriptTurn(("1", "9"), ("1", "9")),
        TranscriptTurn(("1", "3"), ("1", "3"), chosen="9"),
        TranscriptTurn(
            ("1", "3"), ("1", "3"), votes=(TranscriptVote(("1", "9"), ("9", "1"), "tie"),)
        ),
        TranscriptTurn(
            ("1", "3"), ("1", "3"), votes=(TranscriptVote(("1", "1"), ("1", "1"), "tie"),)
        ),
    ],
    ids=range(8),
)
def test_a_comparison_of_what_is_not_there_is_refused(store: Store, turn: TranscriptTurn) -> None:
    transcript = line("hi", "there", "and", "then")
    good = TranscriptTurn(("1", "3"), ("3", "1"))
    for turns in ((turn,), (good, good)):
        with pytest.raises(G4tuiError, match="comparison"):
            store.import_transcript(msgspec.structs.replace(transcript, turns=turns))
    assert store.sessions() == []
    assert store.import_transcript(msgspec.structs.replace(transcript, turns=(good,))) is not None


@pytest.mark.parametrize("time", [0.0, -5.0, math.nan, math.inf, 1e300])
def test_a_time_that_is_none_is_taken_from_its_neighbour(store: Store, time: float) -> None:
    transcript = line("a", "b")
    known = msgspec.structs.replace(transcript.messages[0], created=123.0)
    unknown = msgspec.structs.replace(transcript.messages[1], created=time)
    row = store.import_transcript(
        msgspec.structs.replace(transcript, messages=(known, unknown), created=time, updated=time)
    )
    assert row is not None
    assert (row.created, row.updated) == (123.0, 123.0)
    assert [each.created for each in store.path(row.id)] == [123.0, 123.0]


def test_a_fork_holds_one_line_and_leaves_the_other_alone(store: Store) -> None:
    session = store.create_session(system="be kind", model="m", private=True, context=64)
    store.add_consent(session.id, "host")
    store.tag(session.id, "work")
    user, answer = store.begin_turn(session.id, None, Message("user", "one"), "m", Params(seed=1))
    assert user is not None
    store.finish_answer(answer.id, "stopped", "uno", usage=Usage(prompt=1))
    store.star(answer.id)
    other = store.add_message(session.id, user.id, Message("assistant", "eins"), model="n")
    store.add_message(session.id, other.id, Message("user", "two"))
    before = store.all_messages(session.id)

    fork = store.fork(session.id, answer.id)
    assert [row.message.text for row in store.path(fork.id)] == ["one", "uno"]
    assert (fork.messages, fork.system, fork.model, fork.context) == (2, "be kind", "m", 64)
    assert (fork.private, fork.consent, fork.tags) == (True, (), ("work",))
    assert fork.title == "one"
    copy = store.path(fork.id)[1]
    assert (copy.state, copy.params, copy.usage) == ("stopped", Params(seed=1), Usage(prompt=1))
    assert copy.starred
    assert copy.created == answer.created
    assert store.sessions()[0].id == fork.id
    assert store.all_messages(session.id) == before

    store.add_message(fork.id, fork.head, Message("user", "in the fork"))
    assert len(store.all_messages(session.id)) == 4
    store.delete_session(session.id)
    assert len(store.path(fork.id)) == 3
    with pytest.raises(G4tuiError, match="not in this session"):
        store.fork(fork.id, answer.id)


def test_a_fork_is_titled_by_its_own_first_message(store: Store) -> None:
    session = store.create_session().id
    store.add_message(session, None, Message("user", "one beginning"))
    edited = store.add_message(session, None, Message("user", "another beginning"))
    assert store.fork(session, edited.id).title == "another beginning"
    store.rename_session(session, "a title that was given")
    assert store.fork(session, edited.id).title == "a title that was given"


def test_nothing_that_goes_out_tells_whose_answers_a_blind_turn_shows(store: Store) -> None:
    session = store.create_session().id
    asked = [Asked(None, "secret-a", Params(seed=1)), Asked(None, "secret-b")]
    turn, sides = store.begin_compared(session, Message("user", "?"), asked, blind=True)
    for _, answer in sides:
        error = ErrorInfo("server", f"{answer.model} broke")
        store.finish_answer(answer.id, "failed", "text", usage=Usage(prompt=1), error=error)
    hidden = store.transcript(session)
    assert "secret" not in msgspec.json.encode(hidden).decode()
    assert [each.message.text for each in hidden.messages] == ["?", "text", "text"]
    assert [each.answers for each in hidden.turns] == [turn.shown], "not as they were asked"
    assert {each.usage for each in hidden.messages} == {None}
    assert store.path(store.fork(session, turn.answers[1]).id)[-1].model == ""
    store.vote(turn.id, "tie")
    assert {each.model for each in store.transcript(session).messages} == {
        "",
        "secret-a",
        "secret-b",
    }
