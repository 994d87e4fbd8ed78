"""What the screens' tests share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from g4tui.testing import ScriptedBackend
from support.rooms import Rooms, make_rooms


@pytest.fixture
async def rooms(home: Path) -> AsyncIterator[Rooms]:
    """Real rooms in a fresh home; only the model plays a script."""
    made = make_rooms(home, ScriptedBackend())
    yield made
    await made.runtime.close()
    made.store.close()


@pytest.fixture(autouse=True)
def nothing_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a key nor a server that this machine happens to have."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr("g4tui.tui.servers.LOCAL", {})
    monkeypatch.setattr("g4tui_openai.endpoints.LOCAL_PORTS", {})
