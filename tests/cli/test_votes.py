"""`g4tui votes`: ten comparisons become exactly the rows that they should, and ratings."""

import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from g4tui.core import Message
from g4tui.paths import Paths
from g4tui.store import Asked, Store, TurnRow, Verdict
from g4tui_training.lines import Broken
from g4tui_training.main import run as train
from g4tui_training.pairs import Pair, Preference, read_rows
from support.command_line import Result
from support.compared import STUDENT, TEACHER, compared, said

G4tui = Callable[..., Result]


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    opened = Store.open(Paths.from_environment({"G4TUI_HOME": str(home)}).database)
    yield opened
    opened.close()


def ten_comparisons(store: Store) -> None:
    """Four prompts to learn from: 0 and 1 (the teacher won), 4 and 6 (corrected)."""
    compared(store, "prompt 0", "left")
    compared(store, "prompt 1", "right", turned=True)
    compared(store, "prompt 2", "right")  # the student won
    compared(store, "prompt 3", "tie")
    corrected = compared(store, "prompt 4", "both_bad")
    compared(store, "prompt 5", "both_bad")
    won = compared(store, "prompt 6", "left")
    compared(store, "prompt 7")  # nobody voted
    compared(store, "prompt 8", "left", private=True)
    binned = compared(store, "prompt 9", "left")
    store.correct(corrected.answers[1], "what four should be")
    store.correct(won.answers[0], "first try on six")
    store.correct(won.answers[0], "what six should be")
    store.bin_session(binned.session)


def test_ten_comparisons_give_exactly_the_rows_expected(
    g4tui: G4tui, store: Store, tmp_path: Path
) -> None:
    ten_comparisons(store)
    out = tmp_path / "rows.jsonl"
    ended = g4tui("votes", "export", "--format", "sft", "-o", str(out))
    assert ended.code == 0
    assert ended.out == f"4 rows: {out}\n"
    assert "Left out: a vote that no answer won (3)" in ended.err

    lines = [json.loads(line) for line in out.read_text().splitlines()]
    names = [
        "id",
        "source",
        "licence",
        "teacher",
        "prompt",
        "response",
        "finish_reason",
        "terms",
        "created",
    ]
    assert [list(line) for line in lines] == [names] * 4
    assert [
        (line["source"], line["teacher"], line["prompt"], line["response"], line["terms"])
        for line in lines
    ] == [
        ("corrections", "human", "prompt 4", "what four should be", ""),
        ("corrections", "human", "prompt 6", "what six should be", "openai"),
        ("votes", "gpt-4o-mini", "prompt 0", said(TEACHER, "prompt 0"), "openai"),
        ("votes", "gpt-4o-mini", "prompt 1", said(TEACHER, "prompt 1"), "openai"),
    ]
    assert {(line["licence"], line["finish_reason"]) for line in lines} == {("unknown", "stop")}
    assert len({line["id"] for line in lines}) == 4
    assert stat.S_IMODE(out.stat().st_mode) == 0o600

    rows = list(read_rows(out, Pair))
    assert not [row for row in rows if isinstance(row, Broken)]
    assert train(["clean", "--in", str(out), "--out", str(tmp_path / "run")]) == 0
    kept = [
        row
        for name in ("train", "eval")
        for row in read_rows(tmp_path / "run" / "clean" / f"{name}.jsonl", Pair)
    ]
    assert {row.id for row in kept if isinstance(row, Pair)} == {line["id"] for line in lines}


def test_preferences_name_both_answers_and_their_models(
    g4tui: G4tui, store: Store, tmp_path: Path
) -> None:
    ten_comparisons(store)
    out = tmp_path / "rows.jsonl"
    command = ("votes", "export", "--format", "preference", "-o", str(out), "--licence", "CC0-1.0")
    assert g4tui(*command).code == 0
    rows = [row for row in read_rows(out, Preference) if isinstance(row, Preference)]
    names = [
        "id",
        "source",
        "licence",
        "messages",
        "chosen",
        "chosen_model",
        "rejected",
        "rejected_model",
    ]
    assert [list(json.loads(line)) for line in out.read_text().splitlines()] == [names] * len(rows)
    assert {row.licence for row in rows} == {"CC0-1.0"}
    student, teacher = "student.Q4_1.gguf", "gpt-4o-mini"
    assert [
        (row.messages[0].content, row.chosen_model, row.rejected_model)
        for row in rows
        if row.source == "votes"
    ] == [
        ("prompt 0", teacher, student),
        ("prompt 1", teacher, student),
        ("prompt 2", student, teacher),
        ("prompt 6", teacher, student),
    ]
    assert [
        (row.messages[0].content, row.chosen, row.chosen_model, row.rejected)
        for row in rows
        if row.source == "corrections"
    ] == [
        ("prompt 4", "what four should be", "human", said(STUDENT, "prompt 4")),
        ("prompt 6", "first try on six", "human", said(TEACHER, "prompt 6")),
        ("prompt 6", "what six should be", "human", said(TEACHER, "prompt 6")),
    ]


