"""`g4tui doctor`: what is there, what is missing, what mends it."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

from g4tui.cli.extras import extras_of
from support.command_line import CommandLine, Result
from support.distributions import RAISES, make_distribution

G4tui = Callable[..., Result]


def test_a_fresh_home_has_no_problem_and_a_remedy_for_the_missing_model(g4tui: G4tui) -> None:
    code, out, err = g4tui("doctor", "--json")
    facts = json.loads(out)
    assert (code, err) == (0, "")
    assert facts["problems"] == []
    assert facts["library"]["check"] == "none yet"
    assert not facts["model"]["ready"]
    assert "g4tui models pull smollm2-135m-instruct" in facts["model"]["remedy"]
    assert {each["name"] for each in facts["paths"]} == {"config", "data", "cache"}
    shown = g4tui("doctor").out
    assert "No problem was found." in shown
    assert "g4tui models pull smollm2-135m-instruct" in shown


def test_every_extra_is_installed_or_has_its_pip_line(process: CommandLine, site: Path) -> None:
    extras = {"here": ["click>=8"], "gone": ["no-such-package>=1"]}
    make_distribution(site, "some-plugin", "G4TUI_API = 1", entry="gone", extras=extras)
    facts = json.loads(process("doctor", "--json").out)
    ours = {each["name"]: each for each in facts["extras"]}
    assert {"llama-cpp", "openai", "ctransformers", "keyring", "hub"} <= set(ours)
    assert all(each["installed"] or "pip install" in each["add"] for each in ours.values())
    shown = process("plugins")
    assert 'pip install "some-plugin[gone]"' in shown.out
    assert "no-such-package" in shown.out


def test_extras_are_read_from_metadata() -> None:
    found = {extra.name: extra for extra in extras_of("g4tui")}
    assert list(found["openai"].packages) == ["openai"]
    assert found["openai"].line == 'pip install "g4tui[openai]"'
    assert extras_of("no-such-distribution-at-all") == []


def test_what_is_broken_is_told_and_ends_nothing(
    process: CommandLine, site: Path, home: Path
) -> None:
    make_distribution(site, "raises", RAISES)
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text("[chat]\nmodle = 'x'\n")
    (home / "config" / "keys.json").write_text("{")
    (home / "data").mkdir()
    (home / "data" / "library.sqlite3").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    code, out, err = process("doctor", "--json")
    assert (code, err) == (0, "")
    problems = "\n".join(json.loads(out)["problems"])
    for word in ("modle", "no luck at import", "keys.json", "library"):
        assert word in problems
    shown = process("doctor")
    assert shown.code == 0
    assert "Problem: " in shown.out


def test_a_damaged_library_is_seen_and_left_alone(g4tui: G4tui, home: Path) -> None:
    assert g4tui("sessions").code == 0
    file = home / "data" / "library.sqlite3"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert json.loads(g4tui("doctor", "--json").out)["library"]["check"] == "ok"
    content = bytearray(file.read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 16] = b"\xee" * 16
    file.write_bytes(content)
    facts = json.loads(g4tui("doctor", "--json").out)
    assert facts["library"]["check"] != "ok"
    assert any("library" in problem for problem in facts["problems"])
    assert file.read_bytes() == content


def test_an_absent_plugins_table_is_a_note(g4tui: G4tui, home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text("[backends.gone]\nx = 1\n")
    facts = json.loads(g4tui("doctor", "--json").out)
    assert any("[backends.gone]" in note for note in facts["notes"])
    assert facts["problems"] == []


def test_a_wrong_backends_table_is_a_problem(g4tui: G4tui, home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text("[backends.openai]\nbase_ulr = 'x'\n")
    facts = json.loads(g4tui("doctor", "--json").out)
    assert any("Did you mean base_url?" in problem for problem in facts["problems"])


def test_keys_are_named_and_never_shown(process: CommandLine) -> None:
    process("config", "set", "backends.openai.base_url", "http://127.0.0.1:9/v1")
    environment = {"OPENAI_API_KEY": "sk-a-secret-of-mine"}
    code, out, _ = process("doctor", "--json", environment=environment)
    assert code == 0
    assert json.loads(out)["keys"][0]["place"] == "environment"
    assert "sk-a-secret" not in out
    assert "sk-a-secret" not in process("doctor", environment=environment).out
