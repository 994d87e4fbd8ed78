"""The teacher from the command line: faults in one session, and a key that is found nowhere."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support import fault_server as fs
from support.teacher import SECRET

Run = Callable[..., subprocess.CompletedProcess[str]]

FAULTS = {
    "auth": fs.refusal(401, f"Incorrect API key provided: {SECRET}"),
    "network": fs.then(fs.stream(fs.delta("Hello ")), fs.reset()),
    "protocol": fs.stream(fs.delta("Hello "), b"data: {broken\n\n"),
    "server": fs.stream(fs.delta("Hello "), fs.event({"error": {"message": f"at {SECRET}"}})),
}


@pytest.fixture
def g4tui(home: Path) -> Run:
    """Run g4tui with debugging on."""
    home.mkdir()

    def run(*arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "G4TUI_HOME": str(home), "LANG": "C.UTF-8"}
        return subprocess.run(
            [sys.executable, "-m", "g4tui", "--debug", *arguments],
            env={**environment, "OPENAI_LOG": "debug"},
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def test_faults_in_one_session_and_no_key_anywhere(home: Path, g4tui: Run) -> None:
    """Each fault is an error with the text so far; the turn after them works."""
    with fs.FaultServer(*FAULTS.values(), fs.parrot()) as server:
        config = home / "config" / "config.toml"
        config.parent.mkdir(parents=True)
        settings = f'[backends.openai.servers.here]\nbase_url = "{server.base_url}"\n'
        config.write_text(settings + "[backends.openai]\nmax_retries = 0\n")
        assert g4tui("keys", "set", "openai@here", typed=SECRET + "\n").returncode == 0
        seen, session = "", ()
        for kind in FAULTS:
            done = g4tui("ask", "-m", "openai@here:parrot", *session, "--json", "Hi there")
            answer = json.loads(done.stdout)
            assert done.returncode == 1, done.stderr
            assert answer["error"]["kind"] == kind
            assert answer["text"] == ("" if kind == "auth" else "Hello ")
            seen += done.stdout + done.stderr
            session = ("--session", answer["session"])
        done = g4tui("ask", "-m", "openai@here:parrot", *session, "--json", "well then")
        assert json.loads(done.stdout)["text"] == "well then", done.stderr
        assert server.chats[-1].headers["authorization"] == f"Bearer {SECRET}"
        seen += done.stdout + done.stderr + g4tui("doctor").stdout + g4tui("plugins").stdout
        seen += g4tui("sessions", "show", session[1], "--json").stdout
    assert SECRET not in seen
    holders = [
        file.relative_to(home).as_posix()
        for file in home.rglob("*")
        if file.is_file() and SECRET.encode() in file.read_bytes()
    ]
    assert holders in ([], ["config/keys.json"])
