"""A recipe with a tiny base and a few rows, cleaned already."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.pairs import pair, write_rows
from support.tiny_llama import tiny_llama

RECIPE = """\
name = "tiny"
[train]
base = "base"
rank = 4
alpha = 8
dropout = 0.1
learning_rate = 1e-2
batch = 4
epochs = 2
max_length = 256
short_answer_weight = 2.0
precision = "fp32"
evaluate_every = 4
checkpoint_minutes = 1e-6
scales = [0.5, 1.0]
"""


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of random weights, as a folder of Hugging Face."""
    return tiny_llama(tmp_path_factory.mktemp("tiny") / "base")


@pytest.fixture
def make_run(tmp_path: Path, tiny_base: Path) -> Callable[..., Path]:
    """Makes `tmp_path/recipe.toml` (with values of `[train]` set anew) and a run's cleaned rows."""

    def make(name: str = "run", rows: int = 24, **values: Any) -> Path:
        import tomllib

        import tomli_w

        recipe = tomllib.loads(RECIPE)
        recipe["train"] |= {"base": str(tiny_base), **values}
        (tmp_path / "recipe.toml").write_text(tomli_w.dumps(recipe))
        run = tmp_path / name
        written = [
            pair(f"row {n}", "word " * (n % 7 + 1), source=f"s{n % 2}/x", id=f"r{n}")
            for n in range(rows)
        ]
        write_rows(run / "clean" / "train.jsonl", written)
        write_rows(
            run / "clean" / "eval.jsonl",
            [pair(f"dev {n}", "word", source="dev", id=f"d{n}") for n in range(4)],
        )
        return run

    return make