def test_an_answer_cut_at_the_token_limit_is_no_target(
    g4tui: G4tui, store: Store, tmp_path: Path
) -> None:
    compared(store, "a", "left", cut=[TEACHER])
    compared(store, "b", "left", cut=[STUDENT])
    sft, preferences = tmp_path / "sft.jsonl", tmp_path / "preferences.jsonl"
    ended = g4tui("votes", "export", "--format", "sft", "-o", str(sft))
    assert 'Cut at the token limit: 1, "finish_reason":"length"' in ended.err
    assert [json.loads(line)["finish_reason"] for line in sft.read_text().splitlines()] == [
        "length",
        "stop",
    ]
    assert train(["clean", "--in", str(sft), "--out", str(tmp_path / "run")]) == 0
    ledger = (tmp_path / "run" / "clean" / "ledger.jsonl").read_text().splitlines()
    assert ["cut_off" in line for line in ledger] == [True]
    ended = g4tui("votes", "export", "--format", "preference", "-o", str(preferences))
    assert "Left out: a chosen answer that was cut at the token limit (1)" in ended.err
    (row,) = read_rows(preferences, Preference)
    assert isinstance(row, Preference) and row.messages[0].content == "b"


def test_what_is_voted_on_while_names_are_hidden_waits_for_them(
    g4tui: G4tui, store: Store, tmp_path: Path
) -> None:
    third = "llama-cpp:/models/third.gguf"
    turn = compared(store, "?", "left", models=[TEACHER, STUDENT, third], turned=False, blind=True)
    assert "Answer A" in (shown := g4tui("votes", "list").out) and "gpt-4o" not in shown
    found = json.loads(g4tui("votes", "ratings", "--json").out)
    assert (found["scales"], found["blind"], found["hidden"]) == ([], 0, 1)
    out = tmp_path / "rows.jsonl"
    for form in ("sft", "preference"):
        ended = g4tui("votes", "export", "--format", form, "-o", str(out))
        assert "a vote in a blind comparison whose names are hidden (1)" in ended.err
    store.reveal(turn.id)
    assert TEACHER in g4tui("votes", "list").out
    found = json.loads(g4tui("votes", "ratings", "--json").out)
    assert (found["blind"], found["hidden"]) == (1, 0)
    assert g4tui("votes", "export", "--format", "preference", "-o", str(out)).code == 0


def test_a_blind_vote_on_answers_that_were_stopped_teaches_nothing(
    g4tui: G4tui, store: Store, tmp_path: Path
) -> None:
    """Of the one that won only the beginning was seen."""
    session = store.create_session().id
    asked = [Asked(None, TEACHER), Asked(None, STUDENT)]
    turn, _ = store.begin_compared(session, Message("user", "?"), asked, blind=True)
    store.finish_answer(turn.answers[0], "complete", "A long answer.", finish_reason="stop")
    store.finish_answer(turn.answers[1], "stopped", "Short", finish_reason="cancelled")
    assert store.vote(turn.id, "left").blind
    ended = g4tui("votes", "export", "--format", "sft", "-o", str(tmp_path / "rows.jsonl"))
    assert "a blind vote on answers that were stopped (1)" in ended.err


def test_the_same_model_as_the_student_is_not_its_own_teacher(g4tui: G4tui, store: Store) -> None:
    """Who was asked first is the teacher, whatever the models are called."""

    def answered(prompt: str, verdict: Verdict, *, turned: bool = False) -> TurnRow:
        session = store.create_session().id
        order = [1, 0] if turned else [0, 1]
        asked = [Asked(None, STUDENT)] * 2
        turn, _ = store.begin_compared(session, Message("user", prompt), asked, order=order)
        for answer, role in zip(turn.answers, ("teacher", "student"), strict=True):
            store.finish_answer(answer, "complete", f"The {role}'s.", finish_reason="stop")
        store.vote(turn.id, verdict)
        return store.turn(turn.id)

    def replaced(turn: TurnRow, place: int) -> None:
        question = store.message(turn.shown[0]).parent
        _, again = store.begin_turn(turn.session, question, None, STUDENT)
        store.replace_answer(turn.id, turn.answers[place], again.id)
        store.finish_answer(again.id, "complete", "Anew.", finish_reason="stop")

    answered("the student won", "left", turned=True)
    answered("the teacher won", "right", turned=True)
    replaced(answered("the student won, and was replaced", "right"), 1)
    replaced(answered("the teacher won, and was replaced", "left"), 0)
    ended = g4tui("votes", "export", "-f", "sft")
    rows = {row["prompt"]: row["response"] for row in map(json.loads, ended.out.splitlines())}
    assert rows == {
        "the teacher won": "The teacher's.",
        "the teacher won, and was replaced": "The teacher's.",
    }
    assert "a vote that the teacher did not win (2)" in ended.err


