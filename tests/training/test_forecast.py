"""`run --dry-run`: what a run will take, told without running, loading or downloading anything."""

import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from g4tui_training.forecast.machine import Machine, Size
from g4tui_training.loading import load_recipe
from support.pairs import pair, write_rows

Command = Callable[..., tuple[int, str, str]]
RECIPES = Path(__file__).parents[2] / "examples" / "recipes"


def rows_of(out: str) -> dict[str, str]:
    return {
        line.split()[0]: " ".join(line.split())
        for line in out.splitlines()
        if line.startswith(" ") and line.strip()
    }


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("it went to the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_gpt4all_is_forecast_as_it_was(
    tmp_path: Path, home: Path, offline: None, train_command: Command
) -> None:
    code, out, err = train_command("run", RECIPES / "gpt4all-2023.toml", "--dry-run")
    assert code == 0, err
    found = rows_of(out)
    assert "1,000,289 questions to openai:gpt-3.5-turbo" in found["collect"]
    assert found["collect"].endswith("$500")
    steps = int(re.search(r"([\d,]+) steps", found["train"])[1].replace(",", ""))  # type: ignore[index]
    assert steps == pytest.approx(52_000, rel=0.01)
    assert "on 8 GPUs" in found["train"]
    assert "about 8 h" in found["train"]
    assert re.search(r"in all about \d+ h \d+\.\d GB \$\d{3}", found["in"])
    assert not (tmp_path / "runs").exists()


def test_torch_is_not_needed(tmp_path: Path, home: Path) -> None:
    script = (
        "import sys\n"
        "for name in ('torch', 'transformers', 'peft', 'numpy'): sys.modules[name] = None\n"
        "from g4tui_training.main import run\n"
        f"sys.exit(run(['run', {str(RECIPES / 'gpt4all-2023.toml')!r}, '--dry-run']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "on 8 GPUs" in done.stdout


def test_rows_that_are_here_are_counted_and_every_seed_costs(
    tmp_path: Path, home: Path, default_model: Path, offline: None, train_command: Command
) -> None:
    recipe = RECIPES / "laptop.toml"
    base = f"train.base={default_model}"
    code, out, err = train_command("run", recipe, "--dry-run", "--set", base)
    assert code == 0, err
    found = rows_of(out)
    assert "1,545 prompts of 7 sources" in found["prompts"]
    assert "nobody is asked" in found["collect"]
    rows = int(re.search(r"([\d,]+) rows of", found["train"])[1].replace(",", ""))  # type: ignore[index]
    assert rows == pytest.approx(1380, rel=0.03)  # as the tokenizer finds
    assert "145 tokens/s (a guess)" in err
    # A seed has to fit between other work on two cores.
    if "2 cores" in out:
        assert int(re.search(r"on 2 cores about (\d+) min", found["train"])[1]) < 45  # type: ignore[index]
    code, out, err = train_command(
        "run", recipe, "--dry-run", "--set", base, "--set", "train.seeds=[1, 2, 3]"
    )
    assert "3 seeds" in rows_of(out)["train"]
    assert not (tmp_path / "runs").exists()


def test_a_source_that_gives_nothing_is_told(
    tmp_path: Path, home: Path, default_model: Path, offline: None, train_command: Command
) -> None:
    write_rows(tmp_path / "a.jsonl", [{"conversations": [{"from": "human", "value": "q"}]}])
    recipe = tmp_path / "r.toml"
    source = '[[sources]]\npath = "a.jsonl"\nlicence = "MIT"\n'
    recipe.write_text(f'name = "r"\n{source}name = "b"\n{source}name = "a"\nshape = "alpaca"\n')
    base = f"train.base={default_model}"
    code, _, err = train_command("run", recipe, "--dry-run", "--set", base)
    assert code == 0, err
    assert "a: gives nothing: 1 rows, none fit (a message without text)." in err


def test_an_arm_differs_from_its_recipe_in_what_it_is_for() -> None:
    whole = load_recipe(RECIPES / "laptop.toml")
    sources = {source.name for source in whole.sources}
    for name, extra, gone, weight in (
        ("laptop-no-short", set(), set(), 0.0),
        ("laptop-p3", {"p3"}, set(), 2.0),
        ("laptop-p3-only", {"p3"}, sources - {"seed-tasks-dev"}, 2.0),
    ):
        arm = load_recipe(RECIPES / f"{name}.toml")
        assert {source.name for source in arm.sources} == (sources | extra) - gone
        same = {"seeds": (1,), "short_answer_weight": weight}
        assert arm.train == msgspec.structs.replace(whole.train, **same)
        assert arm.clean == whole.clean
        assert (arm.evaluate.tasks, arm.evaluate.limit) == (whole.evaluate.tasks, 0)


def test_what_a_run_has_done_is_not_forecast_again(
    tmp_path: Path, home: Path, train_command: Command
) -> None:
    written = [pair(f"question {n}", "word " * 20, id=f"r{n}") for n in range(64)]
    write_rows(tmp_path / "a.jsonl", written)
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "config.json").write_text("{}")
    (tmp_path / "r.toml").write_text(
        'name = "r"\n[[sources]]\nname = "a"\npath = "a.jsonl"\nlicence = "MIT"\n'
        '[train]\nbase = "base"\nbatch = 8\nepochs = 2\n[clean]\noff = ["near_duplicate"]\n'
        "[clean.split]\nfraction = 0.0\n"
    )
    line = ("run", "r.toml", "--out", "run")
    code, out, err = train_command(*line, "--dry-run")
    assert code == 0, err
    assert "16 steps: 64 rows" in rows_of(out)["train"]
    assert "How large base is cannot be told" in err
    assert train_command(*line, "--until", "clean")[0] == 0
    before = sorted((tmp_path / "run").rglob("*"))
    code, out, err = train_command(*line, "--dry-run", "--set", "train.tokens=100")
    assert not {"prompts", "collect", "clean"} & rows_of(out).keys()
    assert "prompts: it is there already" in err
    assert re.search(r"\d steps: \d+ rows", rows_of(out)["train"])
    assert sorted((tmp_path / "run").rglob("*")) == before


def test_a_llama_of_seven_billion_has_the_adapter_that_it_has() -> None:
    train = SimpleNamespace(targets=("q_proj", "v_proj"), rank=8)
    recipe = SimpleNamespace(train=train)
    adapter = Size(6_738_415_616, 0).adapter(recipe)  # type: ignore[arg-type]
    assert adapter == pytest.approx(4_194_304, rel=0.5)
    machine = Machine("x", 4e12)
    assert machine.train_seconds(Size(10**9, 0), 1000) == 1.0
    assert machine.read_seconds(Size(10**9, 0), 1000) == 0.5
