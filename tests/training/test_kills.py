"""Killed with -9 in train, export and evaluate, a run ends as if nothing had been."""

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch

from g4tui_training.export.writer import write_gguf
from g4tui_training.train.base import find_base
from support.killable import Killable, killable, known
from support.pairs import varied, write_rows
from support.tiny_llama import tiny_llama

RECIPE = """\
name = "tiny"
[[sources]]
name = "here"
path = "rows.jsonl"
licence = "MIT"
[clean.split]
fraction = 0.2
[train]
base = "base.gguf"
rank = 4
dropout = 0.1
learning_rate = 5e-3
batch = 4
epochs = 2
max_length = 512
precision = "fp32"
evaluate_every = 4
checkpoint_minutes = 1e-6
scales = [0.5, 1.0]
[export]
merged = ["base"]
force = true
[evaluate]
tasks = "tasks.jsonl"
answers = 2
answer_tokens = 8
"""
STAGES = ("train", "export", "evaluate")
TIMES = ("seconds", "memory", "first_s", "tok_per_s", "peak_bytes")


class Unbroken(NamedTuple):
    """`before`: the run as it is before each stage; `work`: how long each works, in seconds."""

    folder: Path
    process: Killable
    before: dict[str, Path]
    work: dict[str, float]
    result: dict[str, Any]

    def run(self, run: Path, kill_after: float | None = None) -> int:
        """All that is left of a run."""
        recipe = self.folder / "recipe.toml"
        ended = self.process.run(
            "run", recipe, "--out", run, "--until", "evaluate", "--yes", kill_after=kill_after
        )
        assert ended.code in (0, -9), ended.said
        return ended.code


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unbroken]:
    folder = tmp_path_factory.mktemp("kills")
    plain = find_base(str(tiny_llama(folder / "base")), folder)
    write_gguf(folder / "base.gguf", plain.model(torch.float32).state_dict(), plain, "Q8_0", "Tiny")
    (folder / "recipe.toml").write_text(RECIPE)
    write_rows(folder / "rows.jsonl", varied(24, words=12))
    tasks = [
        {
            "id": str(n),
            "instruction": f"Say {n}.",
            "instances": [{"input": "", "output": "It is " + "so " * n}],
        }
        for n in range(4)
    ]
    write_rows(folder / "tasks.jsonl", tasks)
    before, work = {}, {}
    with killable(folder / "home") as process:
        for stage in ("map", *STAGES):
            ended = process.run(
                "run", folder / "recipe.toml", "--out", folder / "run", "--until", stage, "--yes"
            )
            assert ended.code == 0, ended.said
            work[stage] = ended.worked
            later = STAGES[STAGES.index(stage) + 1 :] if stage in STAGES else STAGES
            if later:
                before[later[0]] = shutil.copytree(folder / "run", folder / f"before-{later[0]}")
        yield Unbroken(folder, process, before, work, result(folder / "run"))


def result(run: Path) -> dict[str, Any]:
    """All that the stages made; what is JSON without its times, the rest as bytes."""
    found: dict[str, Any] = {}
    for file in sorted(run.rglob("*")):
        name = str(file.relative_to(run))
        if not file.is_file() or name.partition("/")[0] in (".lock", "manifest.json", "clean"):
            continue
        data = file.read_bytes()
        if file.suffix in (".json", ".jsonl") and name.partition("/")[0] != "merged":
            lines = [data] if file.suffix == ".json" else data.splitlines()
            found[name] = [known(json.loads(line), *TIMES) for line in lines]
        else:
            found[name] = data
    return found


def kill(unbroken: Unbroken, run: Path, stage: str, times: int, chance: random.Random) -> None:
    """Kill a run so many times in a stage, then let it end."""
    shutil.copytree(unbroken.before[stage], run)
    killed = 0
    while killed < times:
        moment = chance.uniform(0.02, 0.9) * unbroken.work[stage]
        if unbroken.run(run, moment):
            killed += 1
        else:  # it was through before
            assert result(run).keys() == unbroken.result.keys()
            shutil.rmtree(run)
            shutil.copytree(unbroken.before[stage], run)
    assert unbroken.run(run) == 0


def check(unbroken: Unbroken, run: Path) -> None:
    found = result(run)
    assert found.keys() == unbroken.result.keys()
    for name, value in unbroken.result.items():
        assert found[name] == value, name


@pytest.mark.parametrize("stage", STAGES)
def test_killed_it_ends_as_if_nothing_had_been(
    unbroken: Unbroken, tmp_path: Path, stage: str
) -> None:
    kill(unbroken, tmp_path / "run", stage, 1, random.Random(stage))
    check(unbroken, tmp_path / "run")


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("stage", STAGES)
def test_killed_five_times(unbroken: Unbroken, tmp_path: Path, stage: str) -> None:
    kill(unbroken, tmp_path / "run", stage, 5, random.Random(f"{stage} 5"))
    check(unbroken, tmp_path / "run")
