"""The real model, loaded once for all tests that leave it as they found it."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from g4tui_llama_cpp import native
from support.local_engine import Local


@pytest.fixture(scope="session")
def local(default_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """An open engine with a context of 1,024 tokens."""
    engine = Local(default_model, tmp_path_factory.mktemp("cache"))
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def vocabulary(local: Local) -> native.Model:
    """The real model, for its tokens."""
    return local.engine._model


@pytest.fixture
def opened(default_model: Path, tmp_path: Path) -> Iterator[Callable[..., Local]]:
    """Opens further engines, which all keep conversations in one folder."""
    engines: list[Local] = []

    def open_another(cache: Path = tmp_path, **options: Any) -> Local:
        engines.append(Local(default_model, cache, **options))
        return engines[-1]

    yield open_another
    for engine in engines:
        engine.close()


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    subprocess.run(mount, check=True)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
