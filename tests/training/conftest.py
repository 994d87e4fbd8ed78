"""Runs in folders of their own, and disks that are small or read-only."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from g4tui_training.loading import load_recipe
from g4tui_training.run import RunDir
from g4tui_training.stages import Context
from support import disks


@pytest.fixture
def context(tmp_path: Path) -> Callable[[str], Context]:
    """Makes the context of a recipe that lies in `tmp_path`; the run is in `tmp_path/run`."""

    def make(text: str) -> Context:
        file = tmp_path / "recipe.toml"
        file.write_text(text)
        return Context(load_recipe(file), tmp_path, RunDir(tmp_path / "run"))

    return make


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Makes a disk of a size as `2m`."""
    with ExitStack() as stack:
        yield lambda size: stack.enter_context(disks.small_disk(tmp_path / "small", size))


@pytest.fixture
def read_only() -> Iterator[Callable[[Path], Path]]:
    """Makes a folder read-only until the test ends."""
    with ExitStack() as stack:
        yield lambda folder: stack.enter_context(disks.read_only(folder))


@pytest.fixture
def train_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs `g4tui-train` in this process, in `tmp_path`; returns (exit code, stdout, stderr)."""
    import contextlib
    import io

    from g4tui_training.main import run

    monkeypatch.chdir(tmp_path)

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run([str(each) for each in arguments])
        return code, out.getvalue(), err.getvalue()

    return call
