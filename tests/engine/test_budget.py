"""Whole oldest turns are left out, only when needed, and far enough to stay warm after."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from g4tui.core import G4tuiError, Message
from g4tui.engine.budget import SHARE_AFTER_CUT, fit, room_for_answer


async def words(messages: Sequence[Message]) -> int:
    return sum(len(message.text.split()) for message in messages)


def talk(*sizes: int) -> list[Message]:
    """A question and an answer in turn, of so many words each."""
    roles = ("user", "assistant")
    return [Message(roles[i % 2], "w " * size) for i, size in enumerate(sizes)]  # type: ignore[arg-type]


SYSTEM = [Message("system", "w " * 10)]


async def test_what_fits_is_left_whole() -> None:
    fitted = await fit(SYSTEM, talk(10, 10, 10), 0, words, 100, 20)
    assert (fitted.start, fitted.used, fitted.limit) == (0, 40, 100)


async def test_a_cut_goes_down_to_the_share_and_begins_at_a_question() -> None:
    said = talk(*[10] * 15)
    fitted = await fit(SYSTEM, said, 0, words, 100, 20)
    assert said[fitted.start].role == "user"
    assert fitted.used <= 100 * SHARE_AFTER_CUT
    assert fitted.used > 100 * SHARE_AFTER_CUT - 20, "more was dropped than needed"


async def test_the_turns_after_a_cut_keep_its_beginning() -> None:
    said = talk(*[10] * 15)
    start = (await fit(SYSTEM, said, 0, words, 100, 20)).start
    longer = [*said, *talk(0, 5)[1:], Message("user", "w " * 5)]
    assert (await fit(SYSTEM, longer, start, words, 100, 20)).start == start


async def test_a_last_question_that_is_too_long_says_so_in_numbers() -> None:
    with pytest.raises(G4tuiError) as caught:
        await fit(SYSTEM, talk(10, 10, 95), 0, words, 100, 20)
    assert caught.value.info.kind == "context"
    assert "105" in caught.value.info.detail
    assert "80" in caught.value.info.detail
    assert "Ctrl+G in the chat" in caught.value.info.remedy
    assert "--set context=N for g4tui ask" in caught.value.info.remedy


async def test_a_pasted_book_is_refused_without_being_counted() -> None:
    async def never(messages: Sequence[Message]) -> int:
        raise AssertionError("counted")

    with pytest.raises(G4tuiError, match="longer than the model's memory"):
        await fit([], [Message("user", "x" * 5_000_000)], 0, never, 2048, None)


async def test_a_long_history_is_not_counted_whole() -> None:
    most = 0

    async def count(messages: Sequence[Message]) -> int:
        nonlocal most
        most = max(most, sum(len(m.text) for m in messages))
        return await words(messages)

    said = talk(*[200] * 10_001)
    fitted = await fit(SYSTEM, said, 0, count, 2048, None)
    assert fitted.start > 9_000
    assert most < 200_000


@given(st.lists(st.integers(1, 60), min_size=1, max_size=41), st.integers(50, 300))
async def test_whatever_is_sent_fits(sizes: list[int], context: int) -> None:
    sizes = sizes if len(sizes) % 2 else sizes[1:] or [1]
    said = talk(*sizes)
    try:
        fitted = await fit(SYSTEM, said, 0, words, context, None)
    except G4tuiError:
        assert 10 + sizes[-1] > context - room_for_answer(context, None)
        return
    assert fitted.used == await words([*SYSTEM, *said[fitted.start :]])
    assert fitted.used <= context - room_for_answer(context, None)
    assert said[fitted.start].role == "user"
