"""The teacher, from the command line and in the chat, against a server that nobody here wrote."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.conftest import Messages, Run, Start, until
from support import fault_server as fs
from support.llama_server import llama_server
from support.teacher import SECRET

LOCAL = "openai@local:smollm2"
SHORT = ("--set", "max_tokens=12", "--json")


@pytest.fixture(scope="module")
def base_url(default_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`llama_cpp.server` with the real model."""
    folder = tmp_path_factory.mktemp("server")
    with llama_server(default_model, folder, context=1024, alias="smollm2") as address:
        yield address


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a fresh machine; other servers of this machine are none of ours."""
    for name in [name for name in os.environ if name.startswith("OPENAI")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


def configure(home: Path, *lines: str) -> None:
    """Write `config.toml`, as a person does."""
    file = home / "config" / "config.toml"
    file.parent.mkdir(exist_ok=True)
    first = ("[backends.openai]", "find_local = false", "limits.connect_s = 5.0")
    file.write_text("\n".join((*first, *lines)))


def server(name: str, address: str) -> tuple[str, str]:
    """A named server's table."""
    return (f"[backends.openai.servers.{name}]", f'base_url = "{address}"')


def test_a_server_of_ones_own_is_listed_and_asked(
    g4tui: Run, model_home: Path, base_url: str
) -> None:
    configure(model_home, *server("local", base_url))
    listed = json.loads(g4tui("models", "--json").stdout)
    (model,) = [each for each in listed if each["id"] == LOCAL]
    assert (model["ready"], model["local"], model["title"]) == (True, True, "smollm2")

    asked = g4tui("ask", "-m", LOCAL, *SHORT, "Name a fruit.")
    assert asked.returncode == 0, asked.stderr
    first = json.loads(asked.stdout)
    assert first["text"].strip()
    assert first["finish_reason"] in ("stop", "length")
    assert first["usage"]["estimated"] and first["usage"]["cost_usd"] == 0.0
    assert 0 < first["usage"]["completion"] <= 12

    second = json.loads(g4tui("ask", "-m", LOCAL, "--continue", *SHORT, "Another.").stdout)
    assert second["session"] == first["session"]
    assert second["usage"]["prompt"] > first["usage"]["prompt"], "it was sent what was said"

    plain = g4tui("ask", "-m", LOCAL, "--set", "max_tokens=5", "Hello")
    assert plain.stdout.strip() and plain.stderr == ""


def test_another_model_in_mid_session(
    start: Start, model_home: Path, messages: Messages, base_url: str
) -> None:
    """The session stays; each answer is marked with the model that gave it."""
    configure(model_home, "[chat.params]", "max_tokens = 16", *server("local", base_url))
    with start() as terminal:
        terminal.wait_for("Ask something")
        terminal.type("Name a fruit.")
        terminal.press("enter")
        until(lambda: len(rows := messages()) == 2 and rows[-1].state == "complete", terminal)

        terminal.press("ctrl+o")
        terminal.wait_for("Choose a model")
        terminal.type("local")
        terminal.wait_for("smollm2", LOCAL)
        terminal.press("enter")
        terminal.wait_gone("Choose a model")
        terminal.wait_for(LOCAL)
        terminal.type("Name another.")
        terminal.press("enter")
        until(lambda: len(rows := messages()) == 4 and rows[-1].state == "complete", terminal)

        seen = terminal.wait_for("Name another.", "first")
        assert "Name a fruit." in seen
        terminal.press("ctrl+q")
        assert terminal.wait_exit() == 0
    rows = messages()
    assert [row.model for row in rows if row.message.role == "assistant"] == [
        "llama-cpp:smollm2-135m-instruct",
        LOCAL,
    ]
    assert len({row.session for row in rows}) == 1
    assert all(row.error is None and row.message.text for row in rows)


def test_without_a_key_it_is_listed_with_what_mends_it(g4tui: Run, model_home: Path) -> None:
    """Nothing is asked of anybody, nothing is raised."""
    configure(model_home)
    listed = json.loads(g4tui("models", "--json").stdout)
    teachers = [model for model in listed if model["backend"] == "openai"]
    assert teachers
    for model in teachers:
        assert (model["ready"], model["local"], model["detail"]) == (False, False, "needs a key")
        assert "g4tui keys set openai" in model["remedy"]
        assert "OPENAI_API_KEY" in model["remedy"]
    assert "g4tui keys set openai" in g4tui("models").stdout

    asked = g4tui("--debug", "ask", "-m", "openai:gpt-4o-mini", "Hello")
    assert (asked.returncode, asked.stdout) == (1, "")
    assert "api.openai.com needs a key" in asked.stderr
    assert "g4tui keys set openai" in asked.stderr
    assert "Traceback" not in asked.stderr
    local = g4tui("ask", "--set", "max_tokens=3", "Hello")
    assert local.returncode == 0, "the model of this machine needs none of it"


def test_without_a_network_the_question_is_kept(g4tui: Run, model_home: Path) -> None:
    configure(model_home, *server("far", "https://teacher.invalid/v1"))
    assert g4tui("keys", "set", "openai@far", input=SECRET).returncode == 0
    assert g4tui("models", "--json").returncode == 0
    asked = g4tui("ask", "-m", "openai@far:m", "--json", "Hello")
    found = json.loads(asked.stdout)
    assert asked.returncode == 1
    assert found["error"]["kind"] in ("network", "timeout")
    assert "teacher.invalid" in found["error"]["title"]
    shown = json.loads(g4tui("sessions", "show", found["session"], "--json").stdout)
    assert [message["text"] for message in shown["messages"]] == ["Hello", ""]


def test_a_key_stays_with_its_origin(g4tui: Run, model_home: Path) -> None:
    """Entered from standard input; the same name at another address does not get it."""
    with fs.FaultServer(fs.parrot()) as first, fs.FaultServer(fs.parrot()) as second:
        configure(model_home, *server("here", first.base_url))
        assert g4tui("keys", "set", "openai@here", input=f"{SECRET}\n").returncode == 0
        assert g4tui("ask", "-m", "openai@here:parrot", "Hi").stdout == "Hi\n"
        configure(model_home, *server("here", second.base_url), *server("there", first.base_url))
        for name in ("here", "there"):
            assert g4tui("ask", "-m", f"openai@{name}:parrot", "Hi").stdout == "Hi\n"
    kept = [seen.headers.get("authorization") for seen in first.seen + second.seen]
    assert kept == [f"Bearer {SECRET}", None, None]
    listed = g4tui("keys", "list")
    assert "openai@here" in listed.stdout and SECRET not in listed.stdout + listed.stderr
