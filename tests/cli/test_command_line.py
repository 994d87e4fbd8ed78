"""What every command shares: quick starts, exit codes, errors in one form."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from g4tui import __version__
from support.command_line import CommandLine, Result, command
from support.distributions import (
    COMMANDS,
    ECHO_BACKEND,
    HANGS,
    RAISES,
    WRONG_API,
    make_distribution,
)
from support.terminal import Terminal

G4tui = Callable[..., Result]


def imported(process: CommandLine, *arguments: str) -> set[str]:
    """The modules that a command imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-P", "-m", "g4tui", *arguments],
        capture_output=True,
        text=True,
        env=process.environment,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


def test_the_version_is_told_before_anything_is_imported(process: CommandLine) -> None:
    assert process("--version") == (0, f"g4tui {__version__}\n", "")
    assert process("--debug", "--version").out == f"g4tui {__version__}\n"
    modules = imported(process, "--version")
    assert "g4tui" in modules
    assert not {"click", "msgspec", "g4tui.core", "argparse", "importlib.metadata"} & modules


def test_help_lists_every_command_and_imports_none(process: CommandLine) -> None:
    code, out, _ = process("--help")
    assert code == 0
    for name in ("ask", "models", "sessions", "plugins", "config", "keys", "doctor"):
        assert f"\n  {name} " in out
    assert "--no-plugins" in out
    assert "come with g4tui" in out
    heavy = {"msgspec", "asyncio", "rich", "textual", "importlib.metadata", "g4tui.cli.ask"}
    assert not heavy & imported(process, "--help")


@pytest.mark.parametrize(
    "name", ["ask", "models", "models pull", "sessions", "sessions show", "plugins", "config set"]
)
def test_every_command_has_help(g4tui: G4tui, name: str) -> None:
    code, out, _ = g4tui(*name.split(), "--help")
    assert code == 0
    assert f"g4tui {name}" in out
    assert "--json" in out


def test_an_unknown_command_is_a_usage_error_with_a_guess(g4tui: G4tui) -> None:
    code, out, err = g4tui("modles")
    assert (code, out) == (2, "")
    assert "Did you mean models?" in err
    assert "g4tui --help" in err


@pytest.mark.parametrize("arguments", ["modles --json", "ask --modle x --json", "keys x --json"])
def test_a_wrong_command_is_told_as_json_where_that_is_asked_for(
    g4tui: G4tui, arguments: str
) -> None:
    code, out, err = g4tui(*arguments.split())
    assert (code, err) == (2, "")
    assert json.loads(out)["error"]["kind"] == "usage"


def test_what_stands_behind_two_dashes_is_no_option(g4tui: G4tui) -> None:
    code, out, err = g4tui("ask", "--modle", "--", "--json")
    assert (code, out) == (2, "")
    assert "--modle" in err


def test_an_unknown_command_may_be_a_plugins(process: CommandLine, site: Path) -> None:
    make_distribution(site, "speaker", COMMANDS)
    result = process("echo", "ab")
    assert (result.code, result.out) == (0, "abab\n"), result.err
    assert process("--no-plugins", "echo", "ab").code == 2
    assert process("echo", "ab", environment={"G4TUI_DISABLED_PLUGINS": "speaker"}).code == 2


def test_a_mistake_in_a_command_of_a_plugin_is_not_called_ours(
    process: CommandLine, site: Path
) -> None:
    make_distribution(site, "speaker", COMMANDS)
    code, out, err = process("echo", "bug")
    assert (code, out) == (1, "")
    assert "The command echo went wrong\nZeroDivisionError" in err
    assert "author of its plugin" in err
    assert "defect of g4tui" not in err
    assert "Traceback" in process("--debug", "echo", "bug").err


def test_what_a_plugin_prints_does_not_spoil_json(process: CommandLine, site: Path) -> None:
    make_distribution(site, "speaker", COMMANDS)
    code, out, err = process("plugins", "--json")
    speaker = next(each for each in json.loads(out) if each["name"] == "speaker")
    assert code == 0
    assert speaker["provides"] == ["command:echo"]
    assert "a plugin that prints at import" in err


def test_without_a_terminal_the_screen_is_refused_with_the_way_out(process: CommandLine) -> None:
    code, out, err = process()
    assert (code, out) == (2, "")
    assert "There is no terminal" in err
    assert "g4tui ask" in err


