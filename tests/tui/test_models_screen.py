"""The model picker."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from g4tui.config import load_settings
from g4tui.core import Cancel, G4tuiError, ModelFile, ModelInfo
from g4tui.tui.messages import PluginsLoaded
from g4tui.tui.screens.model_rows import context_text
from g4tui.tui.screens.models import ModelsScreen
from support.rooms import Rooms, until
from support.screen_host import ScreenHost, services_of, settled, shown, told

GIB = 1 << 30


@pytest.fixture
def models(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> list[ModelInfo]:
    """What the runtime lists; a test may change it."""
    listed = [
        ModelInfo("scripted:parrot", "scripted", "Parrot", 5_000_000, 2048, ram_bytes=GIB),
        ModelInfo("scripted:crow", "scripted", "Crow\x1b[2J", 7_000_000_000, 131_072),
        ModelInfo(
            "openai:gpt-x",
            "openai",
            "gpt-x",
            context=128_000,
            local=False,
            ready=False,
            detail="needs a key",
            remedy="Run g4tui keys set openai.",
        ),
        ModelInfo(
            "ctransformers:",
            "ctransformers",
            "ctransformers",
            ready=False,
            detail="needs the ctransformers package",
            remedy="pip install 'g4tui[ctransformers]'",
        ),
    ]

    async def list_models() -> list[ModelInfo]:
        return listed

    monkeypatch.setattr(rooms.runtime, "list_models", list_models)
    monkeypatch.setattr(rooms.runtime, "destination", lambda spec: "api.example.com")
    return listed


def host(rooms: Rooms, current: str = "scripted:parrot") -> ScreenHost:
    return ScreenHost(services_of(rooms), lambda: ModelsScreen(current))


def line(app: ScreenHost, words: str) -> str:
    return next(line for line in shown(app).splitlines() if words in line)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_every_model_says_what_it_is_and_what_it_lacks(
    rooms: Rooms, models: list[ModelInfo], size: tuple[int, int]
) -> None:
    app = host(rooms)
    async with app.run_test(size=size) as pilot:
        await settled(pilot, "Parrot")
        assert line(app, "Parrot").split("│")[1].split() == (
            ["▌›", "Parrot", "5.0", "MB", "2048", "1.1", "GB", "ready"]
        )
        assert "128k" in line(app, "Crow␛[2J") and "7.0 GB" in line(app, "Crow")
        assert "98.4 MB" in line(app, "SmolLM2 135M") and "pull" in line(app, "SmolLM2 135M")
        assert "esc Close" in shown(app) and "Use" in shown(app)


async def test_where_what_is_written_goes_is_told(rooms: Rooms, models: list[ModelInfo]) -> None:
    app = host(rooms)
    async with app.run_test(size=(120, 50)) as pilot:
        await settled(pilot, "api.example.com: what you write is sent there")
        lines = shown(app).splitlines()
        heading = next(i for i, line in enumerate(lines) if "api.example.com" in line)
        assert "gpt-x" in lines[heading + 1] and "needs a key" in lines[heading + 1]


async def test_enter_takes_the_model_at_the_cursor(rooms: Rooms, models: list[ModelInfo]) -> None:
    app = host(rooms)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "Crow")
        await pilot.press("down", "enter")
        assert app.results == ["scripted:crow"]


@pytest.mark.parametrize(
    ("typed", "taken"),
    [("", ["scripted:parrot"]), ("crow", ["scripted:crow"]), ("qwen2.5 0.5b", [])],
)
async def test_enter_before_the_models_are_known_waits_for_them(
    rooms: Rooms,
    models: list[ModelInfo],
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    taken: list[str],
) -> None:
    known = asyncio.Event()

    async def list_models() -> list[ModelInfo]:
        await known.wait()
        return models

    pulled: list[str] = []
    monkeypatch.setattr(rooms.library, "pull", lambda name, *_: pulled.append(name))
    monkeypatch.setattr(rooms.runtime, "list_models", list_models)
    app = host(rooms)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "Looking for models…")
        await pilot.press(*typed, "enter")
        await settled(pilot, "Enter waits")
        assert app.results == pulled == []
        known.set()
        await until(lambda: app.results or pulled)
        assert app.results == taken
        assert pulled == ([] if taken else ["qwen2.5-0.5b-instruct"])


async def test_typing_filters_by_every_word(rooms: Rooms, models: list[ModelInfo]) -> None:
    app = host(rooms)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "Crow")
        await pilot.press(*"scripted cro")
        assert "Parrot" not in shown(app)
        await pilot.press("enter")
        assert app.results == ["scripted:crow"]


async def test_no_match_says_so(rooms: Rooms, models: list[ModelInfo]) -> None:
    app = host(rooms)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "Crow")
        await pilot.press(*"zzz", "enter")
        assert "No model matches." in shown(app) and app.results == []
        await pilot.press("escape")
        assert app.results == [None]


async def test_a_model_that_lacks_something_shows_the_remedy_and_cannot_be_taken(
    rooms: Rooms, models: list[ModelInfo]
) -> None:
    app = host(rooms)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "Crow")
        await pilot.press(*"ctransformers")
        await settled(pilot, "pip install 'g4tui[ctransformers]'")
        assert "Use" not in shown(app)
        await pilot.press("enter")
        assert app.results == []


async def test_a_model_that_needs_a_key_leads_to_the_keys(
    rooms: Rooms, models: list[ModelInfo]
) -> None:
    app = host(rooms)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "Crow")
        await pilot.press(*"gpt")
        await settled(pilot, "Enter its key")
        await pilot.press("enter")
        await settled(pilot, "API keys")
        await pilot.press("escape")
        await settled(pilot, "Choose a model")


async def test_a_model_held_back_after_crashes_is_released_with_a_key(
    rooms: Rooms, models: list[ModelInfo]
) -> None:
    for _ in range(2):
        rooms.runtime.quarantine.strike("scripted:crow")
    models[1] = ModelInfo("scripted:crow", "scripted", "Crow", ready=False, detail="held back")
    app = host(rooms)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "held back")
        assert "Release" not in shown(app)
        await pilot.press(*"crow")
        await settled(pilot, "Release")
        models[1] = ModelInfo("scripted:crow", "scripted", "Crow")
        await pilot.press("ctrl+r")
        await settled(pilot, "ready")
        assert not rooms.runtime.quarantine.holds("scripted:crow")
        await pilot.press("enter")
        assert app.results == ["scripted:crow"]


async def test_the_default_for_new_chats(rooms: Rooms, models: list[ModelInfo]) -> None:
    app = host(rooms)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "Crow")
        await pilot.press("down", "ctrl+s")
        await settled(pilot, "(default)")
        assert "Crow␛[2J (default)" in shown(app)
        assert load_settings(rooms.paths).settings.chat.model == "scripted:crow"


async def test_a_hand_written_default_that_goes_before_is_told(
    rooms: Rooms, models: list[ModelInfo]
) -> None:
    rooms.paths.config.mkdir(parents=True, exist_ok=True)
    rooms.paths.config_file.write_text('[chat]\nmodel = "scripted:parrot"\n')
    app = host(rooms)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "Crow")
        await pilot.press("down", "ctrl+s")
        await until(lambda: "sets chat.model" in told(app))


async def test_pulling_shows_progress_and_the_model_can_then_be_used(
    rooms: Rooms, models: list[ModelInfo], monkeypatch: pytest.MonkeyPatch
) -> None:
    come = threading.Event()

    def pull(name: str, progress: Callable[[int, int], None], cancel: Cancel) -> ModelFile:
        progress(490_000_000 // 2, 490_000_000)
        assert come.wait(10)
        return ModelFile(name, f"/models/{name}.gguf", 490_000_000, "gguf")

    monkeypatch.setattr(rooms.library, "pull", pull)
    app = host(rooms)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "Crow")
        await pilot.press(*"qwen2.5 0.5b")
        await settled(pilot, "about 490 MB to download · licence Apache-2.0")
        await pilot.press("enter")
        await settled(pilot, "245 MB of 490 MB")
        assert "Stop pulling" in shown(app)
        name = "llama-cpp:qwen2.5-0.5b-instruct"
        models.append(ModelInfo(name, "llama-cpp", "Qwen2.5 0.5B Instruct"))
        come.set()
        await settled(pilot, "On this machine")
        await pilot.press("enter")
        assert app.results == [name]


async def test_a_pull_that_fails_says_why(
    rooms: Rooms, models: list[ModelInfo], monkeypatch: pytest.MonkeyPatch
) -> None:
    def pull(name: str, progress: Callable[[int, int], None], cancel: Cancel) -> ModelFile:
        raise G4tuiError("missing", "That needs the hub extra", "", "pip install 'g4tui[hub]'")

    monkeypatch.setattr(rooms.library, "pull", pull)
    app = host(rooms)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "Crow")
        await pilot.press(*"qwen2.5 0.5b", "enter")
        await settled(pilot, "pip install 'g4tui[hub]'")
        assert "That needs the hub extra" in shown(app)


async def test_a_pull_by_a_defect_is_told_too(
    rooms: Rooms, models: list[ModelInfo], monkeypatch: pytest.MonkeyPatch
) -> None:
    def pull(name: str, progress: Callable[[int, int], None], cancel: Cancel) -> ModelFile:
        raise RuntimeError("boom")

    monkeypatch.setattr(rooms.library, "pull", pull)
    app = host(rooms)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "Crow")
        await pilot.press(*"qwen2.5 0.5b", "enter")
        await settled(pilot, "RuntimeError: boom")


async def test_models_of_a_plugin_that_loads_late_appear(
    rooms: Rooms, models: list[ModelInfo]
) -> None:
    late = models.pop(1)
    app = host(rooms)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "Parrot")
        assert "Crow" not in shown(app)
        models.append(late)
        app.screen.post_message(PluginsLoaded())
        await settled(pilot, "Crow")


async def test_a_click_chooses(rooms: Rooms, models: list[ModelInfo]) -> None:
    app = host(rooms)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "Crow")
        at = next(i for i, line in enumerate(shown(app).splitlines()) if "Crow" in line)
        await pilot.click(offset=(10, at))
        await until(lambda: app.results)
        assert app.results == ["scripted:crow"]


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (None, ""),
        (2048, "2048"),
        (8192, "8k"),
        (40_960, "40k"),
        (128_000, "128k"),
        (131_072, "128k"),
        (400_000, "400k"),
        (1_047_576, "1.0M"),
    ],
)
def test_contexts_are_written_as_their_makers_do(tokens: int | None, text: str) -> None:
    assert context_text(tokens) == text


async def test_a_student_is_shown_with_its_card(rooms: Rooms, models: list[ModelInfo]) -> None:
    card = "/runs/pet/report/model_card.md"
    models.insert(0, ModelInfo("scripted:pet", "scripted", "Pet", detail="made here", card=card))
    app = host(rooms, "scripted:pet")
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot, f"Its card: {card}")
        assert "made here" in shown(app)
