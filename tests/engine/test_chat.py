"""A turn, from what was typed to what is saved."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing

import msgspec
import pytest

from g4tui.core import (
    Cancel,
    ErrorInfo,
    Event,
    Failed,
    Finished,
    G4tuiError,
    Message,
    Params,
    ReasoningDelta,
    Request,
    TextDelta,
    Usage,
)
from g4tui.engine import ContextUsed, MemoryBegins, TurnFinished, TurnStarted
from g4tui.testing.scripted import ScriptedEngine
from support.rooms import PARROT, Rooms, collect, until

MakeRooms = Callable[..., Rooms]


async def test_a_turn_is_streamed_and_saved(rooms_with: MakeRooms) -> None:
    rooms = rooms_with(["Yes, you can."])
    session = rooms.store.create_session(system="Be brief.")
    events = await collect(rooms.chat.send(session.id, "Can I?", spec=PARROT))
    assert isinstance(events[0], TurnStarted)
    assert [e.text for e in events if isinstance(e, TextDelta)] == ["Yes, ", "you ", "can."]
    assert any(isinstance(e, ContextUsed) for e in events)

    question, answer = rooms.store.path(session.id)
    assert (question.message.text, question.state) == ("Can I?", "complete")
    assert (answer.message.text, answer.state) == ("Yes, you can.", "complete")
    assert answer.model == "scripted:parrot"
    assert answer.finish_reason == "stop"
    assert answer.usage is not None and answer.usage.completion == 3
    assert events[-1] == TurnFinished(answer)
    (request,) = rooms.backend.requests
    assert request.messages == (Message("system", "Be brief."), Message("user", "Can I?"))
    assert request.cache_key == session.id


async def test_the_next_turn_carries_the_conversation_without_its_thinking(
    rooms_with: MakeRooms,
) -> None:
    rooms = rooms_with(["<think>easy</think>Blue.", "You asked about the sky."])
    session = rooms.store.create_session()
    first = await rooms.ask(session.id, "Colour of the sky?")
    assert (first.message.text, first.message.reasoning) == ("Blue.", "easy")
    await rooms.ask(session.id, "What did I ask?")
    said = [(m.role, m.text, m.reasoning) for m in rooms.backend.requests[-1].messages]
    assert said == [
        ("user", "Colour of the sky?", ""),
        ("assistant", "Blue.", ""),
        ("user", "What did I ask?", ""),
    ]


async def test_the_question_is_on_disk_before_the_request_leaves(rooms_with: MakeRooms) -> None:
    seen: list[str] = []

    def look(request: Request) -> Sequence[Event]:
        seen.extend(row.message.text for row in rooms.store.path(session.id))
        return [Finished("stop")]

    rooms = rooms_with([look])
    session = rooms.store.create_session()
    await rooms.ask(session.id, "Saved?")
    assert seen[0] == "Saved?"


async def test_text_so_far_is_flushed_while_it_streams(rooms_with: MakeRooms) -> None:
    rooms = rooms_with(["one two three"])
    rooms.backend.gate = asyncio.Event()
    session = rooms.store.create_session()
    turn = asyncio.create_task(rooms.ask(session.id, "Count"))
    rooms.backend.gate.set()
    await turn
    rooms.backend.answers = [[TextDelta("half "), TextDelta("an answer")]]
    rooms.backend.delay_s = 0.1
    turn = asyncio.create_task(rooms.ask(session.id, "Again"))
    await until(lambda: rooms.store.path(session.id)[-1].message.text.startswith("half"))
    assert rooms.store.path(session.id)[-1].state == "streaming"
    await turn


async def test_stop_keeps_the_text_and_the_next_turn_works(rooms_with: MakeRooms) -> None:
    rooms = rooms_with(["word " * 200, "fine"], delay_s=0.005)
    session = rooms.store.create_session()
    cancel = Cancel()
    events = await collect(
        rooms.chat.send(session.id, "Talk", spec=PARROT, cancel=cancel),
        stop_after=6,
        cancel=cancel,
    )
    answer = events[-1].answer  # type: ignore[union-attr]
    assert (answer.state, answer.finish_reason) == ("stopped", "cancelled")
    assert 0 < len(answer.message.text) < 500
    assert rooms.store.path(session.id)[-1] == answer
    assert (await rooms.ask(session.id, "Still there?")).message.text == "fine"


async def test_a_private_session_leaves_for_nowhere_even_after_consent(
    rooms_with: MakeRooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = rooms_with(["heard", "heard"])
    session = rooms.store.create_session(private=True)
    rooms.store.add_consent(session.id, "api.example.org")
    assert (await rooms.ask(session.id, "Here?")).message.text == "heard"
    monkeypatch.setattr(rooms.runtime, "destination", lambda spec: "api.example.org")
    answer = await rooms.ask(session.id, "My secret")
    assert answer.error is not None
    assert (answer.error.kind, answer.error.title) == ("usage", "This session is private")
    assert len(rooms.backend.requests) == 1


async def test_a_failure_is_an_answer_with_an_error(rooms_with: MakeRooms) -> None:
    broken = ErrorInfo("network", "Gone", "The line went dead.", "Ask again.")
    rooms = rooms_with([[TextDelta("Part"), Failed(broken)], [Failed(broken)], "fine"])
    session = rooms.store.create_session()
    answer = await rooms.ask(session.id, "1")
    assert (answer.state, answer.error, answer.message.text) == ("interrupted", broken, "Part")
    answer = await rooms.ask(session.id, "2")
    assert (answer.state, answer.error) == ("failed", broken)
    assert (await rooms.ask(session.id, "3")).state == "complete"


async def test_a_raising_engine_fails_the_turn_only(rooms_with: MakeRooms) -> None:
    def explode(request: Request) -> Sequence[Event]:
        raise ZeroDivisionError("oh")

    rooms = rooms_with([explode, [TextDelta("no end")], "fine"])
    session = rooms.store.create_session()
    first = await rooms.ask(session.id, "1")
    assert first.error is not None and first.error.kind == "plugin" and "oh" in first.error.detail
    second = await rooms.ask(session.id, "2")
    assert second.error is not None and second.message.text == "no end"
    assert (await rooms.ask(session.id, "3")).state == "complete"


async def test_leaving_in_mid_stream_stops_the_model_and_marks_the_answer(
    rooms_with: MakeRooms,
) -> None:
    rooms = rooms_with(["word " * 500], delay_s=0.005)
    session = rooms.store.create_session()
    async with aclosing(rooms.chat.send(session.id, "Talk", spec=PARROT)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                break
    answer = rooms.store.path(session.id)[-1]
    assert (answer.state, answer.message.text) == ("interrupted", "word ")


async def test_a_question_goes_after_any_message_or_begins_anew(rooms_with: MakeRooms) -> None:
    rooms = rooms_with(["A", "B", "C"])
    session = rooms.store.create_session()
    first = await rooms.ask(session.id, "1")
    await rooms.ask(session.id, "2")
    await rooms.ask(session.id, "2, edited", parent=first.id)
    assert [m.text for m in rooms.backend.requests[-1].messages] == ["1", "A", "2, edited"]
    await rooms.ask(session.id, "0", parent=None)
    assert [m.text for m in rooms.backend.requests[-1].messages] == ["0"]
    assert [row.message.text for row in rooms.store.path(session.id)] == ["0", "C"]


async def test_thinking_that_a_server_sends_apart_is_kept_apart(rooms_with: MakeRooms) -> None:
    rooms = rooms_with([[ReasoningDelta("hm, "), ReasoningDelta("so"), TextDelta("Blue.")]])
    session = rooms.store.create_session()
    events = await collect(rooms.chat.send(session.id, "The sky?", spec=PARROT))
    assert [e.text for e in events if isinstance(e, ReasoningDelta)] == ["hm, ", "so"]
    answer = rooms.store.path(session.id)[-1]
    assert (answer.message.text, answer.message.reasoning) == ("Blue.", "hm, so")


async def test_what_looked_like_a_tag_comes_at_the_end(rooms_with: MakeRooms) -> None:
    rooms = rooms_with([[TextDelta("<thin"), Finished("stop")]])
    session = rooms.store.create_session()
    events = await collect(rooms.chat.send(session.id, "Q", spec=PARROT))
    assert [e.text for e in events if isinstance(e, TextDelta)] == ["<thin"]
    assert rooms.store.path(session.id)[-1].message.text == "<thin"


async def test_a_session_deleted_under_an_answer_that_is_left_is_no_error(
    rooms_with: MakeRooms,
) -> None:
    rooms = rooms_with(["word " * 100], delay_s=0.005)
    session = rooms.store.create_session()
    async with aclosing(rooms.chat.send(session.id, "Talk", spec=PARROT)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                rooms.store.delete_session(session.id)
                break
    assert not rooms.chat.late.are_waiting


async def test_a_model_that_takes_whole_questions_only_says_so(
    rooms_with: MakeRooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = rooms_with([[TextDelta("Half an ans"), Failed(ErrorInfo("crashed", "Gone"))]])
    session = rooms.store.create_session()
    half = await rooms.ask(session.id, "Q")
    monkeypatch.setattr(ScriptedEngine, "can_continue", False)
    before = rooms.store.message(half.id)
    with pytest.raises(G4tuiError) as failure:
        await collect(rooms.chat.resume(half.id, spec=PARROT))
    assert failure.value.info.kind == "unsupported"
    assert rooms.store.message(half.id) == before  # what was refused changes nothing
    assert len(rooms.backend.requests) == 1


async def test_regenerate_adds_a_sibling(rooms_with: MakeRooms) -> None:
    rooms = rooms_with(["first", "second"])
    session = rooms.store.create_session()
    old = await rooms.ask(session.id, "Q")
    await collect(rooms.chat.regenerate(old.id, spec=PARROT))
    _, new = rooms.store.path(session.id)
    assert new.message.text == "second"
    assert (new.position, new.siblings) == (2, 2)
    assert [row.message.text for row in rooms.store.siblings(new.id)] == ["first", "second"]
    assert [m.text for m in rooms.backend.requests[-1].messages] == ["Q"]


async def test_a_question_without_an_answer_gets_one(rooms_with: MakeRooms) -> None:
    rooms = rooms_with(["at last"])
    session = rooms.store.create_session()
    question = rooms.store.add_message(session.id, None, Message("user", "Q"))
    await collect(rooms.chat.regenerate(question.id, spec=PARROT))
    assert [row.message.text for row in rooms.store.path(session.id)] == ["Q", "at last"]


async def test_resume_goes_on_where_the_text_ends(rooms_with: MakeRooms) -> None:
    broken = ErrorInfo("crashed", "Gone")
    rooms = rooms_with([[TextDelta("Half an ans"), Failed(broken)], "wer."])
    session = rooms.store.create_session()
    half = await rooms.ask(session.id, "Q")
    events = await collect(rooms.chat.resume(half.id, spec=PARROT))
    whole = events[-1].answer  # type: ignore[union-attr]
    assert (whole.id, whole.message.text, whole.state) == (half.id, "Half an answer.", "complete")
    assert whole.error is None
    request = rooms.backend.requests[-1]
    assert request.continue_last
    assert request.messages[-1] == Message("assistant", "Half an ans")


async def test_the_memory_marker_is_told_saved_and_stays(rooms_with: MakeRooms) -> None:
    rooms = rooms_with(["a " * 20], context=120)
    session = rooms.store.create_session()
    marks = []
    for number in range(6):
        events = await collect(rooms.chat.send(session.id, f"q{number} " * 5, spec=PARROT))
        marks.append(next((e.message for e in events if isinstance(e, MemoryBegins)), None))
    assert marks[0] is None
    first_cut = next(i for i, mark in enumerate(marks) if mark is not None)
    assert marks[first_cut] == marks[first_cut + 1], "the turn after a cut must stay warm"
    assert rooms.store.path(session.id)[-1].memory_start == marks[-1]


async def test_too_long_a_question_is_kept_with_its_error(rooms_with: MakeRooms) -> None:
    rooms = rooms_with(["fine"], context=50)
    session = rooms.store.create_session()
    answer = await rooms.ask(session.id, "w " * 60)
    assert answer.error is not None and answer.error.kind == "context"
    assert rooms.store.path(session.id)[0].message.text == "w " * 60
    assert rooms.backend.requests == []


async def test_plugins_see_and_change_the_request_but_not_what_is_saved(
    rooms_with: MakeRooms,
) -> None:
    told = []

    def g4tui_prepare_turn(request: Request) -> Request:
        *before, last = request.messages
        louder = msgspec.structs.replace(last, text=last.text.upper())
        return msgspec.structs.replace(request, messages=(*before, louder))

    def g4tui_turn_finished(turn: object) -> None:
        told.append(turn)

    rooms = rooms_with(
        ["ok"],
        hooks={
            "g4tui_prepare_turn": g4tui_prepare_turn,
            "g4tui_turn_finished": g4tui_turn_finished,
        },
    )
    session = rooms.store.create_session()
    await rooms.ask(session.id, "quiet")
    assert rooms.backend.requests[0].messages[-1].text == "QUIET"
    assert rooms.store.path(session.id)[0].message.text == "quiet"
    assert len(told) == 1


async def test_a_session_deleted_while_it_streams_ends_in_one_clear_error(
    rooms_with: MakeRooms,
) -> None:
    rooms = rooms_with(["word " * 300], delay_s=0.005)
    session = rooms.store.create_session()
    last, deleted = None, False
    async with aclosing(rooms.chat.send(session.id, "Talk", spec=PARROT)) as events:
        async for event in events:
            if isinstance(event, TextDelta) and not deleted:
                rooms.store.delete_session(session.id)
                deleted = True
            last = event
    assert isinstance(last, TurnFinished)
    assert last.answer.error is not None and last.answer.error.title
    assert last.answer.message.text.startswith("word")


async def test_parameters_go_over_each_other(rooms_with: MakeRooms) -> None:
    rooms = rooms_with(["ok"])
    session = rooms.store.create_session(params=Params(temperature=0.5, top_k=3))
    await rooms.ask(session.id, "Q", params=Params(temperature=0.0))
    assert rooms.backend.requests[0].params == Params(temperature=0.0, top_k=3)
    assert rooms.store.path(session.id)[-1].params == Params(temperature=0.0, top_k=3)


async def test_usage_without_a_first_token_time_gets_the_one_seen(rooms_with: MakeRooms) -> None:
    rooms = rooms_with([[TextDelta("x"), Usage(completion=1), Finished("stop")]])
    session = rooms.store.create_session()
    answer = await rooms.ask(session.id, "Q")
    assert answer.usage is not None and answer.usage.ttft_s is not None


async def test_usage_without_times_gets_the_speed_seen(rooms_with: MakeRooms) -> None:
    script = [TextDelta("a"), TextDelta("b"), Usage(completion=11), Finished("stop")]
    rooms = rooms_with([script], delay_s=0.2)
    session = rooms.store.create_session()
    answer = await rooms.ask(session.id, "Q")
    assert answer.usage is not None and answer.usage.tok_per_s is not None
    assert 0 < answer.usage.tok_per_s <= 10 / 0.2


async def test_a_turn_that_came_to_nothing_is_not_sent_again(rooms_with: MakeRooms) -> None:
    rooms = rooms_with(["Blue.", [Failed(ErrorInfo("network", "Gone"))], "Green."])
    session = rooms.store.create_session()
    for question in ("The sky?", "The sea?", "The grass?"):
        await rooms.ask(session.id, question)
    said = [(m.role, m.text) for m in rooms.backend.requests[-1].messages]
    assert said == [("user", "The sky?"), ("assistant", "Blue."), ("user", "The grass?")]
    assert len(rooms.store.path(session.id)) == 6, "nothing of it is lost"


async def test_too_long_a_question_does_not_spoil_the_next(rooms_with: MakeRooms) -> None:
    rooms = rooms_with(["fine"], context=50)
    session = rooms.store.create_session()
    assert (await rooms.ask(session.id, "w " * 60)).state == "failed"
    assert (await rooms.ask(session.id, "short")).message.text == "fine"
    assert [m.text for m in rooms.backend.requests[-1].messages] == ["short"]
