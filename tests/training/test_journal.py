"""The journal of collect: what a teacher may answer, and what is read of it again."""

from pathlib import Path

from g4tui_training.collect.journal import Journal
from g4tui_training.collect.records import Answered


def test_half_a_character_of_an_answer_is_no_end_of_the_journal(tmp_path: Path) -> None:
    answered = Answered("a", "cut \ud83d off", "stop", 1, 2, 0.5, 3.0)
    with Journal(tmp_path / "journal.jsonl") as journal:
        journal.append(answered)
        found = journal.answer("a")
    assert found is not None and found.response == "cut \ufffd off"
