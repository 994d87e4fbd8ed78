"""A file of prompts to a server nobody here wrote and to the model of this machine."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.conftest import PROGRAM, Run
from g4tui.store import MessageRow, Store
from support.llama_server import llama_server

TEACHER, STUDENT = "openai@local:smollm2", "llama-cpp:smollm2-135m-instruct"
COUNT = 20
ASKED = b"POST /v1/chat/completions"


def write_config(home: Path, address: str, max_tokens: int) -> None:
    (home / "config" / "config.toml").write_text(
        f"[chat.params]\ntemperature = 0.0\nmax_tokens = {max_tokens}\n"
        "[backends.openai]\nfind_local = false\n"
        f'[backends.openai.servers.local]\nbase_url = "{address}"\n'
    )


@pytest.fixture
def teacher(default_model: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a server whose log has a line for each request."""
    with llama_server(default_model, tmp_path, alias="smollm2") as address:
        yield address


def answers(store: Store) -> list[list[MessageRow]]:
    return [store.messages(turn.answers) for turn in store.turns()]


def wait_for(found: Callable[[], bool], child: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 120
    while not found():
        assert child.poll() is None, "it ended before that"
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_killed_and_started_again_it_asks_nothing_twice(
    g4tui: Run, model_home: Path, teacher: str, tmp_path: Path
) -> None:
    server_log = tmp_path / "llama_server.log"
    # Long answers first, so that both models are surely seen in mid-stream; then short ones.
    write_config(model_home, teacher, max_tokens=80)
    file, report = tmp_path / "prompts.jsonl", tmp_path / "report.html"
    rows = [f"Tell me something about the number {number}." for number in range(COUNT)]
    file.write_text("\n".join(json.dumps(row) for row in rows))
    arguments = ("compare", "--prompts", str(file), "-m", TEACHER, "-m", STUDENT)
    arguments += ("--json", "-o", str(report))

    store = Store.open(model_home / "data" / "library.sqlite3")
    try:
        child = subprocess.Popen(
            [PROGRAM, *arguments],
            env={**os.environ, "G4TUI_HOME": str(model_home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

        def both_stream() -> bool:
            turns = answers(store)
            return len(turns) > 2 and all(
                row.state == "streaming" and row.message.text for row in turns[-1]
            )

        wait_for(both_stream, child)
        child.send_signal(signal.SIGKILL)
        child.wait()
        before = answers(store)
        assert len(before) < COUNT
        store.recover()
        for row in answers(store)[-1]:
            assert (row.state, bool(row.message.text)) == ("interrupted", True)

        write_config(model_home, teacher, max_tokens=12)
        asked_before = server_log.read_bytes().count(ASKED)
        again = g4tui(*arguments)
        assert again.returncode == 0, again.stderr
        after = answers(store)
    finally:
        store.close()

    # Only what was broken off in mid-stream was asked once more.
    whole = [[row.id for row in rows if row.state == "complete"] for rows in before]
    assert [[id_ for id_ in ids if id_ in {row.id for row in rows}] for ids, rows in
            zip(whole, after[: len(before)], strict=True)] == whole  # fmt: skip
    assert len(after) == COUNT
    assert {row.state for rows in after for row in rows} == {"complete"}
    assert asked_before <= len(before)
    assert server_log.read_bytes().count(ASKED) <= COUNT + 1
    told = [json.loads(line) for line in again.stdout.splitlines()]
    assert [each["row"] for each in told] == list(range(1, COUNT + 1))
    html = report.read_text()
    assert html.count('<article class="side">') == 2 * COUNT
    assert all(row in html for row in rows)

    once_more = g4tui(*arguments)
    assert once_more.returncode == 0
    assert server_log.read_bytes().count(ASKED) <= COUNT + 1
