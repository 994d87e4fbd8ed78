"""Prompt history, pastes and words: logic without a screen."""

from datetime import datetime

import pytest

from g4tui.core import Progress, Usage
from g4tui.tui import words
from g4tui.tui.history import PromptHistory
from g4tui.tui.pasted import as_attachment, for_editor, is_big


def test_history_walks_back_and_returns_to_what_was_typed() -> None:
    history = PromptHistory(["one", "two", "one"])
    assert history.move(-1, "draft") == "one"
    assert history.move(-1, "one") == "two"
    assert history.move(-1, "two") is None
    assert history.move(1, "two") == "one"
    assert history.move(1, "one") == "draft"
    assert history.move(1, "draft") is None
    assert not history.walking


def test_blank_prompts_are_not_remembered() -> None:
    history = PromptHistory(["  \n"], limit=2)
    assert history.move(-1, "") is None
    for text in "abc":
        history.add(text)
    assert [history.move(-1, "") for _ in range(3)] == ["c", "b", None]


def test_only_big_pastes_become_attachments() -> None:
    assert not is_big("a few words\n" * 5)
    assert is_big("x" * 5_000_000)
    assert is_big("short\n" * 100)
    assert as_attachment("a\r\nb\rc\x1b", 3).text == "a\nb\nc\x1b"
    assert as_attachment("a", 3).name == "pasted-3.txt"
    assert for_editor("a\r\nb") == "a\nb"


@pytest.mark.parametrize(
    ("model", "label"),
    [
        ("llama-cpp:smollm2-135m-instruct", "smollm2-135m-instruct"),
        ("openai@local:qwen2.5:7b", "qwen2.5:7b"),
        ("llama-cpp:/home/ada/models/student.Q4_1.gguf", "student.Q4_1"),
        ("llama-cpp:base+/tmp/lora.gguf", "base+lora"),
        ("\x1b[31mred", "␛[31mred"),
    ],
)
def test_a_model_is_called_by_its_own_name(model: str, label: str) -> None:
    assert words.model_label(model) == label


def test_numbers_are_said_in_few_words() -> None:
    assert words.progress(Progress("prefill", 512, 1500)) == "reading  512/1,500 tokens"
    assert words.progress(Progress("load", 400, 1000)) == "loading the model  40 %"
    assert words.size(98_362_432) == "98.4 MB"
    assert words.size(5) == "5 B"
    assert words.size(5_000_000) == "5.0 MB"
    assert words.speed(None) == ""
    assert "41 tok/s" in words.speed(Usage(tok_per_s=41.2, ttft_s=0.084))


@pytest.mark.parametrize(
    ("then", "said"),
    [
        (datetime(2026, 5, 4, 9, 5), "09:05"),
        (datetime(2026, 5, 3, 9, 5), "Sun 09:05"),
        (datetime(2026, 2, 3, 9, 5), "03 Feb 09:05"),
        (datetime(2024, 2, 3, 9, 5), "2024-02-03 09:05"),
        (datetime(2026, 5, 6, 9, 5), "06 May 09:05"),  # the clock was set back
    ],
)
def test_a_time_has_its_day_unless_it_is_today(then: datetime, said: str) -> None:
    assert words.clock(then.timestamp(), datetime(2026, 5, 4, 12)) == said
