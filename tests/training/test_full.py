"""The whole road for real: the smoke recipe on the 135M model, to a student that answers."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SMOKE = Path(__file__).parents[2] / "examples" / "recipes" / "smoke.toml"
QUESTION = "Name three fruits."

pytestmark = [pytest.mark.full, pytest.mark.model, pytest.mark.timeout(3600)]


def test_the_smoke_recipe_ends_with_a_student_that_answers(
    tmp_path: Path, default_model: Path
) -> None:
    models = tmp_path / "home" / "data" / "models"
    models.mkdir(parents=True)
    shutil.copyfile(default_model, models / default_model.name)

    def call(*line: str | Path) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *map(str, line)],
            env={**os.environ, "G4TUI_HOME": str(tmp_path / "home")},
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    call("g4tui_training", "run", SMOKE, "--out", "run", "--yes")
    for name in ("evaluation/perplexity.json", "report/model_card.md", "report/data_card.md"):
        assert (tmp_path / "run" / name).stat().st_size > 500
    gate = json.loads((tmp_path / "run/gguf/gate.json").read_text())
    names = {each["file"] for each in gate}
    assert len(names) == 2
    # Perplexity is a matter of how much was trained and of how many tasks; the rest is not.
    for each in gate:
        wrong = {check["name"] for check in each["checks"] if not check["passed"]}
        assert wrong <= {"better than the base", "quantised"}, each
    registered = json.loads((tmp_path / "run/report/registered.json").read_text())
    listed = {each["id"]: each for each in json.loads(call("g4tui", "models", "--json"))}
    students = [each for each in registered["models"] if listed[each]["ready"]]
    assert len(students) == 2
    asked = ("-m", f"llama-cpp:{default_model.stem}", "-m", students[0], "--json")
    compared = json.loads(call("g4tui", "compare", QUESTION, *asked))
    for answer in compared["answers"]:
        assert answer["finish_reason"] in ("stop", "length")
        assert answer["text"].strip()
