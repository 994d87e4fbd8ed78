"""What leaves one library as JSON and comes into another is the same session."""

from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from hypothesis import given, settings
from hypothesis.strategies import lists

import g4tui_exchange
from g4tui.core import Message, Params, Usage
from g4tui.exchange import ImportReport, export_to, exporter_named, import_from, transcripts
from g4tui.plugin import Transcript
from g4tui.store import Asked, Store, TurnRow
from support.transcripts import renamed
from support.transcripts import transcripts as any_transcripts


def moved(source: Store, target: Store, folder: Path) -> ImportReport:
    """All sessions from one library into another, through a file."""
    file = folder / "sessions.json"
    exporter = exporter_named(g4tui_exchange.g4tui_register_exporters(), "json")
    ids = [row.id for row in source.sessions(shelf="all")]
    export_to(file, exporter, transcripts(source, ids), replace=True)
    return import_from(file, g4tui_exchange.g4tui_register_importers(), target)


def numbered(transcript: Transcript) -> Transcript:
    """With ids that every library would give alike."""
    ids = {each.id: str(number) for number, each in enumerate(transcript.messages)}
    return renamed(transcript, ids)


@settings(max_examples=25, deadline=None)
@given(
    lists(
        any_transcripts() | any_transcripts(hidden=True),
        min_size=1,
        max_size=2,
        unique_by=lambda each: each.origin,
    )
)
def test_any_session_comes_back_equal(sessions: list[Transcript]) -> None:
    with TemporaryDirectory() as folder:
        first = Store.open(Path(folder) / "first.sqlite3")
        second = Store.open(Path(folder) / "second.sqlite3")
        rows = [first.import_transcript(session) for session in sessions]
        gone = {row.origin: first.transcript(row.id) for row in rows if row is not None}
        for session in sessions:
            if all(turn.revealed is not None or not turn.blind for turn in session.turns):
                assert numbered(gone[session.origin]) == numbered(session)
        report = moved(first, second, Path(folder))
        assert (len(report.new), report.left_out, report.error) == (len(sessions), {}, None)
        out = {each.origin: each for each in map(second.transcript, report.new)}
        assert out.keys() == gone.keys()
        for origin, session in gone.items():
            assert numbered(out[origin]) == numbered(session)
        assert moved(second, first, Path(folder)).known == len(sessions), "both have them now"
        for store in (first, second):
            assert store.check() == []
            store.close()


def compared(store: Store, session: str, *, blind: bool) -> TurnRow:
    """Two models were asked, and answered."""
    asked = [Asked(None, "teacher", Params(seed=1)), Asked(None, "student")]
    turn, sides = store.begin_compared(
        session, Message("user", "which?"), asked, blind=blind, order=(1, 0)
    )
    for _, answer in sides:
        store.finish_answer(answer.id, "complete", f"{answer.id} says", usage=Usage(completion=3))
    return store.turn(turn.id)


def test_votes_go_along(store: Store, tmp_path: Path) -> None:
    session = store.create_session().id
    turn = compared(store, session, blind=True)
    store.vote(turn.id, "left", reason="it is kinder")
    store.choose(turn.id, turn.answers[0])
    other = Store.open(tmp_path / "other.sqlite3")
    (imported,) = moved(store, other, tmp_path).new
    (copy,) = other.turns(imported)
    (vote,) = copy.votes
    assert copy.chosen == copy.answers[0]
    assert (copy.blind, copy.revealed) == (True, store.turn(turn.id).revealed)
    assert (vote.verdict, vote.reason, vote.blind) == ("left", "it is kinder", True)
    models = [row.model for row in other.messages(vote.shown)]
    assert models == ["student", "teacher"], "the student stood on the left"
    assert [row.model for row in other.messages(copy.answers)] == ["teacher", "student"]
    other.close()


def test_a_blind_comparison_without_a_vote_comes_in_blind_and_nameless(
    store: Store, tmp_path: Path
) -> None:
    session = store.create_session().id
    turn = compared(store, session, blind=True)
    other = Store.open(tmp_path / "other.sqlite3")
    (imported,) = moved(store, other, tmp_path).new
    written = (tmp_path / "sessions.json").read_text()
    assert "teacher" not in written
    assert "student" not in written
    (copy,) = other.turns(imported)
    assert (copy.blind, copy.revealed, copy.votes) == (True, None, ())
    assert copy.answers == copy.shown, "the order of asking would tell"
    rows = other.messages(copy.shown)
    assert [row.message.text for row in rows] == [f"{answer} says" for answer in turn.shown]
    assert [(row.model, row.usage, row.params) for row in rows] == [("", None, Params())] * 2
    assert other.vote(copy.id, "right").blind
    other.close()


def test_what_an_older_file_does_not_say_is_none(store: Store, tmp_path: Path) -> None:
    store.add_message(store.create_session().id, None, Message("user", "hi"))
    (transcript,) = map(store.transcript, [row.id for row in store.sessions()])
    plain = {"g4tui": 1, **msgspec.to_builtins(transcript)}
    del plain["turns"]
    file = tmp_path / "old.json"
    file.write_bytes(msgspec.json.encode([{**plain, "origin": "elsewhere"}]))
    report = import_from(file, g4tui_exchange.g4tui_register_importers(), store)
    assert (len(report.new), report.left_out) == (1, {})


def test_exported_bytes_are_the_same_every_time(store: Store) -> None:
    session = store.create_session().id
    compared(store, session, blind=False)
    exporter = exporter_named(g4tui_exchange.g4tui_register_exporters(), "json")
    outs = [BytesIO(), BytesIO()]
    for out in outs:
        exporter.write(transcripts(store, [session]), out)
    assert outs[0].getvalue() == outs[1].getvalue()
