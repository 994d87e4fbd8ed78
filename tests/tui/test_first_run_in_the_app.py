"""When the program helps along by itself, and when it stays out of the way."""

from pathlib import Path

import pytest

from g4tui.tui.app import G4tuiApp
from support.rooms import Rooms, until
from support.screen_host import services_of, settled, shown


@pytest.fixture(autouse=True)
def nothing_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr("g4tui.tui.servers.LOCAL", {})


def program(rooms: Rooms, model: str = "") -> G4tuiApp:
    """As `g4tui` or `g4tui --model M` opens it."""
    services = services_of(rooms)
    return G4tuiApp(lambda: services, model=model)


async def test_with_nothing_to_talk_to_it_comes_and_escape_leaves_it(rooms: Rooms) -> None:
    rooms.backend.names = []
    async with (app := program(rooms)).run_test(size=(80, 24)) as pilot:
        await settled(pilot, "▌ Pull SmolLM2 135M Instruct")
        await pilot.press("escape")
        await until(lambda: "Welcome to g4tui" not in shown(app))


async def test_other_models_do_not_keep_it_away_until_one_is_chosen(rooms: Rooms) -> None:
    async with program(rooms).run_test(size=(80, 24)) as pilot:
        await settled(pilot, "Choose what to talk to.")
        await settled(pilot, "▌ Use parrot")
        await pilot.press("enter")
        await settled(pilot, "parrot answers")
        await pilot.press(*"Hi", "enter")
        await settled(pilot, "Hello there, friend.")


@pytest.mark.parametrize("listed", [["parrot"], []])
async def test_a_model_that_was_asked_for_keeps_it_away(
    rooms: Rooms, home: Path, listed: list[str]
) -> None:
    """One that is listed, or a file, which no list has."""
    rooms.backend.names = listed
    file = home / "own.gguf"
    file.touch()
    app = program(rooms, "scripted:parrot" if listed else f"scripted:{file}")
    async with app.run_test(size=(80, 24)):
        await until(lambda: app.chat is not None and app.chat.flow is not None)
        assert app.chat is not None and app.chat.flow is not None
        await app.chat.dialogs.first_run(app.chat.flow)
        assert app.screen is app.chat
