"""The plugins screen: how each fared, and the switch."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from textual.events import Key

from g4tui.config import load_settings
from g4tui.plugin import load_plugins
from g4tui.testing import ScriptedBackend
from g4tui.tui.screens.plugins import PluginsScreen
from support.rooms import Rooms, plugin_of, until
from support.screen_host import ScreenHost, services_of, settled, shown, told


@pytest.fixture
def app(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> ScreenHost:
    """Two plugins, whatever else is installed here."""
    monkeypatch.setattr("g4tui.plugin.manager.installed_sources", list)
    rooms.plugins = load_plugins(
        extra={
            "broken\x1b[2J": SimpleNamespace(G4TUI_API=99),
            "scripted": plugin_of(ScriptedBackend()),
        }
    )
    rooms.plugins.load_all()
    return ScreenHost(services_of(rooms), PluginsScreen)


def line(app: ScreenHost, name: str) -> str:
    return next(line for line in shown(app).splitlines() if name in line)


async def test_each_plugin_shows_its_status_time_and_what_it_provides(app: ScreenHost) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "✓ on" in line(app, "scripted") and "ms" in line(app, "scripted")
        await pilot.press("end")
        await settled(pilot, "backend:scripted")


async def test_a_broken_plugin_says_why_and_its_name_is_harmless(app: ScreenHost) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "✗ failed" in line(app, "broken␛[2J")
        await settled(pilot, "API")


async def test_switching_off_and_on_is_for_the_next_start(app: ScreenHost, rooms: Rooms) -> None:
    def disabled() -> tuple[str, ...]:
        return load_settings(rooms.paths).settings.plugins.disabled

    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "scripted")
        await pilot.press("end", "enter")
        await until(lambda: "off at next start" in line(app, "scripted"))
        assert disabled() == ("scripted",)
        await pilot.press("space")
        await until(lambda: "next start" not in line(app, "scripted"))
        assert disabled() == ()


async def test_enter_acts_where_the_keys_before_it_went(app: ScreenHost, rooms: Rooms) -> None:
    """However quickly they came."""
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "scripted")
        for key in ("end", "enter"):
            app.post_message(Key(key, None))
        await until(lambda: "off at next start" in line(app, "scripted"))
        assert load_settings(rooms.paths).settings.plugins.disabled == ("scripted",)


async def test_a_hand_written_list_that_goes_before_is_told(app: ScreenHost, rooms: Rooms) -> None:
    rooms.paths.config.mkdir(parents=True, exist_ok=True)
    rooms.paths.config_file.write_text('[plugins]\ndisabled = ["openai"]\n')
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "scripted")
        await pilot.press("end", "enter")
        await until(lambda: "goes before" in told(app))


async def test_a_disabled_plugin_says_off(rooms: Rooms, home: Path) -> None:
    rooms.plugins = load_plugins(disabled=["openai"])
    rooms.plugins.load_all()
    app = ScreenHost(services_of(rooms), PluginsScreen)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "– off" in line(app, "openai")


async def test_escape_closes(app: ScreenHost) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("escape")
        assert app.results == [None]
