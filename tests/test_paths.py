"""Where things lie."""

import stat
from pathlib import Path

import pytest

from g4tui.core import G4tuiError
from g4tui.paths import Paths


def test_one_variable_moves_everything(tmp_path: Path) -> None:
    paths = Paths.from_environment({"G4TUI_HOME": str(tmp_path / "home")})
    places = [
        paths.config_file,
        paths.settings_file,
        paths.keys_file,
        paths.database,
        paths.models,
        paths.logs,
        paths.plugin_cache("openai"),
        paths.quarantine_file,
        paths.worker_log("llama-cpp:x"),
    ]
    assert all(place.is_relative_to(tmp_path / "home") for place in places)
    assert len(set(places)) == len(places)


def test_folders_are_private_and_made_when_they_are_used(tmp_path: Path) -> None:
    paths = Paths.from_environment({"G4TUI_HOME": str(tmp_path / "a" / "home")})
    assert not paths.config.exists()
    assert not paths.data.exists()
    made = [paths.models, paths.logs, paths.plugin_cache("x"), paths.database.parent]
    for folder in [*made, tmp_path / "a", tmp_path / "a" / "home"]:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_without_the_variable_the_platform_decides() -> None:
    for environ in ({}, {"G4TUI_HOME": ""}):
        paths = Paths.from_environment(environ)
        assert paths.config.is_absolute()
        assert "g4tui" in str(paths.data)


def test_a_relative_home_does_not_follow_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = Paths.from_environment({"G4TUI_HOME": "here"})
    monkeypatch.chdir("/")
    assert paths.data == tmp_path / "here" / "data"


def test_a_file_in_the_way_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    paths = Paths.from_environment({"G4TUI_HOME": str(tmp_path / "home")})
    with pytest.raises(G4tuiError) as caught:
        _ = paths.models
    assert caught.value.info.kind == "storage"
    assert str(tmp_path / "home") in caught.value.info.detail
    assert "G4TUI_HOME" in caught.value.info.remedy


@pytest.mark.parametrize(
    "model", ["openai:a/../../b", "llama-cpp:/home/x y/ä.gguf", "a:", "x" * 500]
)
def test_a_log_stays_in_its_folder_whatever_the_model_is_called(tmp_path: Path, model: str) -> None:
    paths = Paths.from_environment({"G4TUI_HOME": str(tmp_path)})
    log = paths.worker_log(model)
    assert log.parent == paths.logs
    assert len(log.name) < 100
    log.write_text("it is a possible name")
    assert log == paths.worker_log(model) != paths.worker_log(model + "2")