def test_a_file_that_is_there_stays(g4tui: G4tui, store: Store, tmp_path: Path) -> None:
    compared(store, "hello", "left")
    out = tmp_path / "rows.jsonl"
    out.write_text("precious")
    refused = g4tui("votes", "export", "--format", "sft", "-o", str(out))
    assert refused.code == 2
    assert "replace another file" in refused.err
    assert out.read_text() == "precious"
    told = g4tui("votes", "export", "--format", "sft", "-o", str(out), "--force", "--json")
    assert json.loads(told.out)["rows"] == 1
    assert json.loads(out.read_text())["prompt"] == "hello"
    assert [path.name for path in tmp_path.glob("*.jsonl")] == ["rows.jsonl"]
    assert list(tmp_path.glob(".*.partial")) == []


def test_nothing_to_export_says_why(g4tui: G4tui, store: Store, tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    assert "Nobody has voted" in g4tui("votes", "export", "-f", "sft", "-o", str(out)).err
    compared(store, "secret", "left", private=True)
    ended = g4tui("votes", "export", "-f", "sft", "-o", str(out))
    assert ended.code == 2
    assert "a vote in a private session (1)" in ended.err
    assert not out.exists()


def test_the_rows_go_to_a_pipe_without_a_file(process: Callable[..., Result], store: Store) -> None:
    compared(store, "hello", "left")
    ended = process("votes", "export", "--format", "sft")
    assert ended.code == 0
    assert json.loads(ended.out)["prompt"] == "hello"
    assert "1 row" in ended.err


def test_votes_are_listed(g4tui: G4tui, store: Store) -> None:
    assert json.loads(g4tui("votes", "--json").out) == []
    assert "no votes yet" in g4tui("votes").out
    turn = compared(store, "hello", "left", turned=True, blind=True)
    compared(store, "again", "both_bad")
    store.vote(turn.id, "left", reason="evil \x1b]0;title\x07")
    one, two = json.loads(g4tui("votes", "list", "--json").out)
    assert set(one) >= {
        "turn", "answers", "shown", "verdict", "blind", "revealed_first", "reason", "created",
    }  # fmt: skip
    assert (one["turn"], one["verdict"], one["blind"]) == (turn.id, "left", True)
    assert one["shown"] == one["answers"][::-1] == list(turn.shown)
    assert two["verdict"] == "both_bad"
    assert len(json.loads(g4tui("votes", "list", "--session", turn.session, "--json").out)) == 1
    shown = g4tui("votes", "list").out
    assert "both bad" in shown
    assert "\x1b" not in shown
    assert g4tui("votes", "list", "--session", "nowhere").code == 1


def test_ratings_of_blind_votes(g4tui: G4tui, store: Store) -> None:
    assert json.loads(g4tui("votes", "ratings", "--json").out)["scales"] == []
    for number in range(6):
        session = store.create_session().id
        for turned in (False, True):
            verdict = "right" if turned != (number == 0) else "left"
            compared(store, "?", verdict, session=session, turned=turned, blind=True)
    compared(store, "?", "both_bad", blind=True)
    compared(store, "?", "right")
    found = json.loads(g4tui("votes", "ratings", "--json").out)
    (scale,) = found["scales"]
    best, worst = scale["models"]
    assert (best["model"], best["wins"], best["losses"]) == (TEACHER, 10, 2)
    assert worst["rating"] < 1000 < best["rating"]
    assert best["low"] < best["rating"] < best["high"]
    assert (found["blind"], found["not_blind"]) == (13, 1)
    assert found["both_bad"][0]["both_bad"] == 1
    shown = g4tui("votes", "ratings").out
    assert shown.index(TEACHER) < shown.index(STUDENT)
    assert "12 blind votes in 6 sessions" in shown


def test_a_blind_vote_on_a_failed_answer_is_blind_and_rates_nobody(
    g4tui: G4tui, store: Store
) -> None:
    session = store.create_session().id
    asked = [Asked(None, TEACHER), Asked(None, STUDENT)]
    turn, _ = store.begin_compared(session, Message("user", "?"), asked, blind=True)
    store.finish_answer(turn.answers[0], "complete", "Well.", finish_reason="stop")
    store.finish_answer(turn.answers[1], "failed", "")
    store.vote(turn.id, "left")
    (vote,) = json.loads(g4tui("votes", "list", "--json").out)
    assert (vote["blind"], vote["revealed_first"]) == (True, False)
    found = json.loads(g4tui("votes", "ratings", "--json").out)
    assert (found["scales"], found["blind"], found["not_blind"]) == ([], 0, 0)
    assert found["unfinished"] == 1
    told = g4tui("votes", "ratings").out
    assert "Not counted, since an answer did not come to its end: 1" in told
    assert "names were known" not in told


def test_a_reply_is_exported_with_what_was_said_before(g4tui: G4tui, store: Store) -> None:
    session = store.create_session(system="Be brief.").id
    first = store.add_message(session, None, Message("user", "hi"))
    store.add_message(session, first.id, Message("assistant", "hello"), model=TEACHER)
    local = ("llama-cpp:a", "llama-cpp:b")
    turn = compared(store, "and now?", "left", session=session, models=local)
    assert store.turn(turn.id).votes
    row = json.loads(g4tui("votes", "export", "--format", "sft").out.splitlines()[0])
    assert row["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "hello"},
        {"role": "user", "content": "and now?"},
    ]
    assert "prompt" not in row
    assert row["terms"] == "openai"  # of what was said before
