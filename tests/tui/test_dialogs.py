"""Questions, renaming and F1."""

import re
from typing import ClassVar

import pytest
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Button, Input

from g4tui.tui.bindings import bindings
from g4tui.tui.screens.confirm import ConfirmScreen
from g4tui.tui.screens.help import HelpScreen
from g4tui.tui.screens.pick import PickRow, PickScreen
from g4tui.tui.screens.rename import RenameScreen
from g4tui.tui.widgets.session_list import SessionList
from support.chat_app import driven_chat
from support.rooms import Rooms
from support.screen_host import ScreenHost, shown


def question() -> ConfirmScreen:
    return ConfirmScreen("Delete chat?", "“Trip\x1b[2J” is gone for good.", "Delete", "Keep")


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["enter"], False),
        (["escape"], False),
        (["n"], False),
        (["y"], True),
        (["right", "enter"], True),
        (["tab", "enter"], True),
        (["right", "left", "enter"], False),
    ],
)
async def test_only_a_clear_yes_is_one(keys: list[str], answer: bool) -> None:
    async with (host := ScreenHost(screen=question)).run_test(size=(80, 24)) as pilot:
        await pilot.press(*keys)
        assert host.results == [answer]


async def test_a_toast_below_a_dialog_is_read_once(rooms: Rooms) -> None:
    async with driven_chat(rooms, size=(80, 24), notifications=True) as ui:
        await ui.press("f8")
        await ui.sees("There is nothing to undo.")
        await ui.press("f4")
        seen = await ui.sees("There are no blind votes yet.", "There is nothing to undo.")
        assert seen.count("There is nothing to undo.") == 1, seen


async def test_marks_of_the_list_of_chats_have_words(rooms: Rooms) -> None:
    async with driven_chat(rooms, size=(120, 60)) as ui:
        await ui.press("f1")
        await ui.sees("… an answer is being written", "• one has come")


async def test_a_question_shows_hostile_text_harmlessly() -> None:
    async with ScreenHost(screen=question).run_test(size=(80, 24)) as pilot:
        text = shown(pilot.app)
        assert "“Trip␛[2J” is gone for good." in text
        assert pilot.app.screen.query_one("#no", Button).has_focus


async def test_a_very_long_question_still_shows_its_answers() -> None:
    screen = ConfirmScreen("Delete?", "word " * 2000)
    async with ScreenHost(screen=lambda: screen).run_test(size=(80, 24)) as pilot:
        text = shown(pilot.app)
        assert "Yes" in text and "No" in text and "esc" in text


async def test_renaming() -> None:
    screen = ScreenHost(screen=lambda: RenameScreen("Old name"))
    async with screen.run_test(size=(80, 24)) as pilot:
        assert pilot.app.screen.query_one(Input).value == "Old name"
        await pilot.press(*"New ", "home", *"  ", "enter")
        assert screen.results == ["New"]


@pytest.mark.parametrize("keys", [["escape"], ["enter"], [*"abc", "escape"]])
async def test_renaming_can_be_left(keys: list[str]) -> None:
    async with (host := ScreenHost(screen=lambda: RenameScreen("Old"))).run_test() as pilot:
        await pilot.press(*keys)
        assert host.results == [None]


async def test_an_empty_title_is_refused_with_a_word_why() -> None:
    async with (host := ScreenHost(screen=lambda: RenameScreen("Old"))).run_test() as pilot:
        await pilot.press("backspace", "enter")
        assert host.results == []
        assert "needs a title" in shown(pilot.app)
        await pilot.press("x", "enter")
        assert host.results == ["x"]


async def test_a_long_list_of_choices_ends_at_its_keys() -> None:
    rows = [PickRow(str(number), f"choice {number}") for number in range(30)]
    screen = PickScreen("Choose", rows)
    async with ScreenHost(screen=lambda: screen).run_test(size=(80, 24)) as pilot:
        lines = shown(pilot.app).splitlines()
        keys = next(at for at, line in enumerate(lines) if "esc Close" in line)
        assert "╰──" in lines[keys + 1], "there is nothing between the keys and the frame"
        screen.show(rows[:3])
        await pilot.pause()
        lines = shown(pilot.app).splitlines()
        first = next(at for at, line in enumerate(lines) if "choice 0" in line)
        assert "esc Close" in lines[first + 4]


class ChatLike(Screen[None]):
    """The keys of the chat screen and of its list."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings("chat"))

    def compose(self) -> ComposeResult:
        yield SessionList()


async def test_help_shows_every_place_and_keys_as_they_are_mapped() -> None:
    host = ScreenHost(screen=ChatLike)
    async with host.run_test(size=(120, 50)) as pilot:
        host.set_keymap({"chat.new": "ctrl+k", "sessions.rename": "f7"})
        await host.push_screen(HelpScreen())
        await pilot.pause()
        text = shown(host)
        for heading in ("Anywhere", "Chat", "When the chat list has the focus"):
            assert heading in text
        assert re.search(r"\^k +New chat", text) and "^n" not in text
        assert re.search(r"f7 +Rename ", text) and text.count("f2 ") == 1  # of the chat
        # what the focus is on comes first
        assert text.index("When the chat list has the focus") < text.index("Anywhere")


async def test_help_over_a_dialog_tells_that_dialogs_keys() -> None:
    host = ScreenHost(screen=lambda: RenameScreen("x"))
    async with host.run_test(size=(80, 24)) as pilot:
        await host.push_screen(HelpScreen())
        await pilot.pause()
        text = shown(host)
        assert "On this screen" in text and "Rename" in text and "New chat" not in text


async def test_help_has_two_columns_in_a_small_terminal_and_what_is_typed_filters() -> None:
    host = ScreenHost(screen=ChatLike)
    async with host.run_test(size=(80, 24)) as pilot:
        await host.push_screen(HelpScreen())
        await pilot.pause()
        lines = shown(host).splitlines()
        (row,) = [line for line in lines if "New chat" in line]
        assert "Undo delete or archive" in row or "Your editor" in row, "two beside each other"
        groups = ("When the chat list has the focus", "Anywhere", "Chat")
        assert sum(any(f"│ {group} " in line for group in groups) for line in lines) >= 2
        marks = "… an answer is being written"
        assert not [line for line in lines if "…" in line and marks not in line], "nothing is cut"
        await pilot.press(*"undo")
        await pilot.pause()
        text = shown(host)
        assert "Undo delete or archive" in text and "New chat" not in text
        assert "Anywhere" not in text, "nothing of that group does it"
        await pilot.press(*"xyz")
        await pilot.pause()
        assert "No key here does that." in shown(host)
        await pilot.press("escape")
        assert isinstance(host.screen, ChatLike)


async def test_help_scrolls_where_it_does_not_fit_and_keeps_its_last_line() -> None:
    host = ScreenHost(screen=ChatLike)
    async with host.run_test(size=(80, 24)) as pilot:
        await host.push_screen(HelpScreen())
        await pilot.pause()
        assert "esc" in shown(host) and "To the newest text" not in shown(host)
        await pilot.press("end")
        await pilot.pause()
        await pilot.wait_for_animation()
        assert "To the newest text" in shown(host)
        await pilot.press("escape")
        assert isinstance(host.screen, ChatLike)
