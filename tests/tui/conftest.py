"""What the screens' tests share."""

from pathlib import Path

import pytest

from g4tui.testing import ScriptedBackend
from support.rooms import Rooms, make_rooms


@pytest.fixture
def rooms(home: Path) -> Rooms:
    """Real rooms in a fresh home; only the model plays a script."""
    return make_rooms(home, ScriptedBackend())
