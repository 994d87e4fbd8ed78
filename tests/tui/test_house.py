"""Keeping house on the screen: pins, tags, archive, bin, privacy."""

import sqlite3

from textual import events

from g4tui.core import Message
from g4tui.store import SessionRow, Store
from g4tui.tui.messages import SessionChosen
from support.chat_app import MODEL, Driven, driven_chat
from support.rooms import Rooms


def chat_of(rooms: Rooms, title: str) -> SessionRow:
    session = rooms.store.create_session(model=MODEL, title=title)
    rooms.store.add_message(session.id, None, Message("user", f"about {title}"))
    return session


async def to_list(ui: Driven) -> None:
    await ui.until(lambda: ui.chat.sessions.rows.row is not None)
    ui.chat.sessions.focus()
    await ui.until(lambda: ui.chat.sessions.has_focus_within)


async def test_a_pinned_chat_stays_on_top(rooms: Rooms) -> None:
    chat_of(rooms, "Old one")
    chat_of(rooms, "New one")
    async with driven_chat(rooms) as ui:
        await ui.sees("Old one", "New one")
        await to_list(ui)
        await ui.press("down", "down", "p")
        seen = await ui.sees("Pinned")
        assert seen.index("Pinned") < seen.index("Old one") < seen.index("New one")


async def test_tags_are_shown_and_filter_the_list(rooms: Rooms) -> None:
    session = chat_of(rooms, "Bread")
    chat_of(rooms, "Cars")
    async with driven_chat(rooms) as ui:
        await ui.sees("Bread", "Cars")
        await to_list(ui)
        await ui.press("down", "down", "t")
        await ui.sees("Tags")
        await ui.type("food, #baking")
        await ui.press("enter")
        await ui.sees("Bread #baking #food")
        assert rooms.store.session(session.id).tags == ("baking", "food")
        await ui.press("slash")
        await ui.type("#food")
        await ui.misses("Cars")
        await ui.press("escape", "t")
        await ui.sees("baking, food")


async def test_a_deleted_chat_is_in_the_bin_and_comes_back(rooms: Rooms) -> None:
    session = chat_of(rooms, "Keep me")
    async with driven_chat(rooms) as ui:
        await ui.sees("Keep me")
        await to_list(ui)
        await ui.press("down", "d")
        await ui.toast("Deleted “Keep me”. f8 undoes it; the bin keeps it for 30 days.")
        await ui.until(lambda: rooms.store.sessions() == [])
        await ui.press("v")
        await ui.sees("Archive and bin", "Keep me", "30 days left")
        await ui.press("r")
        await ui.misses("days left")
        await ui.press("escape")
        await ui.sees("Keep me")
        assert [row.id for row in rooms.store.sessions()] == [session.id]


async def test_an_archived_chat_is_opened_from_the_shelf(rooms: Rooms) -> None:
    chat_of(rooms, "Put away")
    async with driven_chat(rooms) as ui:
        await ui.sees("Put away")
        await to_list(ui)
        await ui.press("down", "a")
        await ui.toast("Archived “Put away”. f8 undoes it.")
        await ui.press("v")
        await ui.sees("Archive and bin", "Put away")
        await ui.press("enter")
        await ui.sees("about Put away")


async def test_what_was_typed_goes_with_a_deleted_chat_and_comes_back(rooms: Rooms) -> None:
    session = chat_of(rooms, "Open")
    async with driven_chat(rooms) as ui:
        await ui.sees("Open")
        await ui.type("for a new chat")
        ui.chat.post_message(SessionChosen(session.id))
        await ui.sees("about Open")
        await ui.type("for this one")
        await to_list(ui)
        await ui.press("d")
        await ui.toast("Deleted “Open”. f8 undoes it; the bin keeps it for 30 days.")
        await ui.until(lambda: ui.chat.prompt_box.prompt.text == "for a new chat")
        await ui.press("f8")
        await ui.sees("about Open")
        await ui.until(lambda: ui.chat.prompt_box.prompt.text == "for this one")
        await ui.press("ctrl+n")
        await ui.until(lambda: ui.chat.prompt_box.prompt.text == "for a new chat")


async def test_undo_takes_back_one_step_after_the_other(rooms: Rooms) -> None:
    first, second = chat_of(rooms, "First"), chat_of(rooms, "Second")
    async with driven_chat(rooms) as ui:
        await ui.sees("First", "Second")
        await to_list(ui)
        await ui.press("down", "a")
        await ui.until(lambda: len(rooms.store.sessions()) == 1)
        await ui.misses("  Second")
        await ui.press("d")
        await ui.until(lambda: rooms.store.sessions() == [])
        await ui.press("u")
        await ui.toast("“First” is back.")
        await ui.press("f8")
        await ui.toast("“Second” is back.")
        await ui.sees("▌  Second")
        assert {row.id for row in rooms.store.sessions()} == {first.id, second.id}
        await ui.press("u")
        await ui.toast("There is nothing to undo.")


