"""`g4tui ask`: what goes in, what comes out, what stays."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from g4tui.paths import private_folder
from g4tui.store import Store
from support.command_line import CommandLine, command, read_until
from support.distributions import RAISES, make_distribution
from support.terminal import Terminal

SAY = ("ask", "-m", "talker:say")
HOOKED = """
from g4tui.plugin import hookimpl
from talker import *
from talker import Talker as Base
from g4tui.core import Message, Request

class Talker(Base):
    name = "hooked"

@hookimpl
def g4tui_register_backends():
    return [Talker()]

@hookimpl
def g4tui_prepare_turn(request):
    if request.messages[-1].text == "raise":
        raise ValueError("a hook that raises")
    return Request((Message("user", "prepared " + request.messages[-1].text),), request.params)
"""


def sessions(process: CommandLine) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(process("sessions", "list", "--json").out)
    return found


def last_message(process: CommandLine) -> dict[str, Any]:
    """The last message of the latest session."""
    shown = json.loads(process("sessions", "show", sessions(process)[0]["id"], "--json").out)
    message: dict[str, Any] = shown["messages"][-1]
    return message


def test_the_answer_is_all_that_stdout_gets(process: CommandLine) -> None:
    assert process(*SAY, "Say it") == (0, "Say it\n", "")


def test_the_object_has_the_promised_names(process: CommandLine) -> None:
    code, out, err = process("ask", "-m", "talker:think", "hello", "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert found["session"] == sessions(process)[0]["id"]
    assert found["model"] == "talker:think"
    assert found["text"] == "hello"
    assert found["reasoning"] == "hm"
    assert found["finish_reason"] == "stop"
    assert "error" not in found
    assert found["usage"] == {
        "prompt": 3,
        "cached": 0,
        "completion": 2,
        "estimated": False,
        "ttft_s": 0.1,
        "tok_per_s": 20.0,
        "cost_usd": 0.0,
    }


def test_a_failure_keeps_the_text_and_hides_keys(process: CommandLine) -> None:
    code, out, err = process("ask", "-m", "talker:fail", "x", "--json")
    found = json.loads(out)
    assert code == 1
    assert found["text"] == "so far "
    assert found["finish_reason"] is None
    assert found["error"]["kind"] == "server"
    assert set(found["error"]) == {"kind", "title", "detail", "remedy"}
    assert "sk-abc" not in out + err

    code, out, err = process("ask", "-m", "talker:fail", "x")
    assert (code, out) == (1, "so far \n")
    assert "It broke" in err
    assert "Wait." in err
    assert "sk-abc" not in err
    assert "\x1b" not in err
    assert last_message(process)["state"] in ("failed", "interrupted")
    assert last_message(process)["error"]["kind"] == "server"


@pytest.mark.parametrize(
    ("model", "kind", "wrong"),
    [
        ("nobody:x", "usage", 2),
        ("nonsense", "usage", 2),
        ("talker:broken", "model", 1),
        ("talker:raise", "", 1),
    ],
)
def test_a_model_that_cannot_answer_gives_the_error_object(
    process: CommandLine, model: str, kind: str, wrong: int
) -> None:
    code, out, _ = process("ask", "-m", model, "hello", "--json")
    found = json.loads(out)
    assert code == wrong
    assert found["finish_reason"] is None
    assert found["error"]["kind"] == (kind or found["error"]["kind"])
    assert found["error"]["title"]
    assert process("ask", "-m", model, "hello").code == wrong


@pytest.mark.parametrize("command", [("ask", "-m", "say"), ("compare", "-m", "say", *SAY[1:])])
def test_a_model_without_its_backend_is_told_whole(
    process: CommandLine, command: tuple[str, ...]
) -> None:
    code, out, err = process(*command, "hello")
    assert (code, out) == (2, "")
    assert "Did you mean talker:say?" in err
    code, out, _ = process(*command, "hello", "--json")
    assert (code, json.loads(out)["error"]["remedy"]) == (2, "Did you mean talker:say?")
    assert sessions(process) == []


def test_a_terminal_that_cannot_erase_gets_lines_alone(process: CommandLine) -> None:
    with Terminal(
        command("ask", "-m", "talker:think", "hello"),
        environment=process.environment | {"TERM": "dumb"},
    ) as terminal:
        terminal.wait_for("talker:think · ")
        assert terminal.wait_exit() == 0
        assert b"\x1b" not in terminal.raw


def test_the_latest_session_goes_on(process: CommandLine) -> None:
    first = json.loads(process(*SAY, "one", "--json").out)
    second = json.loads(process("ask", "--continue", "two", "--json").out)
    third = json.loads(process("ask", "--session", first["session"], "three", "--json").out)
    assert first["session"] == second["session"] == third["session"]
    assert third["model"] == "talker:say", "a session keeps its model"
    shown = json.loads(process("sessions", "show", first["session"], "--json").out)
    assert [each["text"] for each in shown["messages"]] == [
        "one",
        "one",
        "two",
        "two",
        "three",
        "three",
    ]
    assert shown["head"] == shown["messages"][-1]["id"]


def test_going_on_with_nothing_is_an_error(process: CommandLine) -> None:
    assert process("ask", "-m", "talker:say", "--continue", "x").code == 1
    assert process("ask", "-m", "talker:say", "--session", "nope", "x").code == 1
    assert process("ask", "--continue", "--session", "x", "y").code == 2
    assert sessions(process) == []


def test_no_save_leaves_no_trace(process: CommandLine, home: Path, tmp_path: Path) -> None:
    code, out, _ = process(
        *SAY, "a secret", "--no-save", "--json", environment={"TMPDIR": str(tmp_path)}
    )
    assert code == 0
    assert json.loads(out)["session"] is None
    assert sessions(process) == []
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(b"a secret" in path.read_bytes() for path in written)
    assert not list(tmp_path.glob("g4tui-*"))


def test_system_prompt_and_parameters_are_saved_with_the_answer(process: CommandLine) -> None:
    process(*SAY, "x", "-s", "Be brief.", "--set", "temperature=0", "--set", "max-tokens=9")
    shown = json.loads(process("sessions", "show", sessions(process)[0]["id"], "--json").out)
    assert shown["system"] == "Be brief."
    assert shown["messages"][-1]["params"] == {"temperature": 0.0, "max_tokens": 9}


@pytest.mark.parametrize(
    ("pair", "word"),
    [
        ("temprature=1", "Did you mean temperature?"),
        ("temperature", "KEY=VALUE"),
        ("temperature=hot", "not a number"),
        ("top_p=2", "0 to 1"),
        ("seed=1.5", "whole number"),
        ("context=1", "not within"),
    ],
)
def test_a_wrong_parameter_is_a_usage_error(process: CommandLine, pair: str, word: str) -> None:
    code, out, err = process(*SAY, "x", "--set", pair)
    assert (code, out) == (2, "")
    assert word in err
    assert sessions(process) == []


def test_what_a_model_says_cannot_reach_the_terminal(process: CommandLine) -> None:
    code, out, _ = process("ask", "-m", "talker:hostile", "x")
    assert code == 0
    assert not set("\x1b\x07\u202e\x9b") & set(out)
    shown = process("sessions", "show", sessions(process)[0]["id"])
    assert not set("\x1b\x07\u202e\x9b") & set(shown.out)
    raw = json.loads(process("ask", "-m", "talker:hostile", "x", "--json").out)["text"]
    assert "\x1b]52" in raw, "scripts get what the model said"


def test_in_a_terminal_the_raw_bytes_are_clean(process: CommandLine) -> None:
    hostile = command("ask", "-m", "talker:hostile", "x")
    with Terminal(hostile, environment=process.environment) as terminal:
        assert terminal.wait_exit() == 0
        raw = bytes(terminal.raw)
    assert b"]52" in raw
    assert b"\x1b]52" not in raw
    assert b"\x07" not in raw
    assert "\u202e".encode() not in raw
    assert b"20 tok/s" in raw, "the usage line is for people at a terminal"


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_it_and_keeps_the_text(
    process: CommandLine, number: signal.Signals, code: int
) -> None:
    with process.start("ask", "-m", "talker:count", "x") as child:
        seen = read_until(child, b"5 ")
        child.send_signal(number)
        rest, err = child.communicate(timeout=60)
        assert child.returncode == code
        assert err == b""
    message = last_message(process)
    assert message["state"] == "stopped"
    assert message["text"].strip() == (seen + rest).decode().strip()


def test_a_reader_that_goes_away_stops_the_model_and_keeps_the_text(process: CommandLine) -> None:
    with process.start("ask", "-m", "talker:count", "x") as child:
        assert child.stdout is not None
        seen = read_until(child, b"5 ")
        child.stdout.close()
        child.wait(60)
    message = last_message(process)
    assert message["state"] in ("stopped", "interrupted")
    assert message["text"].startswith(seen.decode().strip())


def test_kill_9_leaves_an_interrupted_answer(process: CommandLine) -> None:
    with process.start("ask", "-m", "talker:count", "x") as child:
        read_until(child, b"80 ")
        child.kill()
        child.wait(60)
    message = last_message(process)
    assert message["state"] == "interrupted"
    assert message["text"].startswith("0 1 2 3 ")


def test_a_private_session_never_leaves(process: CommandLine, home: Path) -> None:
    store = Store.open(private_folder(home / "data") / "library.sqlite3")
    secret = store.create_session(private=True, model="talker:say").id
    refused = process("ask", "--session", secret, "-m", "talker:far", "x", "--json")
    assert refused.code == 2
    assert "far.example" in json.loads(refused.out)["error"]["detail"]
    assert store.session(secret).messages == 0
    assert process("ask", "--session", secret, "x").out == "x\n"

    sent = json.loads(process("ask", "-m", "talker:far", "x", "--json").out)
    assert store.session(sent["session"]).consent == ("far.example",), "to ask is to consent"
    store.close()


def test_a_plugins_hook_prepares_the_turn_and_cannot_spoil_it(
    process: CommandLine, site: Path
) -> None:
    make_distribution(site, "hooked", HOOKED)
    asked = process("ask", "-m", "hooked:say", "one", "--json")
    assert json.loads(asked.out)["text"] == "prepared one"
    shown = json.loads(process("sessions", "show", sessions(process)[0]["id"], "--json").out)
    assert shown["messages"][0]["text"] == "one", "what was typed is what is saved"
    raised = process("ask", "-m", "hooked:say", "raise")
    assert (raised.code, raised.out) == (0, "raise\n")
    assert "a hook that raises" in raised.err


REDACTOR = """
import time
from msgspec.structs import replace
from g4tui.plugin import hookimpl

