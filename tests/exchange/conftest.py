"""A library, and what comes with g4tui to bring sessions into it and out of it."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest

import g4tui_exchange
from g4tui.exchange import ImportReport, import_from
from g4tui.plugin import Transcript
from g4tui.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty library, open."""
    opened = Store.open(tmp_path / "data" / "library.sqlite3")
    yield opened
    opened.close()


@pytest.fixture
def imported(store: Store) -> Callable[..., ImportReport]:
    """Imports a file, recognised by itself."""

    def run(path: Path, **more: object) -> ImportReport:
        importers = g4tui_exchange.g4tui_register_importers()
        return import_from(path, importers, store, **more)  # type: ignore[arg-type]

    return run


@pytest.fixture
def exported() -> Callable[..., str]:
    """What an exporter writes."""

    def run(format: str, *transcripts: Transcript) -> str:
        exporters = g4tui_exchange.g4tui_register_exporters()
        out = BytesIO()
        next(each for each in exporters if each.name == format).write(transcripts, out)
        return out.getvalue().decode()

    return run
