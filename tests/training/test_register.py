"""Register: a student becomes one of the chat's models, also after a cut in the middle."""

import shutil
from pathlib import Path

import pytest

from g4tui.core import G4tuiError
from g4tui.models import Library
from g4tui.paths import Paths
from g4tui_training.register.stage import register
from support.lora import write_lora


@pytest.fixture
def paths(home: Path) -> Paths:
    found = Paths.from_environment()
    found.models.mkdir(parents=True, exist_ok=True)
    return found


def test_what_a_killed_register_had_copied_is_registered(paths: Paths, tmp_path: Path) -> None:
    base = paths.models / "base.gguf"
    base.write_bytes(b"")
    student = write_lora(tmp_path / "student.gguf")
    copied = paths.models / "student.gguf"
    shutil.copyfile(student, copied)
    made = register([student], tmp_path / "card.md", paths, base)
    assert made.models[0].endswith(f"+{copied}")
    assert Library(paths).info("student").card == str(tmp_path / "card.md")


def test_another_model_of_that_name_is_not_written_over(paths: Paths, tmp_path: Path) -> None:
    base = paths.models / "base.gguf"
    base.write_bytes(b"")
    student = write_lora(tmp_path / "student.gguf")
    other = write_lora(paths.models / "student.gguf", seed=2)
    before = other.read_bytes()
    with pytest.raises(G4tuiError, match="called student already"):
        register([student], tmp_path / "card.md", paths, base)
    assert other.read_bytes() == before