G4TUI_API = 1
print("imported")
time.sleep(0.2)


@hookimpl
def g4tui_prepare_turn(request):
    print("hooked")
    last = request.messages[-1]
    hidden = replace(last, text=last.text.replace("Ada", "A."))
    return replace(request, messages=(*request.messages[:-1], hidden))
"""


def test_a_plugins_hook_runs_with_every_backend(process: CommandLine, site: Path) -> None:
    """Even if it comes in late; what it prints is no part of the answer."""
    make_distribution(site, "redactor", REDACTOR)
    asked = process(*SAY, "I am Ada")
    assert (asked.code, asked.out) == (0, "I am A.\n")
    assert "imported" in asked.err and "hooked" in asked.err
    assert process("--no-plugins", "plugins").out.count("disabled") == 2
    asked = process(*SAY, "I am Ada", environment={"G4TUI_DISABLED_PLUGINS": "redactor"})
    assert (asked.out, asked.err) == ("I am Ada\n", "")


def test_a_plugin_that_does_not_come_in_is_told(process: CommandLine, site: Path) -> None:
    """Somebody may rely on its hook."""
    make_distribution(site, "unlucky", RAISES)
    asked = process(*SAY, "Say it")
    assert (asked.code, asked.out) == (0, "Say it\n")
    assert asked.err.count("The plugin unlucky does not work") == 1
    assert "no luck at import" in asked.err


@pytest.mark.model
def test_the_real_model_answers_the_same_twice(
    process: CommandLine, home: Path, default_model: Path
) -> None:
    folder = home / "data" / "models"
    folder.mkdir(parents=True)
    (folder / "smollm2-135m-instruct.gguf").symlink_to(default_model)
    arguments = ("ask", "--set", "temperature=0", "--set", "max_tokens=24", "--json")
    answers = [json.loads(process(*arguments, input="Name three fruits.").out) for _ in range(2)]
    assert answers[0]["text"] == answers[1]["text"] != ""
    assert answers[0]["finish_reason"] in ("stop", "length")
    assert answers[0]["usage"]["completion"] > 3


def test_a_persona_answers(process: CommandLine, home: Path) -> None:
    folder = home / "config" / "personas"
    folder.mkdir(parents=True)
    (folder / "pirate.toml").write_text('system = "Talk like a pirate."\n[params]\nseed = 7\n')
    assert process(*SAY, "--persona", "pirate", "hello").code == 0
    shown = json.loads(process("sessions", "show", sessions(process)[0]["id"], "--json").out)
    assert shown["messages"][-1]["params"]["seed"] == 7
    store = Store.open(home / "data" / "library.sqlite3")
    (session,) = store.sessions()
    assert (session.system, session.params.seed) == ("Talk like a pirate.", 7)
    arguments = ("--continue", "--persona", "tutor", "-s", "Mine.", "--set", "temperature=0.1")
    assert process(*SAY, *arguments, "again").code == 0
    (session,) = store.sessions()
    assert session.system == "Mine." and session.params.seed is None
    params = store.path(session.id)[-1].params
    assert (params.temperature, params.seed) == (0.1, None)
    store.close()


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("pirat", "", ["There is no persona pirat", "Did you mean pirate?", "tutor", "personas"]),
        ("pirate", "system = 3", ["A persona cannot be used", "pirate.toml", "system"]),
        ("pirate", "sistem = 'x'", ["pirate.toml", "system"]),
        ("pirate", "system = ", ["pirate.toml is not valid TOML"]),
        ("../pirate", "", ["There is no persona ../pirate"]),
    ],
)
def test_a_persona_that_cannot_be_used_is_told_and_nothing_is_asked(
    process: CommandLine, home: Path, name: str, text: str, words: list[str]
) -> None:
    folder = home / "config" / "personas"
    folder.mkdir(parents=True)
    (folder / "pirate.toml").write_text(text or "system = 'Arr.'")
    code, out, err = process(*SAY, "--persona", name, "hello")
    assert code in (1, 2) and out == ""
    assert all(word in err for word in words), err
    assert sessions(process) == []
