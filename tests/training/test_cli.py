"""The command line of the distillery: what it lists, how it fails, what it costs to start."""

import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import click
import pytest

from g4tui_training.cli import COMMANDS
from g4tui_training.sequence import STAGES
from support.pairs import varied, write_rows

Command = Callable[..., tuple[int, str, str]]
HEAVY = (
    "numpy",
    "pyarrow",
    "torch",
    "transformers",
    "huggingface_hub",
    "textual",
    "openai",
    "rich",
)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_listed_command_is_there_and_has_help(name: str, train_command: Command) -> None:
    lazy = COMMANDS[name]
    command = getattr(import_module(lazy.module), lazy.attribute)
    assert isinstance(command, click.Command)
    assert command.name == name
    code, out, _ = train_command(name, "--help")
    assert code == 0
    assert "Usage:" in out


def test_every_stage_of_a_run_is_there() -> None:
    for name, lazy in STAGES.items():
        stage = getattr(import_module(lazy.module), lazy.stage)()
        assert stage.name == name
        assert name in COMMANDS
        if lazy.shows:
            assert callable(getattr(import_module(lazy.module), lazy.shows))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["clena"], "Did you mean clean?"),
        (["clean"], "--out"),
        (["prompts", "--recipe", "none.toml", "--out", "x"], "g4tui-train init"),
        (["why", "x"], "--run"),
    ],
)
def test_mistakes_are_told_with_what_to_do(
    train_command: Command, arguments: list[str], told: str
) -> None:
    code, out, err = train_command(*arguments)
    assert code in (1, 2)
    assert told in err
    assert "Traceback" not in out + err


def test_init_and_run_go_together(tmp_path: Path, train_command: Command) -> None:
    code, out, _ = train_command("init", "new.toml")
    assert (code, "g4tui-train run new.toml" in out) == (0, True)
    code, _, err = train_command("init", "new.toml")
    assert (code, "there already" in err) == (1, True)
    code, _, err = train_command("run", "new.toml")
    assert code == 1
    assert "prompts.jsonl matches nothing" in err
    write_rows(tmp_path / "prompts.jsonl", varied(12))
    code, _, err = train_command("run", "new.toml", "--until", "clean", "--yes")
    assert code == 0, err
    assert (tmp_path / "runs/new/clean/train.jsonl").is_file()


def imported(code: str) -> list[str]:
    """Which heavy modules a fresh Python has after some code."""
    probe = f"{code}\nimport sys\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    found: list[str] = eval(done.stdout.strip().split("\n")[-1])
    return found


def test_help_and_the_plugin_import_nothing_heavy() -> None:
    assert imported("import g4tui_training.plugin as p; p.g4tui_register_commands()") == []
    assert imported("from g4tui_training.main import run; run(['--help'])") == []


def test_the_distillery_is_a_command_of_g4tui(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "g4tui", "train", "clean", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "g4tui train clean" in done.stdout


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", varied(5))
    process = subprocess.Popen(
        [sys.executable, "-m", "g4tui_training", "clean", "--in", "a.jsonl", "--out", "run"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 141
    assert b"Error" not in err
    assert b"Traceback" not in err


def test_a_missing_extra_says_what_installs_it(tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("raise ModuleNotFoundError('no', name='numpy')")
    write_rows(tmp_path / "a.jsonl", varied(2))
    done = subprocess.run(
        [sys.executable, "-m", "g4tui_training", "clean", "--in", "a.jsonl", "--out", "run"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert 'pip install "g4tui[train-data]"' in done.stderr
