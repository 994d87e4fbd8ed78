"""`g4tui models`: what can be talked to."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from support.command_line import CommandLine, Result

G4tui = Callable[..., Result]
NAMES = {"id", "backend", "title", "size_bytes", "context", "local", "ready", "detail"}


@pytest.fixture
def model(home: Path, default_model: Path) -> str:
    """The default model, in the home's models folder."""
    folder = home / "data" / "models"
    folder.mkdir(parents=True)
    (folder / "smollm2-135m-instruct.gguf").symlink_to(default_model)
    return "llama-cpp:smollm2-135m-instruct"


@pytest.mark.model
def test_a_list_has_the_promised_names(g4tui: G4tui, model: str) -> None:
    for arguments in (["models", "--json"], ["models", "list", "--json"]):
        code, out, err = g4tui(*arguments)
        found = {each["id"]: each for each in json.loads(out)}
        assert (code, err) == (0, "")
        assert all(set(each) >= NAMES for each in found.values())
        assert found[model]["ready"]
        assert found[model]["local"]
        assert found[model]["size_bytes"] == 98_362_432
        assert not found["openai:gpt-4o-mini"]["ready"]


def test_models_are_listed_for_people(process: CommandLine) -> None:
    code, out, err = process("models")
    assert (code, err) == (0, "")
    assert "talker:say" in out
    assert "needs a key" in out
    assert "g4tui keys set openai" in out
    assert "\x1b" not in out


@pytest.mark.model
def test_a_models_header_is_read_without_loading_it(g4tui: G4tui, model: str) -> None:
    for name in (model, "smollm2-135m-instruct"):
        shown = g4tui("models", "info", name).out
        for word in ("llama", "Q4_1", "8192", "apache-2.0", "im_start"):
            assert word in shown
        found = json.loads(g4tui("models", "info", name, "--json").out)
        assert found["file"]["file"]["architecture"] == "llama"


def test_info_on_nothing_says_how_to_get_it(g4tui: G4tui) -> None:
    code, out, err = g4tui("models", "info", "llama-cpp:smollm2-135m-instruct")
    assert (code, out) == (1, "")
    assert "g4tui models pull smollm2-135m-instruct" in err


def test_a_damaged_file_is_told(g4tui: G4tui, tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"GGUF\x03\x00\x00\x00" + b"\xff" * 100)
    code, _, err = g4tui("models", "info", str(tmp_path / "bad.gguf"))
    assert code == 1
    assert str(tmp_path / "bad.gguf") in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("content", "reason"), [(b"no model" * 99, "neither"), (b"", "empty"), (None, "a folder")]
)
def test_a_default_model_that_cannot_be_used_is_listed_with_the_reason(
    g4tui: G4tui, home: Path, content: bytes | None, reason: str
) -> None:
    file = home / "data" / "models" / "smollm2-135m-instruct.gguf"
    if content is None:
        file.mkdir(parents=True)
    else:
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
    name = "llama-cpp:smollm2-135m-instruct"
    listed = {each["id"]: each for each in json.loads(g4tui("models", "--json").out)}
    assert not listed[name]["ready"]
    assert reason in listed[name]["detail"]
    assert str(file) in listed[name]["remedy"]
    told = g4tui("models", "info", "smollm2-135m-instruct")
    assert told.code == 1
    assert reason in told.err and str(file) in told.err
    asked = g4tui("ask", "--no-save", "--no-stdin", "hello")
    assert asked.code == 1
    assert str(file) in asked.err


def test_a_cache_that_cannot_be_made_is_one_error(g4tui: G4tui, home: Path) -> None:
    (home / "cache").mkdir(parents=True)
    (home / "cache" / "plugins").write_text("")
    code, out, err = g4tui("models")
    assert (code, out) == (1, "")
    assert str(home / "cache" / "plugins") in err


def test_a_folder_is_no_model(g4tui: G4tui, tmp_path: Path) -> None:
    asked = g4tui("ask", "-m", f"llama-cpp:{tmp_path}", "--no-save", "--no-stdin", "hello")
    assert asked.code == 1
    assert "a folder" in asked.err
    assert str(tmp_path) in asked.err


@pytest.mark.model
def test_a_file_is_pulled_by_its_path_and_removed(
    g4tui: G4tui, default_model: Path, home: Path
) -> None:
    code, out, _ = g4tui("models", "pull", str(default_model), "--name", "mine", "--json")
    assert code == 0
    assert json.loads(out)["name"] == "mine"
    assert any(each["id"] == "llama-cpp:mine" for each in json.loads(g4tui("models", "--json").out))
    code, out, _ = g4tui("models", "rm", "llama-cpp:mine")
    assert code == 0
    assert "its file stays" in out
    assert default_model.exists()
    assert g4tui("models", "rm", "mine").code == 1


def test_the_catalogue_is_shown_without_a_name(g4tui: G4tui) -> None:
    assert "smollm2-135m-instruct" in g4tui("models", "pull").out
    assert json.loads(g4tui("models", "pull", "--json").out)[0]["name"] == "smollm2-135m-instruct"


def test_an_unknown_source_is_one_clear_error(g4tui: G4tui) -> None:
    code, out, err = g4tui("models", "pull", "no-such-model")
    assert (code, out) == (2, "") or (code, out) == (1, "")
    assert "no-such-model" in err


def test_a_held_model_is_released(process: CommandLine, home: Path) -> None:
    (home / "data").mkdir(parents=True)
    file = home / "data" / "quarantine.json"
    file.write_text(json.dumps({"talker:say": 2}))
    listed = {each["id"]: each for each in json.loads(process("models", "--json").out)}
    assert not listed["talker:say"]["ready"]
    assert "g4tui models release talker:say" in listed["talker:say"]["remedy"]
    first = json.loads(process("models", "release", "talker:say", "--json").out)
    again = json.loads(process("models", "release", "talker:say", "--json").out)
    assert (first["was_held"], again["was_held"]) == (True, False)
    listed = {each["id"]: each for each in json.loads(process("models", "--json").out)}
    assert listed["talker:say"]["ready"]


def test_a_name_without_its_backend_is_told_whole(process: CommandLine) -> None:
    asked = process("ask", "-m", "say", "--no-save", "--no-stdin", "hello")
    assert asked.code == 2
    assert "Did you mean talker:say?" in asked.err


def test_what_makes_a_model_ready_is_told_with_its_name(process: CommandLine, home: Path) -> None:
    (home / "data").mkdir(parents=True)
    (home / "data" / "quarantine.json").write_text(json.dumps({"talker:say": 2}))
    assert "talker:say: " in process("models").out
