"""Rooms that are closed after each test."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from g4tui.testing import ScriptedBackend
from support.rooms import Rooms, make_rooms


@pytest.fixture
async def rooms_with(tmp_path: Path) -> AsyncIterator[Callable[..., Rooms]]:
    """Makes rooms from a scripted backend's arguments (or a backend)."""
    made: list[Rooms] = []

    def make(*args: Any, hooks: dict[str, Any] | None = None, **named: Any) -> Rooms:
        rooms = make_rooms(tmp_path / "home", ScriptedBackend(*args, **named), **(hooks or {}))
        made.append(rooms)
        return rooms

    yield make
    for rooms in made:
        await rooms.runtime.close()
        rooms.store.close()
