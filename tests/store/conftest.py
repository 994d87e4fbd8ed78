"""A library on a real disk, other processes at it, and small or read-only disks to keep it on."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from g4tui.store import Store
from support.store_process import Child


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Where a library may be made; its folder is not there yet."""
    return tmp_path / "data" / "library.sqlite3"


@pytest.fixture
def store(library: Path) -> Iterator[Store]:
    """An empty library, open."""
    opened = Store.open(library)
    yield opened
    opened.close()


@pytest.fixture
def child(library: Path) -> Iterator[Callable[..., Child]]:
    """Starts children; whatever still runs at the end is killed."""
    with ExitStack() as stack:

        def start(command: str, *arguments: str) -> Child:
            started = Child(command, library, *arguments)
            stack.callback(started.end)
            return started

        yield start


@contextmanager
def _mounted(folder: Path, *options: str) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    # Fails loudly where it is not allowed: these tests need root, as in the project's CI.
    subprocess.run(["mount", *options, str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB."""
    folder = tmp_path / "small"
    with _mounted(folder, "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs"):
        yield folder


@pytest.fixture
def read_only() -> Iterator[Callable[[Path], None]]:
    """Makes a folder read-only, for root too, until the test ends."""
    with ExitStack() as stack:

        def make(folder: Path) -> None:
            stack.enter_context(_mounted(folder, "--bind", str(folder)))
            subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)

        yield make
