"""Personas: those that come with g4tui, and a person's own."""

from pathlib import Path

import pytest

from g4tui.config.personas import Persona, own_folder, personas, save_persona
from g4tui.core import G4tuiError, Params
from g4tui.paths import Paths


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "config", tmp_path / "data", tmp_path / "cache")


def test_three_come_with_g4tui_and_one_of_the_persons_own_goes_before(paths: Paths) -> None:
    found, wrong = personas(paths)
    assert set(found) == {"plain", "reviewer", "tutor"} and not wrong
    assert all(each.system and each.about for each in found.values())
    save_persona(paths, "plain", Persona("Mine.\nAll mine.", "about", Params(temperature=1.5)))
    found, wrong = personas(paths)
    assert found["plain"] == Persona("Mine.\nAll mine.", "about", Params(temperature=1.5))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("system = 3", "system"),
        ("about = 'x'", "system"),
        ("system = 'x'\n[params]\ntemperature = 99", "temperature"),
        ("system = 'x'\nsistem = 'y'", "sistem"),
        ("system = ", "wrong.toml"),
    ],
)
def test_one_that_is_wrong_is_told_and_the_others_stay(paths: Paths, text: str, told: str) -> None:
    own_folder(paths).mkdir(parents=True)
    (own_folder(paths) / "wrong.toml").write_text(text)
    found, (error,) = personas(paths)
    assert set(found) == {"plain", "reviewer", "tutor"}
    assert told in str(error)


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 50])
def test_a_name_that_is_no_files_name_is_refused(paths: Paths, name: str) -> None:
    with pytest.raises(G4tuiError, match="no name"):
        save_persona(paths, name, Persona("x"))


def test_nothing_is_overwritten(paths: Paths) -> None:
    save_persona(paths, "mine", Persona("first"))
    with pytest.raises(G4tuiError, match="already"):
        save_persona(paths, "mine", Persona("second"))
    assert personas(paths)[0]["mine"].system == "first"
