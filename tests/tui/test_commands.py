"""Ctrl+P in the real program: actions, models, themes."""

import asyncio

import pytest
from textual.command import CommandList, Hits
from textual.events import Key
from textual.message import Message
from textual.widgets import Input

from g4tui.config import load_settings
from g4tui.core import Message as CoreMessage
from g4tui.tui.app import G4tuiApp
from g4tui.tui.bindings import ACTIONS
from g4tui.tui.commands import Commands
from g4tui.tui.messages import SessionChosen
from g4tui.tui.screens.rename import RenameScreen
from g4tui.tui.synonyms import ALSO
from support.rooms import Rooms, until
from support.screen_host import services_of, settled, shown


@pytest.fixture
def app(rooms: Rooms) -> G4tuiApp:
    rooms.backend.names = ["parrot", "crow"]
    return G4tuiApp(lambda: services_of(rooms), model="scripted:parrot")


async def test_every_action_is_listed_with_its_key(app: G4tuiApp) -> None:
    async with app.run_test(size=(100, 80)) as pilot:
        await until(lambda: app.services is not None and app.screen.query("Prompt"))
        await pilot.press("ctrl+p")
        await settled(pilot, "New chat")
        text = shown(app)
        for label in ("New chat", "Model", "Parameters and system prompt", "Plugins", "Theme"):
            assert label in text
        assert "^n" in text


async def test_what_is_done_to_messages_is_offered_once_there_are_some_and_nothing_twice(
    app: G4tuiApp, rooms: Rooms
) -> None:
    session = rooms.store.create_session(title="One")
    rooms.store.add_message(session.id, None, CoreMessage("user", "hello"))

    async def listed() -> list[str]:
        await pilot.press("ctrl+p")
        await settled(pilot, "New chat")
        commands = app.screen.query_one(CommandList)
        lines = [str(option.prompt).split("   ")[0] for option in commands.options]
        await pilot.press("escape")
        await until(lambda: not app.screen.is_modal)
        return lines

    async with app.run_test(size=(100, 40)) as pilot:
        await until(lambda: app.services is not None and app.screen.query("Prompt"))
        before = await listed()
        assert not any(line.startswith("Message") for line in before)
        app.screen.post_message(SessionChosen(session.id))
        await settled(pilot, "hello")
        after = await listed()
        assert {"Message: Star", "Message: Fork here"} <= set(after)
        assert len(after) == len(set(after)) > len(before) == len(set(before))


async def test_an_action_runs(app: G4tuiApp) -> None:
    async with app.run_test(size=(100, 40)) as pilot:
        await until(lambda: app.services is not None and app.screen.query("Prompt"))
        await pilot.press("ctrl+p")
        await settled(pilot, "New chat")
        await pilot.press(*"plugins")
        await settled(pilot, "Plugins")
        await until(lambda: "Rename chat" not in shown(app))
        await pilot.press("enter")
        await settled(pilot, "On or off")


SOUGHT = {
    "tree": "Message: Branches",
    "fork": "Message: Fork here",
    "vote": "Ratings of models",
    "blind": "Compare",
    "ratings": "Ratings of models",
    "export": "Export chat",
    "copy": "Message: Copy",
    "theme": "Theme",
    "model": "Model",
    "search": "Find everywhere",
}


async def test_an_action_is_found_by_the_words_that_people_use(app: G4tuiApp, rooms: Rooms) -> None:
    session = rooms.store.create_session(title="One")
    rooms.store.add_message(session.id, None, CoreMessage("user", "hello"))
    async with app.run_test(size=(100, 40)) as pilot:
        await until(lambda: app.services is not None and app.screen.query("Prompt"))
        app.screen.post_message(SessionChosen(session.id))
        await settled(pilot, "hello")
        commands = Commands(app.screen)
        await commands.startup()
        for typed, title in SOUGHT.items():
            hits = sorted([hit async for hit in commands.search(typed)], reverse=True)
            assert title in [hit.text for hit in hits[:10]], typed
        await commands.shutdown()


def test_other_words_are_of_actions_that_are_there() -> None:
    assert ALSO.keys() <= {action.id for action in ACTIONS if action.palette}


async def test_a_model_is_chosen_by_name(app: G4tuiApp) -> None:
    async with app.run_test(size=(100, 40)) as pilot:
        await until(lambda: app.services is not None and app.screen.query("Prompt"))
        await pilot.press("ctrl+p")
        await settled(pilot, "New chat")
        await pilot.press(*"model: cro")
        await settled(pilot, "scripted:crow")
        await pilot.press("enter")
        await until(lambda: "crow" in shown(app).splitlines()[0])


async def test_a_theme_is_shown_at_once_and_kept(app: G4tuiApp, rooms: Rooms) -> None:
    async with app.run_test(size=(100, 40)) as pilot:
        await until(lambda: app.services is not None and app.screen.query("Prompt"))
        await pilot.press("ctrl+p")
        await settled(pilot, "New chat")
        await pilot.press(*"theme")
        await settled(pilot, "Among all")
        await pilot.press("enter")
        await settled(pilot, "Our own")
        before = app.theme
        await pilot.press("down")
        await until(lambda: app.theme != before)
        await pilot.press("escape")
        await until(lambda: app.theme == before)
        await pilot.press("ctrl+p")
        await settled(pilot, "New chat")
        await pilot.press(*"theme nord")
        await settled(pilot, "Theme: nord")
        await pilot.press("enter")
        await until(lambda: app.theme == "nord")
        await until(lambda: load_settings(rooms.paths).settings.ui.theme == "nord")


async def test_a_hook_that_hangs_does_not_hold_up_the_palette(
    app: G4tuiApp, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    async with app.run_test(size=(100, 40)) as pilot:
        await until(lambda: app.services is not None and app.screen.query("Prompt"))
        never = asyncio.Event()
        monkeypatch.setattr(rooms.runtime, "list_models", never.wait)
        await pilot.press("ctrl+p")
        await settled(pilot, "New chat")
        await pilot.press("escape")


def typed_at_once(app: G4tuiApp, text: str, *keys: str) -> None:
    """As a quick typist, or a slow line, delivers it: nothing waits for what is shown."""
    for letter in text:
        app.post_message(Key("space" if letter == " " else letter, letter))
    for key in keys:
        app.post_message(Key(key, None))


async def test_enter_waits_for_what_was_typed(
    app: G4tuiApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search is slower than the person: it ends only after Enter came."""
    came = asyncio.Event()
    search = Commands.search

    async def slow_search(self: Commands, query: str) -> Hits:
        await came.wait()
        async for hit in search(self, query):
            yield hit

    def look_at(message: Message) -> None:
        if isinstance(message, Input.Submitted):
            came.set()

    monkeypatch.setattr(Commands, "search", slow_search)
    async with app.run_test(size=(100, 40), message_hook=look_at) as pilot:
        await until(lambda: app.services is not None and app.screen.query("Prompt"))
        await pilot.press("ctrl+p")
        await settled(pilot, "New chat")
        typed_at_once(app, "plugins", "enter")
        await settled(pilot, "On or off")


async def test_a_dialogs_enter_takes_all_that_was_typed(app: G4tuiApp) -> None:
    titles: list[str | None] = []
    async with app.run_test(size=(100, 40)) as pilot:
        await until(lambda: app.services is not None and app.screen.query("Prompt"))
        app.push_screen(RenameScreen("Old"), titles.append)
        await settled(pilot, "Rename chat")
        typed_at_once(app, "A new name", "enter")
        await until(lambda: titles)
        assert titles == ["A new name"]