def test_three_bad_plugins_are_told_and_the_rest_works(process: CommandLine, site: Path) -> None:
    make_distribution(site, "raises", RAISES)
    make_distribution(site, "hangs", HANGS)
    make_distribution(site, "wrong-api", WRONG_API)
    make_distribution(site, "echo", ECHO_BACKEND)
    asked = process("ask", "-m", "echo:one", "hello", "--no-save")
    assert (asked.code, asked.out) == (0, "hello\n"), asked.err

    code, out, err = process("plugins", "--json")
    found = {each["name"]: each for each in json.loads(out)}
    assert (code, err) == (0, "")
    names = {"name", "version", "status", "api_version", "import_ms", "provides", "error"}
    assert all(names <= set(each) for each in found.values())
    assert found["echo"]["status"] == "ok"
    assert found["llama-cpp"]["status"] == "ok"
    for name, word in (
        ("raises", "no luck at import"),
        ("hangs", "still importing"),
        ("wrong-api", "API 99"),
    ):
        assert found[name]["status"] == "failed"
        assert word in found[name]["error"]


def test_plugins_are_told_to_people_too(process: CommandLine, site: Path) -> None:
    make_distribution(site, "raises", "raise ValueError('\\x1b]0;title\\x07')")
    code, out, _ = process("plugins")
    assert code == 0
    assert "backend:talker" in out
    assert "ValueError" in out
    assert "g4tui plugins disable raises" in out
    assert "\x1b" not in out


def test_a_plugin_is_switched_off_and_on(process: CommandLine, site: Path) -> None:
    def status() -> str:
        listed = json.loads(process("plugins", "--json").out)
        return next(str(each["status"]) for each in listed if each["name"] == "talker")

    assert process("plugins", "disable", "talker").code == 0
    assert status() == "disabled"
    refused = process("ask", "-m", "talker:say", "hello")
    assert refused.code == 2
    assert "g4tui plugins enable talker" in refused.err
    assert process("plugins", "enable", "talker").code == 0
    assert status() == "ok"
    unknown = process("plugins", "disable", "talkr")
    assert unknown.code == 2
    assert "Did you mean talker?" in unknown.err


def test_an_error_is_an_object_with_json(g4tui: G4tui) -> None:
    code, out, err = g4tui("sessions", "show", "nope", "--json")
    error = json.loads(out)["error"]
    assert (code, err) == (1, "")
    assert error["kind"] == "missing"
    assert set(error) == {"kind", "title", "detail", "remedy"}
    assert all(error.values())


def test_an_error_is_title_detail_and_remedy_for_people(g4tui: G4tui) -> None:
    code, out, err = g4tui("sessions", "show", "no\x1b[2Jpe")
    assert (code, out) == (1, "")
    assert len(err.strip().splitlines()) == 3
    assert "\x1b" not in err


def test_a_defect_shows_no_traceback_unless_asked(
    g4tui: G4tui, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: object) -> None:
        raise ZeroDivisionError("sk-abcdefghijklmnop")

    monkeypatch.setenv("OPENAI_API_KEY", "hidden-secret-word")
    monkeypatch.setattr("g4tui.keys.KeyRing.list", broken)
    code, _, err = g4tui("keys", "list")
    assert code == 1
    assert "Traceback" not in err
    assert "--debug" in err
    _, _, traced = g4tui("keys", "list", "--debug")
    assert "Traceback" in traced
    assert "ZeroDivisionError" in traced
    assert "sk-abcdefghijklmnop" not in err + traced


def test_a_closed_pipe_ends_quietly(process: CommandLine) -> None:
    for arguments in (["config", "show"], ["--help"], ["ask", "-m", "talker:count", "x"]):
        with process.start(*arguments) as child:
            assert child.stdout is not None
            assert child.stderr is not None
            child.stdout.read1(1)  # type: ignore[attr-defined]
            child.stdout.close()
            assert child.stderr.read() == b""
            assert child.wait(60) in (0, 141)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "arguments", ["config show", "models pull --json", "-V", "--version", "--help"]
)
def test_a_full_disk_behind_stdout_is_told(
    process: CommandLine, arguments: str, unbuffered: str
) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command(*arguments.split()),
            stdout=full,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            env=process.environment | {"PYTHONUNBUFFERED": unbuffered},
            timeout=60,
        )
    assert done.returncode == 1
    title, detail, remedy = done.stderr.decode().splitlines()
    assert "could not be written" in title
    assert detail == "No space left on device."
    assert "Make room" in remedy


@pytest.mark.parametrize("streams", [">&-", ">&- 2>&-", ">/dev/full 2>/dev/full"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_streams_that_take_nothing_leave_no_traceback(
    process: CommandLine, streams: str, unbuffered: str
) -> None:
    """A closed stream wants no output; a full one is a failure, even where nobody can be told."""
    for arguments in (["-V"], ["config", "path"]):
        line = " ".join(command(*arguments))
        done = subprocess.run(
            f"{line} {streams}",
            shell=True,
            capture_output=True,
            env=process.environment | {"PYTHONUNBUFFERED": unbuffered},
            timeout=60,
        )
        assert done.stdout + done.stderr == b""
        assert done.returncode == (1 if "full" in streams else 0)


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/there/file"), "Make room"),
        (OSError(errno.EACCES, "Permission denied", "/there/file"), "rights"),
        (OSError(errno.EIO, "Input/output error", "/there/file"), "--debug"),
    ],
)
def test_what_the_system_refuses_is_told_with_a_remedy(
    g4tui: G4tui, monkeypatch: pytest.MonkeyPatch, error: OSError, remedy: str
) -> None:
    def refused(self: object) -> None:
        raise error

    monkeypatch.setattr("g4tui.keys.KeyRing.list", refused)
    code, _, err = g4tui("keys", "list")
    assert code == 1
    assert "/there/file" in err
    assert "Errno" not in err
    assert remedy in err


