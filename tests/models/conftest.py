"""A library in a fresh home, and a web server on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from g4tui.models import Library
from g4tui.paths import Paths
from support.file_server import FileServer, file_server


@pytest.fixture
def paths(home: Path) -> Paths:
    """The fresh home's."""
    return Paths.from_environment()


@pytest.fixture
def library(paths: Paths) -> Library:
    """Empty."""
    return Library(paths)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """Serves nothing yet; quick to try again, and no proxy stands before it."""
    monkeypatch.setattr("g4tui.models.download.PAUSE_S", 0.01)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with file_server() as running:
        yield running
