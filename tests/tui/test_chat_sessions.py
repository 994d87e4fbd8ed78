"""Sessions on the screen: begun, opened, walked, edited, renamed, deleted, however long."""

import asyncio
from pathlib import Path

import pytest

from g4tui.core import ErrorInfo, G4tuiError, Message, Usage
from g4tui.tui.messages import SessionChosen
from support.chat_app import MODEL, Driven, Steps, driven_chat
from support.rooms import Rooms
from support.screen_host import told


def long_session(rooms: Rooms, count: int) -> tuple[str, list[str]]:
    """A saved chat of `count` messages, and their ids."""
    session = rooms.store.create_session(model=MODEL, title="A long one")
    parent, ids = None, []
    with rooms.store.batch():
        for number in range(count):
            role = "assistant" if number % 2 else "user"
            text = f"message {number} of many"
            row = rooms.store.add_message(
                session.id, parent, Message(role, text), model=MODEL if number % 2 else ""
            )
            parent = row.id
            ids.append(row.id)
    return session.id, ids


async def choose(ui: Driven, session: str, message: str | None = None) -> None:
    ui.chat.post_message(SessionChosen(session, message))
    await ui.until(lambda: ui.chat.conversation.id == session)


async def test_the_first_message_begins_and_names_a_session(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        assert rooms.store.sessions() == []
        await ui.ask("What is a laptop?")
        await ui.answered(2)
        seen = await ui.sees("› What is a laptop?", "Today")
        assert seen.splitlines()[0].startswith(" What is a laptop?")
        await ui.press("ctrl+n")
        await ui.sees("Ask something")
        await ui.ask("Another")
        await ui.until(lambda: len(rooms.store.sessions()) == 2)


async def test_a_session_is_shown_as_it_was_left(rooms: Rooms) -> None:
    session, _ = long_session(rooms, 4)
    async with driven_chat(rooms, session=session) as ui:
        await ui.sees("message 0 of many", "message 3 of many", "parrot")


async def test_how_full_the_context_was_is_shown_again(rooms: Rooms) -> None:
    session = rooms.store.create_session(model=MODEL)
    _, answer = rooms.store.begin_turn(session.id, None, Message("user", "Go"), MODEL)
    usage = Usage(prompt=1000, completion=201)
    rooms.store.finish_answer(answer.id, "complete", "Gone.", usage=usage, finish_reason="stop")
    async with driven_chat(rooms, session=session.id) as ui:
        await ui.sees("Gone.", "ctx 1,201/2,048")
        await ui.press("ctrl+n")
        await ui.misses("ctx 1,201")


async def test_nothing_is_deleted_or_renamed_before_it_begins(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        await ui.press("ctrl+p")
        await ui.type("delete chat")
        await ui.press("enter")
        await ui.toast("This chat has no messages yet.")
        await ui.press("f2")
        await ui.toast("its first one names it")


async def test_a_session_that_is_gone_is_told(rooms: Rooms) -> None:
    async with driven_chat(rooms, session="nosuchsession") as ui:
        await ui.toast("nosuchsession")
        await ui.ask("Hello")
        await ui.answered(2)


async def test_a_long_session_is_loaded_where_one_looks(rooms: Rooms) -> None:
    session, _ = long_session(rooms, 300)
    async with driven_chat(rooms, session=session) as ui:
        await ui.sees("message 299")
        assert len(ui.chat.conversation.rows) < 60
        await ui.to_transcript()
        for _ in range(40):
            await ui.press("home")
            if ui.chat.conversation.rows[0].depth == 1:
                break
            await ui.pilot.pause()
            await asyncio.sleep(0.01)
        await ui.until(lambda: ui.chat.conversation.rows[0].depth == 1)
        await ui.press("home")
        seen = await ui.sees("message 0 of many")
        assert "earlier message" not in seen
        await ui.press("end")
        await ui.sees("message 299")


async def test_paging_up_does_not_move_what_is_read(rooms: Rooms) -> None:
    session, _ = long_session(rooms, 200)
    async with driven_chat(rooms, session=session) as ui:
        await ui.sees("message 199")
        transcript = ui.chat.transcript
        loaded = len(transcript.entries)
        transcript.go_to(40)
        top = transcript._row(transcript.scroll_offset.y)
        transcript.go_to(20)
        before = transcript._row(transcript.scroll_offset.y)
        await ui.until(lambda: len(transcript.entries) > loaded)
        assert transcript._row(transcript.scroll_offset.y) is before
        assert top is not before


async def test_a_found_message_is_shown_in_its_place(rooms: Rooms) -> None:
    session, ids = long_session(rooms, 300)
    async with driven_chat(rooms) as ui:
        await choose(ui, session, ids[100])
        seen = await ui.sees("message 100 of many", "message 101 of many")
        assert "message 299" not in seen
        selected = ui.chat.transcript.selected
        assert selected is not None and selected.key == ids[100]
        await ui.ask("And now?")
        await ui.sees("And now?", "Hello there, friend.")
        assert rooms.store.path(session)[-3].id == ids[-1]


async def test_regenerating_adds_a_sibling_and_arrows_walk_them(rooms: Rooms) -> None:
    rooms.backend.answers = ["First try.", "Second try.", "Third try.", "Goes on."]
    async with driven_chat(rooms) as ui:
        await ui.ask("Well?")
        await ui.answered(2)
        for count, words in ((2, "Second try."), (3, "Third try.")):
            await ui.to_transcript()
            await ui.press("r")
            await ui.sees(words, f"< {count}/{count} >")
            await ui.answered(2)
        await ui.ask("More")
        await ui.sees("Goes on.")
        await ui.answered(4)
        await ui.to_transcript()
        await ui.press("k", "k", "left")
        seen = await ui.sees("Second try.", "< 2/3 >")
        assert "Goes on." not in seen and "Third try." not in seen
        await ui.press("left")
        await ui.sees("First try.", "< 1/3 >")
        await ui.press("left")
        await ui.sees("First try.", "< 1/3 >")
        await ui.press("right", "right")
        await ui.sees("Third try.", "Goes on.")


async def test_editing_a_message_asks_anew_beside_it(rooms: Rooms) -> None:
    rooms.backend.answers = ["One.", "Two."]
    async with driven_chat(rooms) as ui:
        await ui.ask("Helo")
        await ui.answered(2)
        await ui.to_transcript()
        await ui.press("e")
        await ui.sees("Editing: Enter asks anew, Esc leaves it")
        await ui.press("backspace")
        await ui.type("lo!")
        await ui.press("enter")
        seen = await ui.sees("Hello!", "Two.", "< 2/2 >")
        assert "One." not in seen
        await ui.answered(2)
        await ui.to_transcript()
        await ui.press("k", "left")
        await ui.sees("Helo", "One.", "< 1/2 >")


async def test_escape_leaves_editing_without_asking(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        await ui.ask("Hello")
        await ui.answered(2)
        await ui.to_transcript()
        await ui.press("e")
        await ui.sees("Editing")
        await ui.press("escape")
        await ui.misses("Editing")
        assert ui.chat.prompt_box.is_empty
        assert len(ui.line) == 2


@pytest.mark.parametrize(
    ("key", "count", "state", "text"),
    [
        ("g", 2, "complete", "Half an and the rest."),
        ("r", 2, "complete", "and the rest."),
        ("a", 2, "stopped", "Half an "),
    ],
)
async def test_an_interrupted_answer_offers_three_ways_on(
    rooms: Rooms, key: str, count: int, state: str, text: str
) -> None:
    rooms.backend.answers = ["and the rest."]
    session = rooms.store.create_session(model=MODEL)
    _, answer = rooms.store.begin_turn(session.id, None, Message("user", "Go"), MODEL)
    rooms.store.finish_answer(answer.id, "interrupted", "Half an ")
    async with driven_chat(rooms, session=session.id) as ui:
        await ui.sees("Half an", "◌ interrupted", "g go on · r regenerate · a keep as it is")
        assert rooms.backend.requests == []
        await ui.to_transcript()
        await ui.press(key)
        await ui.misses("◌ interrupted")
        line = await ui.answered(count)
        assert (line[-1].state, line[-1].message.text) == (state, text)
        assert len(rooms.store.siblings(answer.id)) == (2 if key == "r" else 1)


async def test_letters_act_on_messages_and_others_go_to_the_prompt(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        await ui.ask("Hello")
        await ui.answered(2)
        await ui.to_transcript()
        await ui.press("W")
        await ui.type("hy r")
        assert ui.chat.prompt_box.prompt.text == "Why r"
        assert len(ui.line) == 2
        await ui.press("escape")
        assert ui.chat.transcript.has_focus
        await ui.press("escape")
        assert ui.chat.prompt_box.prompt.has_focus


async def test_an_answer_goes_on_while_another_chat_is_on_screen(rooms: Rooms) -> None:
    rooms.backend.gate = steps = Steps()
    rooms.backend.answers = ["One two three four five", "Other"]
    async with driven_chat(rooms) as ui:
        await ui.ask("Count")
        steps.let(2)
        await ui.sees("One two")
        first = ui.chat.conversation.id
        assert first is not None
        await ui.press("ctrl+n")
        seen = await ui.sees("Ask something", "Count", "…")
        assert "One two" not in seen
        steps.let(1)
        await choose(ui, first)
        await ui.sees("One two three")
        await ui.press("ctrl+n")
        steps.let(10)
        await ui.sees("Ask something", "•")
        await choose(ui, first)
        seen = await ui.sees("One two three four five", "41 tok/s")
        assert "•" not in seen


async def test_a_chat_is_renamed_and_deleted_and_had_back(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        await ui.ask("Hello")
        await ui.answered(2)
        await ui.press("f2")
        await ui.sees("Rename chat")
        await ui.press("ctrl+a", "ctrl+k")
        await ui.type("Greetings")
        await ui.press("enter")
        seen = await ui.sees("› Greetings")
        assert seen.splitlines()[0].startswith(" Greetings")
        ui.chat.action_delete_session()
        await ui.toast("Deleted “Greetings”. f8 undoes it")
        await ui.sees("Ask something")
        await ui.misses("› Greetings")
        assert rooms.store.sessions() == []
        await ui.press("f8")
        await ui.toast("“Greetings” is back.")
        await ui.sees("› Greetings", "Hello there, friend.")


async def test_a_session_deleted_elsewhere_in_mid_stream_is_one_panel(rooms: Rooms) -> None:
    rooms.backend.answers = ["word " * 400, "Fine."]
    rooms.backend.delay_s = 0.01
    async with driven_chat(rooms) as ui:
        await ui.ask("Talk")
        await ui.sees("word word")
        rooms.store.delete_session(rooms.store.sessions()[0].id)
        await ui.until(lambda: not ui.chat.answering.turns.sessions)
        seen = await ui.sees("word word", "no longer in the library", "Ctrl+N begins a new one.")
        assert seen.count("╭─ ") == 1 and "r retry" not in seen
        await ui.press("ctrl+n")
        await ui.ask("Again")
        await ui.sees("Fine.")


async def test_a_library_that_does_not_open_is_a_panel_and_can_be_tried_again(
    rooms: Rooms,
) -> None:
    from support.screen_host import services_of

    tries: list[int] = []

    def open_services():  # type: ignore[no-untyped-def]
        tries.append(1)
        if len(tries) == 1:
            raise G4tuiError("storage", "The library is locked", "By a test.", "Wait a moment.")
        return services_of(rooms)

    async with driven_chat(rooms, open_services=open_services) as ui:
        await ui.sees("The library is locked", "By a test.", "Wait a moment.", "Ctrl+R try again")
        await ui.ask("Hello")
        await ui.toast("nothing was sent")
        await ui.until(lambda: ui.chat.prompt_box.prompt.text == "Hello")
        await ui.press("ctrl+r")
        await ui.until(lambda: ui.chat.flow is not None)
        await ui.press("enter")
        await ui.answered(2)


async def test_what_is_asked_before_the_library_is_open_is_asked_then(rooms: Rooms) -> None:
    from threading import Event

    from support.screen_host import services_of

    gate = Event()

    def open_services():  # type: ignore[no-untyped-def]
        gate.wait(30)
        return services_of(rooms)

    async with driven_chat(rooms, open_services=open_services) as ui:
        await ui.ask("Early")
        await ui.sees("opening the library")
        gate.set()
        await ui.sees("Hello there, friend.")


async def test_quitting_in_mid_stream_keeps_the_text(rooms: Rooms, home: Path) -> None:
    rooms.backend.answers = ["word " * 2000]
    rooms.backend.delay_s = 0.005
    async with driven_chat(rooms) as ui:
        await ui.ask("Talk")
        await ui.sees("word word")
        session = rooms.store.sessions()[0].id
        await ui.press("ctrl+q")
        await ui.until(lambda: ui.app._exit)
    from g4tui.store import Store

    store = Store.open(rooms.paths.database)
    answer = store.path(session)[-1]
    store.close()
    assert answer.state == "stopped" and answer.message.text.startswith("word word")


async def test_an_error_of_the_store_is_told_and_nothing_breaks(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = G4tuiError.of(ErrorInfo("storage", "The disk is full", "0 bytes left.", "Make room."))

    def broken(*_: object, **__: object) -> None:
        raise error

    async with driven_chat(rooms) as ui:
        await ui.ask("First")
        await ui.answered(2)
        monkeypatch.setattr(rooms.store, "begin_turn", broken)
        await ui.ask("Hello")
        await ui.until(lambda: ui.chat.prompt_box.prompt.text == "Hello")
        await ui.sees("The disk is full", "Make room.")
        await ui.press("enter")
        await ui.until(lambda: ui.chat.prompt_box.prompt.text == "Hello")
        seen = await ui.sees("The disk is full")
        assert seen.count("The disk is full") == 1 and told(ui.app) == ""
        monkeypatch.undo()
        await ui.press("enter")
        await ui.misses("The disk is full")
        assert [row.message.text for row in (await ui.answered(4))][2] == "Hello"


async def test_a_question_in_a_session_deleted_elsewhere_stays_in_the_prompt(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        await ui.ask("First")
        await ui.answered(2)
        rooms.store.delete_session(rooms.store.sessions()[0].id)
        await ui.ask("Second")
        seen = await ui.sees("no longer in the library", "Ctrl+N begins a new one.")
        await ui.until(lambda: ui.chat.prompt_box.prompt.text == "Second")
        assert "Session " not in seen and told(ui.app) == ""
        await ui.to_transcript()
        await ui.press("r")
        await ui.pilot.pause()
        assert ui.shown.count("no longer in the library") == 1 and told(ui.app) == ""
        await ui.press("ctrl+n", "enter")
        assert (await ui.answered(2))[0].message.text == "Second"


async def test_the_same_words_are_told_once_at_a_time(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        await ui.press("ctrl+c", "ctrl+c", "ctrl+c")
        await ui.toast("Ctrl+Q quits")
        await ui.pilot.pause()
        assert told(ui.app).count("Ctrl+Q quits") == 1
