"""Nothing configured: no dead end."""

import hashlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from g4tui.config import load_settings
from g4tui.core import ModelInfo
from g4tui.models.catalogue import entry_named
from g4tui.plugin import load_plugins
from g4tui.tui import words
from g4tui.tui.screens import first_run
from g4tui.tui.screens.first_run import FirstRunScreen
from support.file_server import FileServer, file_server
from support.model_files import spm_llama
from support.model_server import model_server
from support.rooms import Rooms, until
from support.screen_host import ScreenHost, services_of, settled, shown

MODEL = "smollm2-135m-instruct"
PATH = "/small.gguf"
CONTENT = spm_llama(seed=3).ljust(1 << 20, b"\0")
HALF_WAY = f"{words.size(len(CONTENT) // 2)} of {words.size(len(CONTENT))}"


@pytest.fixture
def bare(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> Rooms:
    """No model but those that a test adds: `rooms.backend.names`."""
    rooms.backend.names = []
    return rooms


def host(rooms: Rooms) -> ScreenHost:
    return ScreenHost(services_of(rooms), FirstRunScreen)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """The default model, small, on a server of our own, which sends half and waits for `go_on`."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with file_server() as server:
        server.files[PATH] = CONTENT
        entry = msgspec.structs.replace(
            entry_named(MODEL),
            source=f"{server.url}{PATH}",
            size_bytes=len(CONTENT),
            sha256=hashlib.sha256(CONTENT).hexdigest(),
        )
        for module in ("g4tui.models", "g4tui.models.catalogue"):
            monkeypatch.setattr(sys.modules[module], "catalogue", lambda: (entry,))
        yield server


@pytest.fixture
def go_on(served: FileServer) -> Iterator[threading.Event]:
    """The second half of the file comes when this is set."""
    event = threading.Event()
    served.before_body = event.wait
    yield event
    event.set()


def ready(rooms: Rooms, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """From now on the runtime lists the default model."""
    model = ModelInfo(f"llama-cpp:{MODEL}", "llama-cpp", "SmolLM2-135M-Instruct")
    model = msgspec.structs.replace(model, **changes)

    async def list_models() -> list[ModelInfo]:
        return [model]

    monkeypatch.setattr(rooms.runtime, "list_models", list_models)


@pytest.mark.usefixtures("served")
async def test_one_key_gets_a_working_model(bare: Rooms, go_on: threading.Event) -> None:
    app = host(bare)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "▌ Pull SmolLM2 135M Instruct")
        text = shown(app)
        assert words.size(len(CONTENT)) in text and "Apache-2.0" in text
        assert "There is no model" in text
        await pilot.press("enter")
        await settled(pilot, HALF_WAY)
        assert "━━╌╌" in shown(app), "how far is seen without colours too"
        assert "Stop pulling" in shown(app)
        assert "Close" not in shown(app) and "Choose" not in shown(app)
        go_on.set()
        await until(lambda: app.results)
        assert app.results == [f"llama-cpp:{MODEL}"]
    (file,) = bare.library.files()
    assert Path(file.path).read_bytes() == CONTENT


async def test_escape_stops_the_pull_and_enter_takes_it_up_again(
    bare: Rooms, served: FileServer, go_on: threading.Event
) -> None:
    served.etags[PATH] = '"one"'
    app = host(bare)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "Pull SmolLM2 135M Instruct")
        await pilot.press("enter")
        await settled(pilot, HALF_WAY)
        await pilot.press("escape")
        await settled(pilot, "Enter goes on from there")
        assert app.results == [] and "Close" in shown(app)
        await pilot.press("enter")
        await until(lambda: any(served.ranges_asked()))
        await pilot.press("escape")
        await settled(pilot, "Enter goes on from there")
        await pilot.press("escape")
        assert app.results == [None]
    assert f"bytes={len(CONTENT) // 2}-" in served.ranges_asked()


async def test_a_failed_pull_says_why_and_can_be_tried_again(
    bare: Rooms, served: FileServer
) -> None:
    served.status[PATH] = 404
    app = host(bare)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "Pull SmolLM2 135M Instruct")
        await pilot.press("enter")
        await settled(pilot, "The file is not there")
        del served.status[PATH]
        await pilot.press("enter")
        await until(lambda: app.results)


@pytest.mark.usefixtures("go_on")
async def test_leaving_while_a_file_comes_stops_it(bare: Rooms) -> None:
    app = host(bare)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "Pull SmolLM2 135M Instruct")
        await pilot.press("enter")
        await settled(pilot, HALF_WAY)
        app.exit()
    assert bare.library.files() == []


async def test_without_llama_cpp_the_pip_line_is_there(
    bare: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is downloaded: a model alone would not help."""
    monkeypatch.setattr(first_run, "find_spec", lambda name: None)
    async with host(bare).run_test(size=(80, 24)) as pilot:
        await settled(pilot, 'pip install "g4tui[llama-cpp]"')
        await settled(pilot, "Enter a key")
        assert "Pull" not in shown(pilot.app)


async def test_a_plugin_that_is_off_is_said_to_be_off(bare: Rooms) -> None:
    bare.plugins = load_plugins(disabled=["llama-cpp"])
    async with host(bare).run_test(size=(100, 30)) as pilot:
        await settled(pilot, "The plugin llama-cpp is switched off")
        await settled(pilot, "g4tui plugins enable llama-cpp")
        assert "Pull" not in shown(pilot.app) and "not installed" not in shown(pilot.app)
        await settled(pilot, "▌ Plugins")
        await pilot.press("enter")
        await settled(pilot, "– off")


async def test_a_model_that_is_here_and_cannot_run_says_what_mends_it(
    bare: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(bare, monkeypatch, ready=False, detail="needs llama.cpp", remedy="pip install it")
    async with host(bare).run_test(size=(80, 24)) as pilot:
        await settled(pilot, "needs llama.cpp")
        assert "Pull" not in shown(pilot.app)
        await pilot.press("enter")
        await settled(pilot, "pip install it")


@pytest.mark.usefixtures("served")
async def test_a_pulled_model_that_cannot_run_says_what_mends_it(
    bare: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (app := host(bare)).run_test(size=(80, 24)) as pilot:
        await settled(pilot, "Pull SmolLM2 135M Instruct")
        await settled(pilot, "none is running")  # it looks no more
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
            await pilot.press("f5")
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


@pytest.mark.parametrize("installed", [True, False])
async def test_a_key_that_is_of_no_use_yet_says_what_it_needs(
    bare: Rooms, monkeypatch: pytest.MonkeyPatch, installed: bool
) -> None:
    found = {"llama_cpp": object(), "openai": object() if installed else None}
    monkeypatch.setattr(first_run, "find_spec", found.get)
    async with host(bare).run_test(size=(80, 30)) as pilot:
        await settled(pilot, "Enter a key")
        await pilot.press("down", "enter")
        await settled(pilot, "API keys")
        await pilot.press("escape")
        await settled(pilot, "Welcome to g4tui")
        await settled(pilot, "none is running")
        assert ("pip install" in shown(pilot.app)) is not installed
        assert ("g4tui[openai]" in shown(pilot.app)) is not installed


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
