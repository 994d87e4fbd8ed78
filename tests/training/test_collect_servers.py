"""Collecting from servers: one that misbehaves, and a real one while the collector is killed."""

import json
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from g4tui_openai.backend import OpenAIBackend
from g4tui_training.stages import Context
from support import fault_server as faults
from support.collecting import Collector, ask_rows, journal_of
from support.llama_server import llama_server
from support.pairs import read_rows, write_rows

PROMPTS, KILLS, IN_FLIGHT = 24, 3, 3


class Moody:
    """Fails for every tenth request in another way each time, and for one prompt always."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._moods = [
            faults.refusal(500, "a fault"),
            faults.reset(),
            faults.refusal(429, "slower", "Retry-After: 7"),
            faults.stream(faults.delta("half an"), b"data: {not json\n\n"),
            faults.response(200, b"<html>login</html>", kind="text/html"),
            faults.stream(faults.delta("cut ")),
            faults.stream(faults.delta(finish="stop"), faults.DONE),
            faults.response(200, b""),
            faults.refusal(503, "overloaded"),
        ]
        self.asked = self.refused = 0

    def __call__(self, connection: faults.Connection) -> None:
        text = str(connection.body)
        with self._lock:
            self.asked += 1
            number = self.asked
        if "number 13'" in text:
            self.refused += 1
            faults.refusal(400, "This is not allowed", code="policy")(connection)
        elif number % 10 == 0:
            self._moods[number // 10 % len(self._moods)](connection)
        else:
            faults.parrot()(connection)


def test_a_server_that_fails_leaves_nothing_unexplained(context: Callable[[str], Context]) -> None:
    moody = Moody()
    with faults.FaultServer(moody) as server:
        tables: dict[str, dict[str, Any]] = {
            "openai": {
                "servers": {"here": {"base_url": server.base_url}},
                "find_local": False,
                "max_retries": 0,
            }
        }
        recipe = 'name = "r"\n[collect]\nteacher = "openai@here:parrot"\nconcurrency = 4\n'
        one = Collector(context(recipe), OpenAIBackend(), tables)
        one.prompts(ask_rows(150))
        done = one.run()
        answered, failed = {row["id"] for row in done.pairs}, {row["id"] for row in done.failed}
        assert answered | failed == {f"q/{n}" for n in range(150)}
        assert not answered & failed
        assert "q/13" in failed
        kinds = ("server", "refused", "empty")
        assert all(row["kind"] in kinds and row["title"] for row in done.failed)
        assert len(failed) <= 4
        # What the server does not take is not asked for again and again.
        assert moody.refused == 1
        assert all(row["response"] == row["prompt"] for row in done.pairs)
        again = one.run()
    assert {row["id"] for row in again.failed} == {"q/13"}
    assert len(again.pairs) == 149


def test_a_teacher_that_goes_away_for_a_minute_is_waited_for(
    context: Callable[[str], Context],
) -> None:
    recipe = 'name = "r"\n[collect]\nteacher = "openai@here:parrot"\nconcurrency = 2\n'
    with faults.FaultServer(faults.parrot()) as server:
        tables: dict[str, dict[str, Any]] = {
            "openai": {"servers": {"here": {"base_url": server.base_url}}, "find_local": False}
        }
        one = Collector(context(recipe), OpenAIBackend(), {**tables})
        began = one.clock.now

        def until_back(connection: faults.Connection) -> None:
            away = 20 < one.clock.now - began < 60
            handler = faults.refusal(503, "restarting") if away else faults.parrot()
            if len(server.chats) == 30:
                one.clock.now = max(one.clock.now, began + 21)
            handler(connection)

        server.handlers = [until_back]
        one.prompts(ask_rows(60))
        done = one.run()
    assert len(done.pairs) == 60
    assert done.failed == []
    assert done.clock.now - began >= 60


def write_recipe(folder: Path, url: str, prompts: int) -> None:
    config = folder / "home" / "config"
    config.mkdir(parents=True)
    (config / "config.toml").write_text(
        f'[backends.openai.servers.local]\nbase_url = "{url}"\n'
        "[backends.openai.prices.tiny]\ninput = 10.0\noutput = 30.0\n"
    )
    rows = [{"prompt": f"Say the number {n}."} for n in range(prompts)]
    write_rows(folder / "prompts.jsonl", rows)
    (folder / "recipe.toml").write_text(
        'name = "r"\n[[sources]]\nname = "mine"\npath = "prompts.jsonl"\nlicence = "MIT"\n'
        f'[collect]\nteacher = "openai@local:tiny"\nconcurrency = {IN_FLIGHT}\n'
        "max_usd = 5.0\nparams = { max_tokens = 4, temperature = 0.0 }\n"
    )


def collect(folder: Path) -> "subprocess.Popen[bytes]":
    """The command, in a process of its own."""
    command = [sys.executable, "-m", "g4tui_training", "run", "recipe.toml", "--out", "run"]
    return subprocess.Popen(
        [*command, "--until", "collect", "--yes"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_for_lines(journal: Path, lines: int, process: "subprocess.Popen[bytes]") -> None:
    """Until the journal has so many lines, or the process has ended."""
    until = time.monotonic() + 240
    while process.poll() is None and time.monotonic() < until:
        if journal.is_file() and journal.read_bytes().count(b"\n") >= lines:
            return
        time.sleep(0.01)
    assert process.poll() is not None, "the collector came no further"


def kill_at_random(folder: Path, prompts: int, kills: int, seed: int) -> list[int]:
    """Kill the collector so often, then let it end; how many were in flight at each kill."""
    journal = folder / "run" / "journal.jsonl"
    chance = random.Random(seed)
    cuts = sorted(chance.sample(range(4, 2 * prompts - 2 * IN_FLIGHT), kills))
    in_flight = []
    for cut in cuts:
        process = collect(folder)
        wait_for_lines(journal, cut, process)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        lines = Counter(line["what"] for line in journal_of(journal))
        in_flight.append(lines["asked"] - lines["answered"] - sum(in_flight))
    assert collect(folder).wait(240) == 0
    return in_flight


@pytest.mark.model
def test_killed_again_and_again_each_prompt_is_answered_once(
    tmp_path: Path, home: Path, default_model: Path
) -> None:
    quiet = "--interrupt_requests=False"
    with llama_server(default_model, tmp_path, 512, "tiny", quiet) as url:
        write_recipe(tmp_path, url, PROMPTS)
        in_flight = kill_at_random(tmp_path, PROMPTS, KILLS, seed=5)
        log = (tmp_path / "llama_server.log").read_text("utf-8", "replace")
    pairs = read_rows(tmp_path / "run" / "pairs.jsonl")
    assert len({row["prompt"] for row in pairs}) == len(pairs) == PROMPTS
    assert (tmp_path / "run" / "failed.jsonl").read_bytes() == b""
    lines = journal_of(tmp_path / "run" / "journal.jsonl")
    answered = Counter(line["key"] for line in lines if line["what"] == "answered")
    assert set(answered.values()) == {1}
    asked = Counter(line["key"] for line in lines if line["what"] == "asked")
    assert sum(asked.values()) == PROMPTS + sum(in_flight)
    assert all(0 <= count <= IN_FLIGHT for count in in_flight)
    served = len(re.findall(r'"POST /v1/chat/completions', log))
    assert PROMPTS <= served <= PROMPTS + sum(in_flight)
    counts = json.loads((tmp_path / "run" / "manifest.json").read_text())["stages"]["collect"]
    assert counts["counts"]["usd_for_nothing"] > 0 or sum(in_flight) == 0
