"""The rooms behind the screens, real but for the model: what engine and TUI tests are built on."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from g4tui.config import Settings
from g4tui.core import Backend, Cancel, ModelSpec
from g4tui.engine import Chat, Runtime, TurnEvent, TurnFinished
from g4tui.models import Library
from g4tui.paths import Paths
from g4tui.plugin import API_VERSION, Plugins, hookimpl, load_plugins
from g4tui.store import MessageRow, Store
from g4tui.store.store import BUSY_S
from g4tui.testing import ScriptedBackend

PARROT = ModelSpec("scripted", "parrot")


def plugin_of(backend: Backend[Any], **hooks: Any) -> SimpleNamespace:
    """A plugin module that registers `backend`; `hooks` are further hook functions."""

    @hookimpl
    def g4tui_register_backends() -> list[Backend[Any]]:
        return [backend]

    marked = {name: hookimpl(function) for name, function in hooks.items()}
    return SimpleNamespace(
        G4TUI_API=API_VERSION, g4tui_register_backends=g4tui_register_backends, **marked
    )


@dataclass
class Rooms:
    """A store, a runtime and a chat over one scripted backend."""

    paths: Paths
    settings: Settings
    backend: ScriptedBackend
    plugins: Plugins
    library: Library
    store: Store
    runtime: Runtime
    chat: Chat

    async def ask(self, session: str, text: str, **named: Any) -> MessageRow:
        """One whole turn; the saved answer."""
        events = self.chat.send(session, text, spec=PARROT, **named)
        return (await collect(events))[-1].answer  # type: ignore[union-attr]


def make_rooms(
    home: Path,
    backend: ScriptedBackend,
    *,
    flush_s: float = 0.02,
    busy_s: float = BUSY_S,
    **hooks: Any,
) -> Rooms:
    """Fresh rooms in `home`, all plugins loaded."""
    paths = Paths(home / "config", home / "data", home / "cache")
    settings = Settings()
    plugins = load_plugins(extra={backend.name: plugin_of(backend, **hooks)})
    plugins.load_all()
    library = Library(paths)
    store = Store.open(paths.database, busy_s=busy_s)
    runtime = Runtime(plugins, settings, paths, library)
    chat = Chat(store, runtime, plugins, flush_s=flush_s)
    return Rooms(paths, settings, backend, plugins, library, store, runtime, chat)


async def collect(
    events: Any, *, stop_after: int = 0, cancel: Cancel | None = None
) -> list[TurnEvent]:
    """All events of a turn; after `stop_after` of them the turn is asked to stop."""
    got: list[TurnEvent] = []
    async with aclosing(events):
        async for event in events:
            got.append(event)
            if cancel is not None and len(got) == stop_after:
                cancel.request()
    assert isinstance(got[-1], TurnFinished)
    return got


async def until(condition: Any, *, seconds: float = 30.0) -> None:
    """Wait for a condition, looking every few milliseconds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)