def test_closed_streams_are_no_trouble(process: CommandLine) -> None:
    line = " ".join(command("ask", "-m", "talker:say", "hello", "--no-save"))
    for closed, expected in (("<&-", b"hello\n"), ("<&- >&-", b""), ("<&- 2>&-", b"hello\n")):
        done = subprocess.run(
            f"{line} {closed}", shell=True, capture_output=True, env=process.environment, timeout=60
        )
        assert (done.returncode, done.stdout) == (0, expected), done.stderr


def test_a_broken_settings_file_is_one_clear_error(process: CommandLine, home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text("[chat]\nmodle = 'x'\n")
    code, out, err = process("ask", "-m", "talker:say", "hello")
    assert (code, out) == (1, "")
    assert "Did you mean model?" in err
    assert str(home / "config" / "config.toml") in err
    assert process("config", "path").code == 0


@pytest.mark.parametrize("name", ["sessions", "models", "models list", "config show"])
def test_a_folder_that_cannot_be_made_is_told(
    process: CommandLine, tmp_path: Path, name: str
) -> None:
    (tmp_path / "file").write_text("")
    environment = {"G4TUI_HOME": str(tmp_path / "file" / "x")}
    code, out, err = process(*name.split(), environment=environment)
    assert (code, out) == (1, "")
    assert str(tmp_path / "file" / "x") in err
    assert "G4TUI_HOME" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("arguments", [(), ("--model", "talker:say")])
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"TERM": "dumb"}, ("TERM is dumb", "g4tui ask")),
        ({"PYTHONIOENCODING": "latin-1"}, ("not set to UTF-8", "PYTHONIOENCODING=utf-8 g4tui")),
        (
            {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
            ("not set to UTF-8", "LC_ALL=C.UTF-8 g4tui"),
        ),
    ],
)
def test_a_terminal_that_cannot_show_the_screen_is_told(
    process: CommandLine,
    arguments: tuple[str, ...],
    settings: dict[str, str],
    words: tuple[str, str],
) -> None:
    with Terminal(command(*arguments), environment=process.environment | settings) as terminal:
        for word in words:
            terminal.wait_for(word)
        assert terminal.wait_exit() == 2
        assert b"\x1b" not in terminal.raw


@pytest.mark.parametrize(
    "arguments", [("ask", "-m", "llama-cpp:\udcff", "hello"), ("sessions", "show", "\udcff")]
)
def test_bytes_that_are_no_text_are_a_wrong_command(
    process: CommandLine, arguments: tuple[str, ...]
) -> None:
    code, out, err = process(*arguments)
    assert (code, out) == (2, "")
    assert "is not text in UTF-8" in err


@pytest.mark.parametrize("arguments", [(), ("--model", "talker:say")])
def test_without_standard_input_there_is_no_screen(
    process: CommandLine, arguments: tuple[str, ...]
) -> None:
    code, out, err = process.run(["sh", "-c", '"$@" <&-', "sh", *command(*arguments)])
    assert (code, out) == (2, "")
    assert err.startswith("There is no terminal to draw on")


def test_the_screen_does_not_open_for_half_a_models_name(process: CommandLine) -> None:
    with Terminal(command("--model", "say"), environment=process.environment) as terminal:
        terminal.wait_for("Did you mean talker:say?")
        assert terminal.wait_exit() == 2


def test_the_screen_opens_in_a_terminal(process: CommandLine) -> None:
    environment = process.environment | {"TEXTUAL_ANIMATIONS": "none"}
    with Terminal(command("--model", "talker:say"), environment=environment) as terminal:
        terminal.wait_for("talker:say")
        terminal.press("ctrl+q")
        assert terminal.wait_exit() == 0


def test_global_options_may_stand_on_either_side(process: CommandLine) -> None:
    for arguments in (["--no-plugins", "plugins", "--json"], ["plugins", "--json", "--no-plugins"]):
        found = {each["name"]: each["status"] for each in json.loads(process(*arguments).out)}
        assert found["talker"] == "disabled"
        assert found["openai"] == "ok"


def test_the_module_is_what_the_command_runs() -> None:
    script = Path(sys.executable).with_name("g4tui")
    done = subprocess.run([script, "-V"], capture_output=True, text=True, env=dict(os.environ))
    assert done.stdout == f"g4tui {__version__}\n"
