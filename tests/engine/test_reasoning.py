"""Thinking is split from the answer, however the stream is cut."""

from hypothesis import given
from hypothesis import strategies as st

from g4tui.core import ReasoningDelta, TextDelta
from g4tui.engine.reasoning import ReasoningSplitter


def split(*pieces: str) -> tuple[str, str, str, str]:
    """Shown text, shown reasoning, kept text, kept reasoning."""
    splitter = ReasoningSplitter()
    told = [delta for piece in pieces for delta in splitter.feed(piece)] + splitter.end()
    shown = "".join(delta.text for delta in told if isinstance(delta, TextDelta))
    thought = "".join(delta.text for delta in told if isinstance(delta, ReasoningDelta))
    return shown, thought, splitter.text, splitter.reasoning


def test_thinking_at_the_start_is_kept_apart() -> None:
    assert split("<think>\nhmm", " so</think>\n\nYes.") == ("Yes.", "hmm so", "Yes.", "hmm so")


def test_a_tag_quoted_later_is_text() -> None:
    text = "Models write <think> and </think> tags."
    assert split(text)[2:] == (text, "")
    assert split("Use the `<think>` tag.")[2:] == ("Use the `<think>` tag.", "")


def test_a_closing_tag_alone_means_that_the_prompt_opened_it() -> None:
    assert split("I wonder.", "</th", "ink>\nYes.")[2:] == ("Yes.", "I wonder.")


def test_unclosed_thinking_is_reasoning() -> None:
    assert split("<think>still at it </thi")[2:] == ("", "still at it </thi")


def test_resumed_answers_have_no_thinking_to_come() -> None:
    splitter = ReasoningSplitter("Half an ans", "thought")
    splitter.feed("wer <think>x</think>")
    assert splitter.text == "Half an answer <think>x</think>"
    assert splitter.reasoning == "thought"


@given(st.text(alphabet="<>/think a\n", max_size=60), st.lists(st.integers(1, 8), max_size=60))
def test_cutting_the_stream_changes_nothing(text: str, sizes: list[int]) -> None:
    pieces, rest = [], text
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    assert split(*pieces, rest)[2:] == split(text)[2:]


@given(st.text(max_size=80))
def test_text_without_tags_stays_whole(text: str) -> None:
    if "</think>" in text or text.lstrip().startswith("<think>"):
        return
    shown, thought, kept, reasoning = split(text)
    assert shown == kept == text.lstrip("\n")
    assert thought == reasoning == ""
