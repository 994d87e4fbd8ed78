"""What a child says faster than anybody takes it: joined, in order, and with one end."""

import asyncio

import pytest

from g4tui.core import (
    ErrorInfo,
    Event,
    Failed,
    Finished,
    Progress,
    ReasoningDelta,
    TextDelta,
    Usage,
)
from g4tui.worker.protocol import Counted, MalformedError, Refused, Streamed
from g4tui.worker.questions import EVENT_BYTES, Stream


def told(stream: Stream, *events: Event) -> list[bool]:
    """Whether each was all."""
    return [stream.take(Streamed(stream.number, event)) for event in events]


async def test_of_each_phase_the_newest_progress_is_kept() -> None:
    stream = Stream(1)
    steps = [Progress("load", 1, 9), Progress("load", 9, 9), Progress("prefill", 0, 9)]
    told(stream, *steps, Progress("prefill", 9, 9), TextDelta("a"), Progress("prefill", 9, 9))
    assert stream.drain() == [
        Progress("load", 9, 9),
        Progress("prefill", 9, 9),
        TextDelta("a"),
        Progress("prefill", 9, 9),
    ]
    assert (stream.drain(), stream.backlog) == ([], 0)


async def test_text_and_thinking_are_joined_apart() -> None:
    stream = Stream(1)
    told(stream, TextDelta("a"), TextDelta("b"), ReasoningDelta("c"), ReasoningDelta("d"))
    told(stream, TextDelta("e"))
    assert stream.backlog == len("abcde")
    told(stream, Usage(prompt=1))
    assert stream.backlog == len("abcde") + EVENT_BYTES
    joined = [TextDelta("ab"), ReasoningDelta("cd"), TextDelta("e"), Usage(prompt=1)]
    assert stream.drain() == joined


async def test_empty_text_wakes_nobody() -> None:
    stream = Stream(1)
    waiting = asyncio.create_task(stream.wait())
    await asyncio.sleep(0)
    told(stream, TextDelta(""), ReasoningDelta(""))
    await asyncio.sleep(0)
    assert not waiting.done()
    told(stream, TextDelta("a"), TextDelta("b"))
    await asyncio.wait_for(waiting, 10)
    assert stream.drain() == [TextDelta("ab")]


@pytest.mark.parametrize("event", [TextDelta("a"), Usage(prompt=1)])
async def test_who_comes_late_does_not_wait(event: Event) -> None:
    stream = Stream(1)
    told(stream, event)
    await asyncio.wait_for(stream.wait(), 10)


async def test_the_first_end_is_the_end() -> None:
    stream = Stream(1)
    assert told(stream, TextDelta("a"), Usage(prompt=1), Finished("stop")) == [False, False, True]
    stream.fail(ErrorInfo("crashed", "Gone"))
    stream.end(Finished("cancelled"))
    assert stream.drain() == [TextDelta("a"), Usage(prompt=1), Finished("stop")]


async def test_a_refusal_is_an_end_and_what_is_no_part_of_an_answer_is_malformed() -> None:
    stream = Stream(1)
    with pytest.raises(MalformedError, match="Counted is no part of an answer"):
        stream.take(Counted(1, 2))
    error = ErrorInfo("usage", "No")
    assert stream.take(Refused(1, error))
    assert stream.drain() == [Failed(error)]
