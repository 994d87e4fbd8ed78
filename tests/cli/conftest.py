"""The command line, in this process and in one of its own."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from g4tui.cli.run import run
from support.command_line import CommandLine, Result
from support.distributions import TALKER, make_distribution


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The folder that `process` has on its path, with the plugin `talker` installed."""
    folder = tmp_path / "site"
    make_distribution(folder, "talker", TALKER)
    return folder


@pytest.fixture
def process(home: Path, site: Path, tmp_path: Path) -> CommandLine:
    """`g4tui` in processes of its own: no keys, our plugins and those of `site`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OPENAI", "G4TUI")) and name != "PYTHONPATH"
    }
    ours = {
        "G4TUI_HOME": str(home),
        "PYTHONPATH": str(site),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    return CommandLine(kept | ours, tmp_path)


@pytest.fixture
def g4tui(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """`g4tui` in this process: quick, for commands that need no plugin of a test."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "G4TUI_DISABLED_PLUGINS"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str) -> Result:
        code = run(list(arguments))
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call
