"""`g4tui doctor`: what is there, what is missing, what mends it."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from g4tui.cli.extras import extras_of
from g4tui.core import Host, Message
from g4tui.models import DEFAULT, catalogue
from g4tui.paths import Paths
from g4tui.store import Store
from support.command_line import CommandLine, Result
from support.distributions import RAISES, make_distribution

G4tui = Callable[..., Result]


def problems(g4tui: G4tui, *arguments: str) -> list[str]:
    """What wants mending, but for the default model of a fresh home, which is not there."""
    code, out, err = g4tui("doctor", "--json", *arguments)
    assert (code, err) == (0, "")
    found: list[str] = json.loads(out)["problems"]
    return [problem for problem in found if "not on this machine" not in problem]


def put_default(home: Path, content: Path) -> Path:
    """The default model's file, as if it had been pulled from the catalogue."""
    folder = home / "data" / "models"
    folder.mkdir(parents=True)
    file = folder / f"{DEFAULT}.gguf"
    file.symlink_to(content)
    entry = catalogue()[0]
    known = {DEFAULT: {"source": entry.source, "sha256": entry.sha256}}
    (folder / "registry.json").write_text(json.dumps(known))
    return file


def test_a_fresh_home_lacks_a_model_and_nothing_else(g4tui: G4tui) -> None:
    code, out, err = g4tui("doctor", "--json")
    facts = json.loads(out)
    assert (code, err) == (0, "")
    (problem,) = facts["problems"]
    assert "llama-cpp:smollm2-135m-instruct: not on this machine" in problem
    assert "g4tui models pull smollm2-135m-instruct" in problem
    assert facts["library"]["check"] == "none yet"
    assert not facts["model"]["ready"]
    assert "g4tui models pull smollm2-135m-instruct" in facts["model"]["remedy"]
    assert {each["name"] for each in facts["paths"]} == {"config", "data", "cache"}
    shown = g4tui("doctor").out
    assert "No problem was found." not in shown
    assert "g4tui models pull smollm2-135m-instruct" in shown


@pytest.mark.model
def test_a_home_with_its_model_has_no_problem(
    g4tui: G4tui, home: Path, default_model: Path
) -> None:
    put_default(home, default_model)
    assert "No problem was found." in g4tui("doctor").out
    assert "No problem was found." in g4tui("doctor", "--deep").out


@pytest.mark.model
def test_a_default_model_that_is_held_back_is_a_problem(
    g4tui: G4tui, home: Path, default_model: Path
) -> None:
    name = f"llama-cpp:{DEFAULT}"
    file = put_default(home, default_model)
    for model in (name, f"llama-cpp:{file}"):
        assert g4tui("config", "set", "chat.model", model).code == 0
        assert problems(g4tui) == []
        (home / "data" / "quarantine.json").write_text(json.dumps({model: 2}))
        (problem,) = problems(g4tui)
        assert "held back" in problem
        assert f"g4tui models release {model}" in problem


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("openai:gpt-4o-mini", ["needs a key", "g4tui keys set openai"]),
        ("openai:some-newer-model", ["needs a key", "g4tui keys set openai"]),
        ("nobody:x", ["nobody"]),
        ("llama-cpp:other", ["not on this machine", "g4tui config set chat.model"]),
        ("llama-cpp:/no/such.gguf", ["not on this machine"]),
    ],
)
def test_a_default_model_that_cannot_be_used_is_a_problem(
    g4tui: G4tui, model: str, words: list[str]
) -> None:
    assert g4tui("config", "set", "chat.model", model).code == 0
    (problem,) = json.loads(g4tui("doctor", "--json").out)["problems"]
    assert all(word in problem for word in words)


def test_a_damaged_default_model_is_a_problem(g4tui: G4tui, home: Path) -> None:
    file = home / "data" / "models" / f"{DEFAULT}.gguf"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"nonsense")
    (problem,) = problems(g4tui)
    assert "neither GGUF nor GGML" in problem
    assert str(file) in problem


@pytest.mark.model
def test_a_pulled_file_that_changed_is_a_problem(
    g4tui: G4tui, home: Path, default_model: Path
) -> None:
    file = put_default(home, default_model)
    content = bytearray(default_model.read_bytes())
    file.unlink()
    file.write_bytes(content + b"more")
    (problem,) = problems(g4tui)
    assert f"{file}: it has 98362436 bytes" in problem
    content[-1] ^= 1
    file.write_bytes(content)
    assert problems(g4tui) == []
    (problem,) = problems(g4tui, "--deep")
    assert "sha256" in problem
    assert f"g4tui models rm {DEFAULT}" in problem


def test_a_library_of_a_newer_g4tui_is_a_problem(g4tui: G4tui, home: Path) -> None:
    assert g4tui("sessions").code == 0
    file = home / "data" / "library.sqlite3"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    (problem,) = problems(g4tui)
    assert "made by a newer g4tui" in problem
    assert str(file) in problem
    assert "Update g4tui" in problem


def test_names_of_the_screen_that_do_not_exist_are_problems(g4tui: G4tui, home: Path) -> None:
    (home / "config").mkdir(parents=True)
    file = home / "config" / "config.toml"
    file.write_text(
        "[ui]\ntheme = 'drakula'\n[keys]\nquit = 'f10'\n'chat.new' = 'ctl+k, ctrl+k'\n"
        "'chat.model' = 'ctrl+alt+m,é,question_mark,f9,shift+tab'\n"
    )
    found = problems(g4tui)
    assert [problem.splitlines()[0] for problem in found] == [
        "ui.theme has no effect",
        "keys.quit has no effect",
        'keys."chat.new" has no effect',
    ]
    for problem, guess in zip(found, ("dracula", "app.quit", "ctrl+k"), strict=True):
        assert "config.toml: " in problem
        assert f"Did you mean {guess}?" in problem


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
    told = "\n".join(json.loads(out)["problems"])
    for word in ("modle", "no luck at import", "keys.json", "library"):
        assert word in told
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
    assert any("library is damaged" in problem for problem in facts["problems"])
    assert any("g4tui sessions salvage" in problem for problem in facts["problems"])
    assert file.read_bytes() == content


def test_an_absent_plugins_table_is_a_note(g4tui: G4tui, home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text("[backends.gone]\nx = 1\n")
    facts = json.loads(g4tui("doctor", "--json").out)
    assert any("[backends.gone]" in note for note in facts["notes"])
    assert problems(g4tui) == []


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


def test_sizes_of_library_bin_backups_and_what_models_keep(g4tui: G4tui, home: Path) -> None:
    paths = Paths.from_environment({"G4TUI_HOME": str(home)})
    store = Store.open(paths.database)
    kept, binned = (store.create_session(title=title).id for title in ("kept", "binned"))
    store.add_message(binned, None, Message("user", "ä" * 5_000))
    store.bin_session(binned)
    backup = store.backup()
    state = Host(paths.plugin_cache("llama-cpp")).conversation_dir(kept) / "state"
    state.write_bytes(b"x" * 7_000_000)
    library = json.loads(g4tui("doctor", "--json").out)["library"]
    assert library["sessions"] == 2 and library["size_bytes"] > 10_000
    assert (library["in_bin"], library["in_bin_bytes"]) == (1, 10_000)
    assert (library["backups"], library["backups_bytes"]) == (1, backup.stat().st_size)
    assert (library["states"], library["states_bytes"]) == (1, 7_000_000)
    shown = g4tui("doctor").out
    assert all(words in shown for words in ("in the bin", "10 kB", "7.0 MB", "check: ok"))
    store.close()
