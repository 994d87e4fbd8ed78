"""When the program helps along by itself, and when it stays out of the way."""

from pathlib import Path

import pytest
from textual.events import Key, Paste

from g4tui.tui.app import G4tuiApp
from g4tui.tui.screens.first_run import FirstRunScreen
from support.rooms import Rooms, until
from support.screen_host import services_of, settled, shown


@pytest.fixture(autouse=True)
def nothing_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr("g4tui.tui.servers.LOCAL", {})


def program(rooms: Rooms, model: str = "", session: str = "") -> G4tuiApp:
    """As `g4tui` with these options opens it."""
    services = services_of(rooms)
    return G4tuiApp(lambda: services, model=model, session=session)


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


@pytest.mark.parametrize("waits", [True, False])
async def test_it_makes_way_for_text(rooms: Rooms, waits: bool) -> None:
    """Whoever types ahead has every letter in the prompt, and Enter asks: it pulls nothing."""
    rooms.backend.names = []
    async with (app := program(rooms, "scripted:later")).run_test(size=(80, 24)) as pilot:
        await until(lambda: isinstance(app.screen, FirstRunScreen))
        if waits:
            await settled(pilot, "▌ Pull SmolLM2 135M Instruct")
        for letter in "really so":
            app.post_message(Key("space" if letter == " " else letter, letter))
        app.post_message(Key("enter", "\r"))
        await until(lambda: rooms.store.sessions())
        session = rooms.store.sessions()[0].id
        await until(lambda: rooms.store.path(session))
        assert rooms.store.path(session)[0].message.text == "really so"
        assert app.screen is app.chat
        assert rooms.library.files() == []


async def test_it_makes_way_for_a_paste(rooms: Rooms) -> None:
    rooms.backend.names = []
    async with (app := program(rooms)).run_test(size=(80, 24)) as pilot:
        await settled(pilot, "▌ Pull SmolLM2 135M Instruct")
        app.post_message(Paste("from elsewhere"))
        await until(lambda: app.chat and app.chat.prompt_box.prompt.text == "from elsewhere")
        await until(lambda: "Welcome to g4tui" not in shown(app))


@pytest.mark.parametrize("named", [True, False])
async def test_it_does_not_come_over_a_session_nor_over_text(rooms: Rooms, named: bool) -> None:
    rooms.backend.names = []
    session = rooms.store.create_session(title="An old one", model="scripted:parrot")
    app = program(rooms, session=session.id if named else "")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"" if named else "Wel")
        await until(lambda: app.chat is not None and app.chat.flow is not None)
        assert app.chat is not None and app.chat.flow is not None
        await app.chat.dialogs.first_run(app.chat.flow)
        assert app.screen is app.chat
