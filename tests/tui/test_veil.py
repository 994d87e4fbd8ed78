"""Blind answers in the chat: nothing there tells who wrote which until the names were seen."""

from g4tui.core import ErrorInfo, Message, Usage
from g4tui.store import Asked, TurnRow
from support.chat_app import driven_chat
from support.rooms import Rooms

USAGE = Usage(prompt=9, completion=3, ttft_s=0.61, tok_per_s=88.0, cost_usd=0.0002)


def compared(rooms: Rooms, *, blind: bool) -> tuple[str, TurnRow]:
    """A session with one compared turn, the second answer at the left; the first one failed."""
    store = rooms.store
    session = store.create_session(model="scripted:student").id
    asked = [Asked(None, "scripted:teacher"), Asked(None, "scripted:student")]
    turn, _ = store.begin_compared(
        session, Message("user", "Why?"), asked, blind=blind, order=[1, 0]
    )
    broken, whole = turn.answers
    error = ErrorInfo("network", "api.example.org did not answer", "No route.", "Plug it in.")
    store.finish_answer(broken, "failed", "", error=error)
    store.finish_answer(whole, "complete", "Because.", usage=USAGE, finish_reason="stop")
    return session, turn


async def test_a_blind_answer_has_no_name_and_no_numbers_in_the_chat(rooms: Rooms) -> None:
    session, turn = compared(rooms, blind=True)
    async with driven_chat(rooms, session=session) as ui:
        seen = await ui.sees("Answer A", "Because.", "< 1/2 >")
        assert "tok/s" not in seen and "first" not in seen
        await ui.to_transcript()
        await ui.press("right")
        seen = await ui.sees("Answer B", "This answer failed", "< 2/2 >")
        assert "example.org" not in seen and "Plug it in" not in seen
        rooms.store.reveal(turn.id)
        await ui.press("left")
        await ui.sees("Answer A")


async def test_names_are_there_once_they_were_seen(rooms: Rooms) -> None:
    session, turn = compared(rooms, blind=True)
    rooms.store.vote(turn.id, "left")
    async with driven_chat(rooms, session=session) as ui:
        seen = await ui.sees("88 tok/s", "Because.")
        assert "Answer A" not in seen


async def test_a_turn_that_is_not_blind_hides_nothing(rooms: Rooms) -> None:
    session, _ = compared(rooms, blind=False)
    async with driven_chat(rooms, session=session) as ui:
        seen = await ui.sees("88 tok/s", "Because.")
        assert "Answer A" not in seen


async def test_a_hidden_answer_is_gone_on_with_once_its_name_was_seen(rooms: Rooms) -> None:
    """Not every model can go on with a part, which would tell."""
    rooms.backend.names = ["teacher", "student"]
    rooms.backend.answers = [" More."]
    store = rooms.store
    session = store.create_session(model="scripted:student").id
    asked = [Asked(None, "scripted:teacher"), Asked(None, "scripted:student")]
    turn, _ = store.begin_compared(session, Message("user", "Why?"), asked, blind=True)
    for answer in turn.answers:
        store.finish_answer(answer, "stopped", "Because.", finish_reason="cancelled")
    async with driven_chat(rooms, session=session) as ui:
        await ui.sees("Answer A", "stopped", "shown as far as all had come")
        await ui.to_transcript()
        await ui.press("g")
        await ui.toast("Names are hidden here")
    store.reveal(turn.id)
    async with driven_chat(rooms, session=session) as ui:
        await ui.sees("Because.", "stopped")
        await ui.to_transcript()
        await ui.press("g")
        await ui.answered(2)
        await ui.sees("Because. More.")
    assert store.message(turn.answers[0]).message.text == "Because. More."
