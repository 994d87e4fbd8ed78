"""What a foreign text may do to a terminal or a reader: nothing."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from g4tui.sanitize import clean, clean_line
from support.hostile_text import ANY_TEXT, HOSTILE, forbidden


@given(st.one_of(ANY_TEXT, HOSTILE))
def test_no_forbidden_character_is_left(text: str) -> None:
    assert not [hex(ord(c)) for c in clean(text) if forbidden(c)]
    assert not [hex(ord(c)) for c in clean_line(text) if forbidden(c) or c in "\n\t"]
    assert len(clean_line(text).splitlines()) <= 1


@given(st.lists(st.one_of(ANY_TEXT, HOSTILE)))
@example(["line\r", "\nline"])
def test_cleaning_chunks_is_cleaning_the_whole(chunks: list[str]) -> None:
    assert "".join(map(clean, chunks)) == clean("".join(chunks))
    assert "".join(map(clean_line, chunks)) == clean_line("".join(chunks))


@given(st.one_of(ANY_TEXT, HOSTILE))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert clean_line(clean_line(text)) == clean_line(text) == clean_line(clean(text))


@given(st.one_of(ANY_TEXT, HOSTILE))
def test_cleaned_text_can_be_written(text: str) -> None:
    clean(text).encode()


@pytest.mark.parametrize(
    "text",
    [
        "Plain words,\n\tan indent and ~{}[]|\\^.",
        "Größe, naïve, Ελληνικά, Русский, Tiếng Việt",
        "日本語の文章、简体中文，한국어 문장, 葛󠄀城市",
        "עברית וערבית العربية فارسی می‌خواهم",
        "हिन्दी বাংলা தமிழ் ไทย ភាសាខ្មែរ አማርኛ",
        "👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈 🇩🇪 ❤️ 1️⃣ 🧑🏿‍🚀",
        "e\u0301 combining, ∑∫√≠ math, ┌─┐ boxes, ␛ pictures, \ufffd",
    ],
)
def test_ordinary_text_is_unchanged(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "␛[2J"),
        ("\x1b]52;c;cm0=\x07", "␛]52;c;cm0=␇"),
        ("nul\x00bell\x07del\x7f", "nul␀bell␇del␡"),
        ("\x9b31m", "\ufffd31m"),
        ("gpj.\u202eexe", "gpj.\ufffdexe"),
        ("hi\U000e0048\U000e0049", "hi\ufffd\ufffd"),
        ("half \ud83d emoji", "half \ufffd emoji"),
        ("a\r\nb", "a\nb"),
        ("pay\u200bpal\ufeff", "paypal"),
        ("a\x85b\u2028c\u2029d", "a\nb\nc\nd"),
        ("\ufff9base\ufffaruby\ufffb", "\ufffdbase\ufffdruby\ufffd"),
    ],
)
def test_what_is_dangerous_shows(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_a_title_stays_one_line() -> None:
    assert clean_line("Trip\r\nto\tKyoto\u2028now\x0b") == "Trip to Kyoto now␋"


def test_the_cost_grows_with_the_text_alone() -> None:
    """Fifty times the text takes about fifty times as long, whatever it holds."""
    sample = "你好\x1b]8;;é👩‍👧\u202e" * 10_000

    def seconds(text: str) -> float:
        started = time.perf_counter()
        clean(text)
        return time.perf_counter() - started

    short = min(seconds(sample) for _ in range(5))
    assert seconds(sample * 50) < 50 * short * 10
