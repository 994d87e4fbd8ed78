"""`g4tui ask`: standard input, attached files, and prompts that are too long."""

import json
import subprocess
from pathlib import Path

import pytest

from support.command_line import CommandLine, command

from .test_ask import SAY, sessions


@pytest.mark.parametrize(
    ("arguments", "data", "asked"),
    [
        (["one"], "", "one"),
        (["one"], "two\n", "one\n\ntwo"),
        ([], "two\n", "two"),
        ([], "two\r\nlines\n", "two\r\nlines"),
        (["one", "--no-stdin"], "two", "one"),
        (["one", "--stdin"], "two", "one\n\ntwo"),
        ([], b"\xef\xbb\xbf\xc3\xa4", "ä"),
        (["--", "-x"], "", "-x"),
    ],
)
def test_standard_input_is_added_below_the_prompt(
    process: CommandLine, arguments: list[str], data: str | bytes, asked: str
) -> None:
    code, _, err = process(*SAY, *arguments, input=data)
    assert code == 0, err
    shown = json.loads(process("sessions", "show", sessions(process)[0]["id"], "--json").out)
    assert shown["messages"][0]["text"] == asked


@pytest.mark.parametrize("data", ["", "\n \n", b"\xff\xfeh\x00i\x00", b"\x00\x01binary"])
def test_nothing_or_no_text_is_refused(process: CommandLine, data: str | bytes) -> None:
    code, out, err = process(*SAY, input=data)
    assert (code, out) == (2, "")
    assert "Traceback" not in err
    assert sessions(process) == []


def test_an_open_silent_standard_input_does_not_hold_up_a_prompt(process: CommandLine) -> None:
    with process.start(*SAY, "hello", stdin=subprocess.PIPE) as child:
        out, err = b"", b""
        assert child.stdout is not None
        assert child.stderr is not None
        out, err = child.stdout.read(), child.stderr.read()
        assert child.wait(60) == 0
        assert out == b"hello\n"
        assert b"Nothing came on standard input" in err


def test_standard_input_that_pauses_early_is_waited_for(process: CommandLine) -> None:
    line = " ".join(command(*SAY, "one"))
    done = subprocess.run(
        f"(printf two; sleep 3; printf three) | {line}",
        shell=True,
        capture_output=True,
        env=process.environment,
        timeout=60,
    )
    assert done.stdout == b"one\n\ntwothree\n", done.stderr


def test_text_files_are_attached(process: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("remember the milk")
    assert process(*SAY, "x", "--attach", "notes.txt").code == 0
    shown = json.loads(process("sessions", "show", sessions(process)[0]["id"], "--json").out)
    assert shown["messages"][0]["attachments"] == [
        {"name": "notes.txt", "text": "remember the milk"}
    ]


@pytest.mark.parametrize(
    "content",
    [b"\x00\x01", "ä".encode("utf-16"), b"x" * 2_000_001, None],
    ids=["binary", "utf-16", "long", "missing"],
)
def test_what_is_no_text_file_is_not_attached(
    process: CommandLine, tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "file").write_bytes(content)
    code, _, err = process(*SAY, "x", "--attach", "file")
    assert code in (1, 2)
    assert "file" in err
    assert "Traceback" not in err
    assert sessions(process) == []


def test_an_endless_prompt_is_a_context_error(process: CommandLine) -> None:
    code, out, _ = process(*SAY, "--json", input="word " * 1_000_000)
    error = json.loads(out)["error"]
    assert code == 1
    assert error["kind"] == "context"
