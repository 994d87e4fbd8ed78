"""Keys of the chat as a person has mapped them."""

import msgspec
import pytest
from textual.events import Key

from support.chat_app import driven_chat
from support.rooms import Rooms


async def test_a_key_of_the_prompts_editor_can_be_given_to_the_chat(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        ui.app.set_keymap({"chat.new": "ctrl+k", "chat.model": "ctrl+a"})
        await ui.ask("How?")
        await ui.answered(2)
        await ui.press("ctrl+k")
        await ui.sees("Ask something")
        await ui.press("ctrl+a")
        await ui.sees("Choose a model")


async def test_rename_can_be_given_a_key_of_the_editor(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        ui.app.set_keymap({"chat.rename": "ctrl+k"})
        await ui.ask("How?")
        await ui.answered(2)
        await ui.press("x", "home", "ctrl+k")
        await ui.sees("Rename chat")


async def test_names_in_the_settings_that_mean_nothing_are_told(rooms: Rooms) -> None:
    settings = msgspec.convert(
        {"ui": {"theme": "nrod"}, "keys": {"chat.nwe": "ctrl+k"}}, type(rooms.settings)
    )
    rooms.settings = settings
    async with driven_chat(rooms) as ui:
        await ui.toast("ui.theme has no effect: There is no theme 'nrod'. Did you mean")
        await ui.toast("There is no action 'chat.nwe'")


async def test_tab_goes_from_the_prompt_into_the_conversation_and_on_to_the_list(
    rooms: Rooms,
) -> None:
    async with driven_chat(rooms, size=(120, 30)) as ui:
        await ui.ask("How?")
        await ui.answered(2)
        chat = ui.chat
        for key, place in [
            ("tab", chat.transcript),
            ("tab", chat.sessions.filter),
            ("tab", chat.sessions.rows),
            ("tab", chat.prompt_box.prompt),
            ("shift+tab", chat.sessions.rows),
        ]:
            await ui.press(key)
            await ui.until(lambda place=place: ui.app.focused is place)


@pytest.mark.parametrize("key", ["ctrl+o", "f6", "ctrl+g", "ctrl+p"])
async def test_what_a_quick_hand_types_for_a_dialog_is_not_sent(rooms: Rooms, key: str) -> None:
    async with driven_chat(rooms, size=(120, 40)) as ui:
        ui.app.post_message(Key(key, None))
        for typed in "xyz":  # at once, before anything can be drawn
            ui.app.post_message(Key(typed, typed))
        await ui.until(lambda: ui.app.screen is not ui.chat)
        if key != "f6":  # a list without a filter
            await ui.sees("xyz")
        ui.app.post_message(Key("enter", "\r"))
        await ui.press("escape")
        await ui.pilot.pause()
        assert ui.chat.prompt_box.prompt.text == ""
        assert rooms.store.sessions() == []


async def test_a_dialog_that_does_not_come_gives_the_keys_back(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        ui.app.post_message(Key("f8", None))
        await ui.type("Hello")
        await ui.toast("There is nothing to undo")
        await ui.until(lambda: ui.chat.prompt_box.prompt.text == "Hello")


async def test_what_was_chosen_in_a_dialog_leads_to_the_prompt(rooms: Rooms) -> None:
    async with driven_chat(rooms, size=(120, 40)) as ui:
        await ui.ask("How?")
        await ui.answered(2)
        for key, words, choose in [
            ("ctrl+o", "Choose a model", ["enter"]),
            ("f6", "Personas", ["enter"]),
            ("ctrl+g", "System prompt and parameters", ["x", "ctrl+s"]),
        ]:
            await ui.to_transcript()
            await ui.press(key)
            await ui.sees(words)
            await ui.press("escape")
            await ui.until(lambda: ui.app.focused is ui.chat.transcript)
            await ui.press(key)
            await ui.sees(words)
            await ui.press(*choose)
            await ui.until(lambda: ui.app.focused is ui.chat.prompt_box.prompt)


@pytest.mark.parametrize(
    ("word", "told"), [("/bye", "Ctrl+Q quits"), ("exit", "Ctrl+Q"), ("/clear", "Ctrl+P")]
)
async def test_a_command_of_other_programs_is_not_asked_by_surprise(
    rooms: Rooms, word: str, told: str
) -> None:
    async with driven_chat(rooms) as ui:
        await ui.ask(word)
        await ui.toast(told)
        assert ui.chat.prompt_box.prompt.text == word
        assert rooms.store.sessions() == []
        await ui.press("enter")
        await ui.answered(2)


async def test_tab_passes_an_empty_conversation_by(rooms: Rooms) -> None:
    async with driven_chat(rooms, size=(80, 24)) as ui:
        await ui.press("tab")
        assert ui.app.focused is ui.chat.prompt_box.prompt
        await ui.press("ctrl+b", "tab")
        await ui.until(lambda: ui.app.focused is ui.chat.prompt_box.prompt)


async def test_cutting_nothing_leaves_the_clipboard_as_it_was(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        ui.app._clipboard = "before"
        await ui.press("ctrl+x")
        await ui.pilot.pause()
        assert ui.app.clipboard == "before"


async def test_a_question_mark_shows_the_keys_where_nothing_is_typed(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        await ui.press("question_mark")
        await ui.until(lambda: ui.chat.prompt_box.prompt.text == "?")
        await ui.press("enter")
        await ui.answered(2)
        await ui.to_transcript()
        await ui.press("question_mark")
        await ui.sees("Keys", "When the messages have the focus")
