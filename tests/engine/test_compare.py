"""Several models asked at once: tagged events, failures apart, lines of their own."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, Literal

import pytest

from g4tui.core import (
    Cancel,
    ErrorInfo,
    Failed,
    Host,
    Message,
    ModelSpec,
    NoOptions,
    Params,
    TextDelta,
)
from g4tui.engine import TurnEvent, TurnFinished
from g4tui.engine.compare import (
    CompareEvent,
    CompareFinished,
    CompareStarted,
    Comparison,
    SideEvent,
)
from g4tui.engine.sides import Side, parents, varied
from g4tui.store import Asked, MessageRow, TurnRow
from g4tui.store.rows import State
from g4tui.testing.scripted import ScriptedBackend, ScriptedEngine
from support.rooms import Rooms, make_rooms

LEFT, RIGHT = (Side(ModelSpec("scripted", name)) for name in ("left", "right"))
BROKEN = [TextDelta("so far "), Failed(ErrorInfo("network", "The line is down"))]


class TwoSided(ScriptedBackend):
    """Each model has scripts, requests and a gate of its own."""

    def __init__(self, **scripts: Any) -> None:
        super().__init__(models=tuple(scripts))
        self.sides = {name: ScriptedBackend(script) for name, script in scripts.items()}

    def open(self, spec: ModelSpec, options: NoOptions, host: Host) -> ScriptedEngine:
        return ScriptedEngine(self.sides[spec.model])


class OneEvent(asyncio.Event):
    """Lets the first through and no other."""

    passed = False

    async def wait(self) -> Literal[True]:
        if self.passed:
            await super().wait()
        self.passed = True
        return True


class Room:
    """Rooms with two models, a session, and a comparison."""

    def __init__(self, rooms: Rooms, backend: TwoSided) -> None:
        self.rooms, self.store, self.sides = rooms, rooms.store, backend.sides
        self.session = rooms.store.create_session(model=LEFT.spec.id).id
        self.comparison = Comparison(rooms.chat, rooms.store, chance=random.Random(3))

    def ask(self, text: str = "Q", sides: Any = (LEFT, RIGHT), **named: Any) -> Any:
        cancels = named.pop("cancels", None) or [Cancel() for _ in sides]
        return self.comparison.ask(self.session, text, sides, cancels=cancels, **named)

    async def asked(self, text: str = "Q", **named: Any) -> tuple[MessageRow, ...]:
        """The saved answers of a whole comparison."""
        events = [event async for event in self.ask(text, **named)]
        assert isinstance(events[-1], CompareFinished)
        return events[-1].answers

    def begun(self, *, blind: bool = False) -> TurnRow:
        """A comparison that nobody answers yet."""
        asked = [Asked(None, side.spec.id) for side in (LEFT, RIGHT)]
        question = Message("user", "Q")
        return self.store.begin_compared(self.session, question, asked, blind=blind)[0]


@pytest.fixture
async def room_with(tmp_path: Any) -> Any:
    made: list[Rooms] = []

    def make(**scripts: Any) -> Room:
        backend = TwoSided(**scripts)
        made.append(make_rooms(tmp_path / "home", backend))
        return Room(made[-1], backend)

    yield make
    for rooms in made:
        await rooms.runtime.close()
        rooms.store.close()


MakeRoom = Callable[..., Room]


def text_of(events: list[CompareEvent], side: int) -> str:
    told = [event.told for event in events if isinstance(event, SideEvent) and event.side == side]
    return "".join(event.text for event in told if isinstance(event, TextDelta))


async def test_every_event_says_whose_it_is_and_all_is_saved(room_with: MakeRoom) -> None:
    room = room_with(left=["L one"], right=["R two"])
    events = [event async for event in room.ask()]
    assert isinstance(events[0], CompareStarted) and isinstance(events[-1], CompareFinished)
    assert (text_of(events, 0), text_of(events, 1)) == ("L one", "R two")
    turn = room.store.last_turn(room.session)
    assert turn is not None and turn.answers == tuple(row.id for row in events[-1].answers)
    assert [room.store.message(id_).message.text for id_ in turn.answers] == ["L one", "R two"]
    assert len({room.store.message(id_).parent for id_ in turn.answers}) == 1


async def test_a_hung_side_holds_up_no_other_and_is_stopped_alone(room_with: MakeRoom) -> None:
    room = room_with(left=["never"], right=["R two"])
    room.sides["left"].gate = asyncio.Event()
    cancels = [Cancel(), Cancel()]
    ended: list[tuple[int, str]] = []
    async with aclosing(room.ask(cancels=cancels)) as events:
        async for event in events:
            if isinstance(event, SideEvent) and isinstance(event.told, TurnFinished):
                ended.append((event.side, event.told.answer.state))
                cancels[0].request()
    assert ended == [(1, "complete"), (0, "stopped")]


async def test_a_side_that_failed_is_asked_again_alone(room_with: MakeRoom) -> None:
    room = room_with(left=["L one"], right=[BROKEN, "better"])
    left, right = await room.asked()
    assert (left.state, right.state, right.message.text) == ("complete", "interrupted", "so far ")
    turn = room.store.turn_of(right.id)
    assert turn is not None
    async for event in room.comparison.again(turn.id, right.id, RIGHT):
        last = event
    assert isinstance(last, TurnFinished) and last.answer.message.text == "better"
    now = room.store.turn(turn.id)
    assert now.answers == (left.id, last.answer.id)
    assert room.store.message(right.id).message.text == "so far "
    assert last.answer.parent == right.parent
    assert room.store.session(room.session).head == left.id
    assert len(room.sides["left"].requests) == 1


async def test_the_session_stands_at_the_new_answer_where_it_stood_at_the_old(
    room_with: MakeRoom,
) -> None:
    room = room_with(left=[BROKEN, "better"], right=["R two"])
    left, _ = await room.asked()
    turn = room.store.turn_of(left.id)
    assert turn is not None
    assert room.store.session(room.session).head == left.id
    async for event in room.comparison.again(turn.id, left.id, LEFT):
        last = event
    assert isinstance(last, TurnFinished) and last.answer.message.text == "better"
    assert room.store.session(room.session).head == last.answer.id


async def test_each_model_goes_on_from_its_own_answer(room_with: MakeRoom) -> None:
    room = room_with(left=["L one"], right=["R two"])
    await room.asked()
    await room.asked("More?")
    for name, said in (("left", "L one"), ("right", "R two")):
        texts = [message.text for message in room.sides[name].requests[-1].messages]
        assert texts == ["Q", said, "More?"]


def last_asked(room: Room) -> list[list[str]]:
    """What both models were given last."""
    requests = [room.sides[name].requests[-1] for name in ("left", "right")]
    return [[message.text for message in request.messages] for request in requests]


async def test_all_go_on_from_the_chosen_answer(room_with: MakeRoom) -> None:
    room = room_with(left=["L one"], right=["R two"])
    _, right = await room.asked()
    turn = room.store.turn_of(right.id)
    assert turn is not None
    room.store.choose(turn.id, right.id)
    await room.asked("More?")
    assert last_asked(room) == [["Q", "R two", "More?"]] * 2


@pytest.mark.parametrize("state", ["interrupted", "stopped", "failed"])
async def test_an_answer_that_never_had_a_word_is_written_itself(
    room_with: MakeRoom, state: State
) -> None:
    room = room_with(left=["one"], right=[""])
    turn = room.begun()
    left, right = turn.answers
    room.store.finish_answer(left, state, "", error=ErrorInfo("network", "The line is down"))
    room.store.finish_answer(right, "complete", "one")
    room.comparison._chat.defaults = Params(seed=9)
    events = [event async for event in room.comparison.again(turn.id, left, LEFT)]
    assert isinstance(events[-1], TurnFinished)
    again = events[-1].answer
    assert (again.id, again.message.text, again.state) == (left, "one", "complete")
    assert again.error is None and again.params.seed == 9 and again.siblings == 2
    assert room.store.turn(turn.id).answers == (left, right)


@pytest.mark.parametrize("kept", ["text", "reasoning", "vote", "correction", "blind"])
async def test_one_that_somebody_made_something_of_stays_beside_the_new_one(
    room_with: MakeRoom, kept: str
) -> None:
    room = room_with(left=["one"], right=[""])
    turn = room.begun(blind=kept == "blind")
    left = turn.answers[0]
    text, reasoning = (kept if kept == each else "" for each in ("text", "reasoning"))
    room.store.finish_answer(left, "interrupted", text, reasoning=reasoning)
    if kept == "vote":
        room.store.vote(turn.id, "right")
    elif kept == "correction":
        room.store.correct(left, "So.")
    async for _ in room.comparison.again(turn.id, left, LEFT):
        pass
    assert left not in room.store.turn(turn.id).answers
    assert room.store.message(left).state == "interrupted"


async def test_all_go_on_from_a_correction_until_each_has_its_own_line_again(
    room_with: MakeRoom,
) -> None:
    room = room_with(left=["L one"], right=["R two"])
    _, right = await room.asked()
    turn = room.store.turn_of(right.id)
    assert turn is not None
    room.store.correct(right.id, "R right")
    models = [LEFT.spec.id, RIGHT.spec.id]
    (chosen,) = set(room.comparison.lines(room.session, models))
    assert room.store.message(chosen or "").message.text == "R right"
    room.store.choose(turn.id, None)
    await room.asked("More?")
    assert last_asked(room) == [["Q", "L one", "More?"], ["Q", "R right", "More?"]]


@pytest.mark.parametrize(("verdict", "place"), [("right", 1), ("left", 0), (None, 0)])
async def test_what_follows_hidden_answers_follows_one_of_them(
    room_with: MakeRoom, verdict: Literal["left", "right"] | None, place: int
) -> None:
    """A question on lines of their own would show whose each hidden answer was."""
    room = room_with(left=["L one"], right=["R two"])
    answers = await room.asked(blind=verdict is None)
    turn = room.store.turn_of(answers[0].id)
    assert turn is not None
    if verdict is not None:
        room.store.vote(turn.id, verdict)
    await room.asked("More?", blind=verdict is not None)
    said = room.store.message(turn.shown[place]).message.text
    assert last_asked(room) == [["Q", said, "More?"]] * 2


async def test_two_samples_of_one_model_have_different_seeds(room_with: MakeRoom) -> None:
    room = room_with(left=["a", "b"])
    side = Side(LEFT.spec, Params(seed=7))
    answers = await room.asked(sides=[side, side])
    assert [row.params.seed for row in answers] == [7, 8]
    assert {request.params.seed for request in room.sides["left"].requests} == {7, 8}


async def test_a_blind_turn_is_shuffled_and_asked_in_order(room_with: MakeRoom) -> None:
    room = room_with(left=["L"], right=["R"])
    orders = set()
    for _ in range(8):
        answers = await room.asked(blind=True)
        turn = room.store.turn_of(answers[0].id)
        assert turn is not None and turn.blind
        assert [row.message.text for row in answers] == ["L", "R"]
        orders.add(turn.shown == turn.answers)
    assert orders == {True, False}


async def test_leaving_in_mid_stream_keeps_what_both_said(room_with: MakeRoom) -> None:
    room = room_with(left=["one two three"], right=["four five six"])
    for side in room.sides.values():
        side.answers = [[TextDelta("begun "), TextDelta("more")]]
        side.gate = OneEvent()
    seen: set[int] = set()
    async with aclosing(room.ask()) as events:
        async for event in events:
            if isinstance(event, SideEvent) and isinstance(event.told, TextDelta):
                seen.add(event.side)
                if len(seen) == 2:
                    break
    turn = room.store.last_turn(room.session)
    assert turn is not None
    for id_ in turn.answers:
        row = room.store.message(id_)
        assert (row.state, row.message.text) == ("interrupted", "begun ")


async def test_a_defect_of_one_side_is_raised_once_the_other_is_saved(
    room_with: MakeRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = room_with(left=["L"], right=["R two"])
    really_fill = room.rooms.chat.fill

    async def broken() -> AsyncGenerator[TurnEvent]:
        raise ZeroDivisionError
        yield

    def fill(*named: Any) -> AsyncGenerator[TurnEvent]:
        return broken() if LEFT.spec in named else really_fill(*named)

    monkeypatch.setattr(room.rooms.chat, "fill", fill)
    with pytest.raises(ZeroDivisionError):
        await room.asked()
    turn = room.store.last_turn(room.session)
    assert turn is not None
    right = room.store.message(turn.answers[1])
    assert (right.message.text, right.state) == ("R two", "complete")


async def test_leaving_before_the_first_step_leaves_nothing_streaming(room_with: MakeRoom) -> None:
    room = room_with(left=["L"], right=["R"])
    async with aclosing(room.ask()) as events:
        async for event in events:
            assert isinstance(event, CompareStarted)
            break
    turn = room.store.last_turn(room.session)
    assert turn is not None
    assert {room.store.message(id_).state for id_ in turn.answers} == {"interrupted"}


def test_lines_of_models() -> None:
    stood = [("a", "1"), ("b", "2"), ("a", "3")]
    assert parents(["a", "b"], "1", stood) == ["1", "2"]
    assert parents(["a", "a", "a"], "1", stood) == ["1", "3", "1"]
    assert parents(["c", "b"], "1", stood) == ["1", "2"]
    assert parents(["a", "b"], "9", []) == ["9", "9"]
    assert parents(["a"], None, []) == [None]


def test_only_fixed_seeds_are_varied() -> None:
    seeded, free = Params(seed=1), Params(temperature=0.5)
    chosen = varied([("a", seeded), ("b", seeded), ("a", seeded), ("a", free)])
    assert [each.seed for each in chosen] == [1, 1, 2, None]
