"""The compare screen: asked together, shown apart, stopped and asked again one by one."""

from pathlib import Path

from g4tui.core import Finished, TextDelta, Usage
from support.chat_app import Steps
from support.compare_screen import STUDENT, TEACHER, compare_rooms, comparing

LONG = " ".join(f"line-{number}\n\n" for number in range(200))


def usage(cost: float) -> Usage:
    return Usage(prompt=9, completion=312, ttft_s=0.61, tok_per_s=88.0, cost_usd=cost)


async def test_one_question_is_answered_by_both_with_their_numbers(home: Path) -> None:
    teacher = [TextDelta("I **teach**."), usage(0.0002), Finished("stop")]
    rooms = compare_rooms(home, {"teacher": [teacher], "student": ["I learn."]})
    async with comparing(rooms) as ui:
        await ui.put("Who are you?")
        await ui.done()
        seen = await ui.sees(
            "teacher  scripted:teacher",
            "student  scripted:student",
            "I teach.",
            "I learn.",
            "first 0.61 s   88 tok/s   312 tok   $0.0002",
            "first 0.08 s   41 tok/s   2 tok   $0",
            "1 Left better",
        )
        assert seen.count("Who are you?") >= 2
        (turn,) = rooms.store.turns()
        models = [rooms.store.message(answer).model for answer in turn.answers]
        assert models == [TEACHER, STUDENT] and turn.shown == turn.answers


async def test_both_stream_at_the_same_time(home: Path) -> None:
    rooms = compare_rooms(home, {"teacher": ["one two three"], "student": ["four five six"]})
    async with comparing(rooms) as ui:
        ui.models.gates = {"teacher": Steps(), "student": Steps()}
        await ui.put("Count")
        ui.models.gates["teacher"].let(1)
        ui.models.gates["student"].let(2)
        seen = await ui.sees("one", "four five", "answering")
        assert "two" not in seen and "six" not in seen
        for gate in ui.models.gates.values():
            gate.let(10)
        await ui.done()
        await ui.sees("one two three", "four five six")
