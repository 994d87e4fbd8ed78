"""Keys: entered masked, tested, kept for one origin, removed."""

from pathlib import Path

import pytest
from textual.widgets import Input

from g4tui.config import load_settings
from g4tui.keys import KeyRing
from g4tui.tui.screens.keys import KeysScreen
from support.model_server import ModelServer, model_server
from support.rooms import Rooms
from support.screen_host import ScreenHost, services_of, settled, shown

SECRET = "sk-very-secret-0123456789"


@pytest.fixture(autouse=True)
def no_keys_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr("g4tui.keys._keyring", lambda: None)


def host(rooms: Rooms, server: ModelServer) -> ScreenHost:
    rooms.paths.config.mkdir(parents=True, exist_ok=True)
    rooms.paths.config_file.write_text(
        f'[backends.openai]\nbase_url = "{server.base_url}"\n'
        '[backends.openai.servers.far]\nbase_url = "http://models.example:8000/v1"\n'
    )
    rooms.settings = load_settings(rooms.paths).settings
    return ScreenHost(services_of(rooms), KeysScreen)


async def test_a_key_is_tested_kept_and_never_shown(rooms: Rooms) -> None:
    with model_server("one", "two", key=SECRET) as server:
        app = host(rooms, server)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot, "no key")
            await pilot.press(*SECRET)
            assert SECRET not in shown(app)
            await pilot.press("ctrl+t")
            await settled(pilot, "It works: 2 models listed. Enter keeps it.")
            await pilot.press("enter")
            await settled(pilot, "✓ file")
            assert "keys.json" in shown(app).replace("\n", "")
            assert app.screen.query_one("#key", Input).value == ""
            assert SECRET not in shown(app)
            await pilot.press("ctrl+t")
            await settled(pilot, "It works: 2 models listed.")
        assert KeyRing(rooms.paths).get("openai", server.base_url) == SECRET
        assert KeyRing(rooms.paths).get("openai", "https://api.openai.com") is None
        assert rooms.paths.keys_file.stat().st_mode & 0o777 == 0o600
        assert server.asked == [f"Bearer {SECRET}"] * 2


async def test_a_refused_key_is_told_without_showing_it(rooms: Rooms) -> None:
    with model_server("one", key=SECRET) as server:
        app = host(rooms, server)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot, "no key")
            await pilot.press(*"sk-wrong-one-abcdef", "ctrl+t")
            await settled(pilot, "refuses this key")
            assert "sk-wrong" not in shown(app)


async def test_a_key_does_not_follow_a_redirect(rooms: Rooms) -> None:
    with model_server("one") as thief, model_server("one") as server:
        server.status, server.location = 302, thief.base_url
        app = host(rooms, server)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot, "no key")
            await pilot.press(*SECRET, "ctrl+t")
            await settled(pilot, "answered 302")
        assert thief.asked == []


async def test_a_server_that_is_not_there(rooms: Rooms) -> None:
    with model_server() as server:
        app = host(rooms, server)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "no key")
        await pilot.press(*SECRET, "ctrl+t")
        await settled(pilot, "cannot be reached")


async def test_removing_asks_first(rooms: Rooms) -> None:
    with model_server() as server:
        app = host(rooms, server)
        KeyRing(rooms.paths).set("openai", server.base_url, SECRET)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot, "✓ file")
            await pilot.press("ctrl+r")
            await settled(pilot, "Remove key?")
            await pilot.press("escape")
            await settled(pilot, "✓ file")
            await pilot.press("ctrl+r", "y")
            await settled(pilot, "Removed.")
            assert "✓" not in shown(app)
        assert KeyRing(rooms.paths).list() == []


async def test_an_unencrypted_address_is_warned_of(rooms: Rooms) -> None:
    with model_server() as server:
        app = host(rooms, server)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot, "openai@far")
            assert "not encrypted" not in shown(app)
            await pilot.press("down")
            await settled(pilot, "not encrypted")


async def test_what_cannot_be_a_key_is_refused(rooms: Rooms) -> None:
    with model_server() as server:
        app = host(rooms, server)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot, "no key")
            await pilot.press("enter")
            await settled(pilot, "Paste a key first.")
            await pilot.press(*"two words", "enter")
            await settled(pilot, "That is not a key")


async def test_a_key_of_the_environment_is_told_and_cannot_be_removed(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    app = ScreenHost(services_of(rooms), KeysScreen)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "✓ environment")
        assert "^r" not in shown(app)
        await pilot.press("ctrl+r")
        assert "Remove key?" not in shown(app)
