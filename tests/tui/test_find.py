"""Finding: in all chats as one types, and in the one on screen."""

from threading import Event

from textual.events import Key
from textual.widgets import Input

from g4tui.core import Message
from g4tui.store import SessionRow
from g4tui.tui.marking import Needle
from g4tui.tui.services import Services
from support.chat_app import MODEL, driven_chat
from support.rooms import Rooms
from support.screen_host import services_of


def chat_of(rooms: Rooms, title: str, *texts: str, tag: str = "") -> tuple[SessionRow, list[str]]:
    session = rooms.store.create_session(model=MODEL, title=title)
    parent, ids = None, []
    with rooms.store.batch():
        for number, text in enumerate(texts):
            role = "assistant" if number % 2 else "user"
            model = MODEL if number % 2 else ""
            row = rooms.store.add_message(session.id, parent, Message(role, text), model=model)
            parent = row.id
            ids.append(row.id)
    if tag:
        rooms.store.tag(session.id, tag)
    return rooms.store.session(session.id), ids


def long_chat(rooms: Rooms, title: str) -> tuple[SessionRow, list[str]]:
    """300 messages; the words stand in messages 10 and 250."""
    texts = [f"talk {number}" for number in range(300)]
    texts[10], texts[250] = "a Zebra crossing", "zebras again: zébra"
    return chat_of(rooms, title, *texts)


def test_a_needle_is_found_whatever_the_case_and_accents() -> None:
    assert Needle("cafe").spans("A Café and a CAFE") == [(2, 6), (13, 17)]
    assert Needle("京都").spans("東京都") == [(1, 3)]
    assert not Needle("  ") and Needle("").spans("abc") == []


async def test_what_is_typed_right_after_the_key_goes_to_the_search(rooms: Rooms) -> None:
    """A search is for nobody's eyes, so never in the prompt, where Enter would send it."""
    long_chat(rooms, "Animals")
    async with driven_chat(rooms) as ui:
        ui.app.post_message(Key("ctrl+f", None))
        await ui.type("zebra cross")
        await ui.sees("Find in all chats", "a Zebra crossing", "1 hit")
        assert ui.chat.prompt_box.prompt.text == ""


async def test_what_is_typed_for_the_search_waits_until_the_library_is_open(rooms: Rooms) -> None:
    long_chat(rooms, "Animals")
    gate = Event()

    def open_services() -> Services:
        gate.wait(30)
        return services_of(rooms)

    async with driven_chat(rooms, open_services=open_services) as ui:
        await ui.press("ctrl+f")
        await ui.type("zebra cross")
        await ui.sees("opening the library")
        assert ui.chat.prompt_box.prompt.text == ""
        gate.set()
        await ui.sees("Find in all chats", "a Zebra crossing", "1 hit")
        await ui.misses("opening the library")
        assert ui.chat.prompt_box.prompt.text == ""


async def test_ctrl_c_gives_up_waiting_for_the_library(rooms: Rooms) -> None:
    gate = Event()

    def open_services() -> Services:
        gate.wait(30)
        return services_of(rooms)

    async with driven_chat(rooms, open_services=open_services) as ui:
        await ui.press("ctrl+f")
        await ui.type("zebra")
        await ui.press("ctrl+c")
        await ui.type("Hello")
        await ui.until(lambda: ui.chat.prompt_box.prompt.text == "Hello")
        gate.set()
        await ui.until(lambda: ui.chat.flow is not None)
        await ui.pilot.pause()
        assert ui.app.screen is ui.chat, "nor does the dialog come"
        await ui.press("ctrl+f")
        await ui.type("cross")
        await ui.sees("Find in all chats")
        await ui.until(lambda: ui.app.screen.query_one("#query", Input).value == "cross")
        assert ui.chat.prompt_box.prompt.text == "Hello", "what was given up is nowhere"


async def test_words_are_found_in_all_chats_and_the_message_is_landed_on(rooms: Rooms) -> None:
    long_chat(rooms, "Animals")
    chat_of(rooms, "Other", "nothing here", "First.\n\n  Second.")
    async with driven_chat(rooms) as ui:
        await ui.press("ctrl+f")
        await ui.sees("Find in all chats")
        await ui.type("second")
        await ui.sees("First. Second.")
        await ui.press("ctrl+u")
        await ui.type("zebra cross")
        await ui.sees("Animals", "a Zebra crossing", "1 hit")
        await ui.press("enter")
        await ui.sees("a Zebra crossing", "1 of 2", "talk 9")
        assert ui.chat.transcript.selected is not None
        assert ui.chat.transcript.selected.text == "a Zebra crossing"
        await ui.press("n")
        await ui.sees("zebras again", "2 of 2")
        await ui.press("escape")
        await ui.misses("2 of 2")


