"""Two models of this machine asked at once: cores and weights are shared, and who waits says so."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from g4tui.config import Settings
from g4tui.core import Cancel, ModelSpec, Params, Progress, TextDelta
from g4tui.engine import Chat, Runtime
from g4tui.engine import runtime as runtime_module
from g4tui.engine.compare import CompareFinished, Comparison, SideEvent
from g4tui.engine.sides import Side
from g4tui.models import Library
from g4tui.paths import Paths
from g4tui.plugin import load_plugins
from g4tui.store import Store
from g4tui.worker import Worker
from support.lora import write_lora

SHORT = Params(temperature=0.0, max_tokens=12)


class Machine:
    """The real rooms; `told` is what workers were told of threads, `workers` how many there are."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        paths = Paths(folder / "config", folder / "data", folder / "cache")
        self.told: list[tuple[str, int | None]] = []
        self.workers = 0
        use, start = Worker.use_threads, Worker.start

        def noted_use(worker: Worker, count: int | None) -> None:
            self.told.append((worker.log_path.name, count))
            use(worker, count)

        async def noted_start(worker: Worker, *arguments: object) -> None:
            self.workers += 1
            await start(worker, *arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(Worker, "use_threads", noted_use)
        monkeypatch.setattr(Worker, "start", noted_start)
        monkeypatch.setattr(runtime_module, "physical_cores", lambda: 6)
        plugins = load_plugins()
        self.store = Store.open(paths.database)
        self.runtime = Runtime(plugins, Settings(), paths, Library(paths))
        self.chat = Chat(self.store, self.runtime, plugins)

    async def compare(self, *specs: ModelSpec) -> tuple[list[SideEvent], list[str]]:
        """Events of the sides, and the saved texts."""
        session = self.store.create_session().id
        sides = [Side(spec, SHORT) for spec in specs]
        events: list[SideEvent] = []
        texts: list[str] = []
        asked = Comparison(self.chat, self.store).ask(
            session, "Name a fruit.", sides, cancels=[Cancel() for _ in sides]
        )
        async for event in asked:
            if isinstance(event, SideEvent):
                events.append(event)
            elif isinstance(event, CompareFinished):
                assert {row.state for row in event.answers} == {"complete"}, event.answers
                texts = [row.message.text for row in event.answers]
        return events, texts


@pytest.fixture
async def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Machine]:
    made = Machine(tmp_path / "home", monkeypatch)
    yield made
    await made.runtime.close()
    made.store.close()


async def test_two_models_split_the_cores_and_the_last_has_them_all(
    machine: Machine, default_model: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.gguf"
    os.link(default_model, other)
    events, texts = await machine.compare(
        ModelSpec("llama-cpp", str(default_model)), ModelSpec("llama-cpp", str(other))
    )
    assert not any(isinstance(e.told, Progress) and e.told.phase == "queue" for e in events)
    assert texts[0] == texts[1] != ""  # however many threads each had
    assert machine.workers == 2
    assert len({worker for worker, count in machine.told if count == 3}) == 2
    assert machine.told[-1][1] is None


async def test_a_base_and_its_adapter_take_turns_on_the_same_weights(
    machine: Machine, default_model: Path, tmp_path: Path
) -> None:
    adapter = write_lora(tmp_path / "tilted.gguf", strength=0.2)
    base = ModelSpec("llama-cpp", str(default_model))
    tilted = ModelSpec("llama-cpp", str(default_model), adapters=(str(adapter),))
    events, texts = await machine.compare(base, tilted)
    assert machine.workers == 1
    assert texts[0] != texts[1]
    waiting = [e.side for e in events if e.told == Progress("queue", 0, 1)]
    assert waiting == [1]
    spoken = [e.side for e in events if isinstance(e.told, TextDelta)]
    assert spoken == sorted(spoken)
