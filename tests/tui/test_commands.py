"""Ctrl+P in the real program: actions, models, themes."""

import pytest

from g4tui.config import load_settings
from g4tui.tui.app import G4tuiApp
from support.rooms import Rooms, until
from support.screen_host import services_of, settled, shown


@pytest.fixture
def app(rooms: Rooms) -> G4tuiApp:
    rooms.backend.names = ["parrot", "crow"]
    return G4tuiApp(lambda: services_of(rooms), model="scripted:parrot")


async def test_every_action_is_listed_with_its_key(app: G4tuiApp) -> None:
    async with app.run_test(size=(100, 40)) as pilot:
        await until(lambda: app.services is not None and app.screen.query("Prompt"))
        await pilot.press("ctrl+p")
        await settled(pilot, "New chat")
        text = shown(app)
        for label in ("New chat", "Model", "Parameters and system prompt", "Plugins", "Theme"):
            assert label in text
        assert "^n" in text


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
        await settled(pilot, "Choose among all themes")
        await pilot.press("enter")
        await settled(pilot, "Search for a theme")
        await pilot.press(*"nord")
        await settled(pilot, "nord")
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