async def test_enter_waits_for_what_was_typed_last(rooms: Rooms) -> None:
    chat_of(rooms, "One", "apple pie", "yes")
    chat_of(rooms, "Two", "apple tart", "yes")
    async with driven_chat(rooms) as ui:
        await ui.press("ctrl+f")
        await ui.sees("Find in all chats")
        for key in "apple pie":
            ui.app.post_message(Key("space" if key == " " else key, key))
        ui.app.post_message(Key("enter", "\r"))
        await ui.sees("1 of 1")
        assert ui.chat.header.title == "One"


async def test_filters_leave_out_and_the_query_is_still_there_the_next_time(rooms: Rooms) -> None:
    _, ids = chat_of(rooms, "One", "apple pie", "baked")
    chat_of(rooms, "Two", "apple tart", "cooked", tag="recipes")
    rooms.store.star(ids[0])
    async with driven_chat(rooms, size=(120, 40)) as ui:
        await ui.press("ctrl+f")
        await ui.sees("Find in all chats")
        await ui.type("apple")
        await ui.sees("apple pie", "apple tart", "2 hits")
        ui.app.screen.query_one("#tag").value = "recipes"  # type: ignore[attr-defined]
        await ui.misses("apple pie")
        await ui.sees("apple tart", "1 hit")
        await ui.press("enter")
        await ui.sees("1 of 1")
        await ui.press("ctrl+f")
        await ui.sees("apple tart", "recipes", "1 hit")
        assert ui.app.screen.query_one("#query", Input).value == "apple"


async def test_a_filter_is_chosen_with_keys_alone_and_the_hits_are_next(rooms: Rooms) -> None:
    chat_of(rooms, "One", "apple pie", "baked")
    chat_of(rooms, "Two", "apple tart", "cooked", tag="recipes")
    async with driven_chat(rooms, size=(80, 24)) as ui:
        await ui.press("ctrl+f")
        await ui.sees("Find in all chats")
        await ui.type("apple")
        await ui.sees("2 hits")
        await ui.press("shift+tab", "enter", "down", "enter")
        await ui.sees("1 hit")
        query = ui.app.screen.query_one("#query", Input)
        await ui.until(lambda: query.has_focus)
        await ui.press("enter")
        await ui.sees("1 of 1")
        assert ui.chat.header.title == "Two"


async def test_starred_messages_are_listed_without_words(rooms: Rooms) -> None:
    _, ids = chat_of(rooms, "One", "apple pie", "baked")
    rooms.store.star(ids[1])
    async with driven_chat(rooms) as ui:
        await ui.press("ctrl+f")
        await ui.sees("Find in all chats")
        ui.app.screen.query_one("#starred").value = True  # type: ignore[attr-defined]
        await ui.sees("baked", "1 hit")


async def test_what_reads_like_a_query_language_is_only_text(rooms: Rooms) -> None:
    chat_of(rooms, "One", 'C\'est "NEAR(" AND [red]x[/red]', "* OR ^")
    async with driven_chat(rooms) as ui:
        await ui.press("ctrl+f")
        await ui.sees("Find in all chats")
        query = ui.app.screen.query_one("#query", Input)
        query.value = 'NEAR( AND "'
        await ui.sees("[red]x[/red]", "1 hit")
        query.value = "zzz OR *"
        await ui.sees("Nothing has that.")


async def test_the_open_chat_is_searched_from_hit_to_hit(rooms: Rooms) -> None:
    session, _ = long_chat(rooms, "Animals")
    async with driven_chat(rooms, session=session.id) as ui:
        await ui.sees("talk 299")
        await ui.to_transcript()
        for key in ("slash", "z", "e", "b", "r", "a"):  # as fast as a terminal sends a burst
            ui.app.post_message(Key(key, "/" if key == "slash" else key))
        await ui.sees("zebras again", "2 of 2 messages")
        assert ui.chat.finding.bar.field.value == "zebra"
        assert ui.chat.focused is ui.chat.finding.bar.field, "it is counted as one types"
        await ui.press("enter", "N")
        await ui.sees("a Zebra crossing", "1 of 2")
        await ui.press("N")
        await ui.sees("zebras again", "2 of 2")
        await ui.press("escape")
        await ui.misses("2 of 2")
        assert ui.chat.transcript.has_focus


async def test_what_is_not_there_is_told(rooms: Rooms) -> None:
    session, _ = chat_of(rooms, "One", "apple", "pie")
    async with driven_chat(rooms, session=session.id) as ui:
        await ui.sees("apple")
        await ui.to_transcript()
        await ui.press("slash")
        await ui.type("pear")
        await ui.sees("nothing")