async def test_the_bin_is_emptied_after_a_question(rooms: Rooms) -> None:
    rooms.store.bin_session(chat_of(rooms, "Gone").id)
    async with driven_chat(rooms) as ui:
        await to_list(ui)
        await ui.press("v")
        await ui.sees("Gone", "days left", "esc Close")
        await ui.press("x")
        await ui.sees("Empty the bin?", "1 chat cannot be had back")
        await ui.press("y")
        await ui.misses("days left")
        assert rooms.store.sessions(shelf="bin") == []


async def test_chats_of_another_g4tui_are_listed_when_one_comes_back(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        await ui.sees("Chats are kept here.")
        chat_of(rooms, "From elsewhere")
        ui.app.post_message(events.AppBlur())
        ui.app.post_message(events.AppFocus())
        await ui.sees("From elsewhere")
        chat_of(rooms, "And another")
        await ui.press("ctrl+b")
        await ui.sees("And another")


async def test_the_key_of_the_list_goes_there_first_and_folds_it_from_there(rooms: Rooms) -> None:
    chat_of(rooms, "Kept")
    async with driven_chat(rooms) as ui:
        await ui.sees("Kept")
        await ui.press("ctrl+b", "down", "enter")
        await ui.sees("about Kept")
        await ui.press("ctrl+b")
        assert ui.chat.sidebar.widget.display
        await ui.press("ctrl+b")
        assert not ui.chat.sidebar.widget.display
        assert ui.chat.prompt_box.prompt.has_focus


async def test_an_answer_that_another_g4tui_writes_says_so(rooms: Rooms) -> None:
    other = Store.open(rooms.store.file)
    session = other.create_session(model=MODEL).id
    _, answer = other.begin_turn(session, None, Message("user", "hello"), MODEL)
    other.flush_answer(answer.id, "half an answer")
    async with driven_chat(rooms, session=session) as ui:
        await ui.sees("half an answer", "being written elsewhere")
        other.finish_answer(answer.id, "complete", "half an answer, and the rest")
        ui.chat.post_message(SessionChosen(session))
        await ui.sees("and the rest")
        await ui.misses("being written elsewhere")
    other.close()


async def test_a_private_chat_says_so(rooms: Rooms) -> None:
    session = chat_of(rooms, "Secret")
    async with driven_chat(rooms, session=session.id) as ui:
        await ui.sees("about Secret")
        ui.chat.action_private()
        await ui.toast("Private: never sent to another machine, never exported.")
        await ui.sees("offline, private")
        assert rooms.store.session(session.id).private


async def test_a_chat_is_private_from_its_first_message_on(rooms: Rooms) -> None:
    rooms.backend.sent_to = "api.example.org"
    async with driven_chat(rooms) as ui:
        await ui.sees("Ask something")
        ui.chat.action_private()
        await ui.toast("Private: never sent to another machine, never exported.")
        await ui.sees("api.example.org, private")
        await ui.ask("My secret")
        await ui.toast("This chat is private: it is never sent elsewhere.")
        await ui.until(lambda: ui.chat.prompt_box.prompt.text == "My secret")
        rooms.backend.sent_to = ""
        await ui.press("enter")
        await ui.answered(2)
        await ui.sees("offline, private")
        assert rooms.store.sessions()[0].private
        await ui.press("ctrl+n")
        await ui.sees("Ask something", "offline")
        await ui.misses("private")


async def test_what_is_in_the_bin_for_long_is_gone_and_a_backup_that_fails_is_told(
    rooms: Rooms,
) -> None:
    old = chat_of(rooms, "Old").id
    rooms.store.bin_session(old)
    chat_of(rooms, "New")
    with sqlite3.connect(rooms.store.file) as connection:
        connection.execute("UPDATE sessions SET created = created - 99 * 86400")
        connection.execute("UPDATE sessions SET deleted = deleted - 31 * 86400")
    connection.close()
    (rooms.paths.data / "backups").write_text("a file where the folder should be")
    async with driven_chat(rooms) as ui:
        await ui.sees("New")
        await ui.toast("daily backup of the library could not be made")
        assert rooms.store.sessions(shelf="bin") == []
