"""From pairs to a student in the chat, on a tiny base: whole runs, and what is read of them."""

import json
import math
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import ModelCard

from g4tui.core import Host
from g4tui.formats import read_gguf
from g4tui.paths import Paths
from g4tui_llama_cpp.backend import LlamaCppBackend
from g4tui_llama_cpp.options import LlamaCppOptions
from g4tui_training.evaluate.subjects import Subject, find_subject
from g4tui_training.export.writer import write_gguf
from g4tui_training.train.base import find_base
from support import fault_server as faults
from support.pairs import pair, write_rows
from support.tiny_llama import tiny_llama

Command = Callable[..., tuple[int, str, str]]
TEMPLATE = (
    "{% for m in messages %}[{{ m.role }}] {{ m.content }}<|endoftext|>{% endfor %}"
    "{% if add_generation_prompt %}[assistant] {% endif %}"
)
RECIPE = """\
name = "pet"
[[sources]]
name = "mine"
path = "a.jsonl"
licence = "MIT"
[clean]
off = ["near_duplicate"]
[clean.split]
fraction = 0.2
[train]
base = "tiny"
seeds = [1, 2]
rank = 4
alpha = 8
learning_rate = 1e-2
batch = 4
epochs = 3
max_length = 256
precision = "fp32"
scales = [0.5, 1.0]
[export]
merged = ["base"]
force = true
[evaluate]
tasks = "tasks.jsonl"
answers = 2
answer_tokens = 6
draws = 200
"""
# What the README says to keep of a run, to compare it with others later.
KEPT = (
    "recipe.toml",
    "manifest.json",
    "clean/funnel.json",
    "adapter/*/training.json",
    "adapter/*/metrics.jsonl",
    "gguf/gate.json",
    "evaluation/*.*",
    "report/*.*",
)


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def folder(tmp_path: Path, home: Path) -> Path:
    """A recipe with rows and tasks; its base is the model `tiny` of the chat."""
    plain = find_base(str(tiny_llama(tmp_path / "plain")), tmp_path)
    state = plain.model(torch.float32).state_dict()
    (home / "data" / "models").mkdir(parents=True)
    for name in ("tiny", "other"):
        write_gguf(home / "data" / "models" / f"{name}.gguf", state, plain, "Q8_0", name.title())
    rows = [
        pair(f"r{n}", f"Say {random.Random(n).randbytes(9).hex()}", "word " * (n % 5 + 1))
        for n in range(40)
    ]
    write_rows(tmp_path / "a.jsonl", rows)
    tasks = [
        {"id": f"t{n}", "instruction": f"Do {n}.", "instances": [{"input": "", "output": "words"}]}
        for n in range(4)
    ]
    write_rows(tmp_path / "tasks.jsonl", tasks)
    (tmp_path / "pet.toml").write_text(RECIPE)
    return tmp_path


def done(result: tuple[int, str, str]) -> tuple[str, str]:
    code, out, err = result
    assert code == 0, err
    return out, err


def test_a_student_is_made_judged_registered_and_compared(
    folder: Path, home: Path, train_command: Command
) -> None:
    run = folder / "runs" / "pet"
    out, err = done(train_command("run", "pet.toml", "--yes"))

    # The seed that does best on the rows held back is the one that becomes a file.
    told = {
        seed: json.loads((run / f"adapter/seed-{seed}/training.json").read_text())
        for seed in (1, 2)
    }
    dev = {seed: min(each["loss"] for each in it["scales"].values()) for seed, it in told.items()}
    best = min(dev, key=lambda seed: dev[seed])
    assert f"seed-{best} does best on the rows held back" in err
    assert "Writing" not in err  # a bar of transformers
    header = read_gguf(run / "gguf" / "pet-lora.gguf")
    alpha = header.metadata["adapter.lora.alpha"]
    assert alpha == pytest.approx(8 * told[best]["scale"])  # its scale is in its alpha

    # The chat lists it, with its card, and the command for compare names its base.
    from g4tui.models import Library

    library = Library(Paths.from_environment())
    merged = next(file for file in library.files() if file.name == "pet.Q8_0")
    assert library.info("pet.Q8_0").card == str(run / "report" / "model_card.md")
    assert Path(merged.path).parent == run / "gguf"
    lora = home / "data" / "models" / "pet-lora.gguf"
    assert lora.read_bytes() == (run / "gguf" / "pet-lora.gguf").read_bytes()
    assert f'g4tui compare -m "llama-cpp:tiny" -m "llama-cpp:tiny+{lora}"' in out
    assert header.base_name == read_gguf(home / "data" / "models" / "tiny.gguf").title
    models = LlamaCppBackend().models(Host(folder, library.files()), LlamaCppOptions())
    card = str(run / "report" / "model_card.md")
    assert {model.id: model.card for model in models} == {
        "llama-cpp:tiny": "",
        "llama-cpp:other": "",  # the LoRA would fit it, and was not made for it
        f"llama-cpp:tiny+{lora}": card,
        "llama-cpp:pet.Q8_0": card,
    }

    # The card is one of the hub's.
    card = ModelCard.load(run / "report" / "model_card.md")
    assert card.data.to_dict()["license"] == "other"
    assert card.data.pipeline_tag == "text-generation"
    assert card.data.model_name == "pet"
    assert "Win rate by a judge: not run." in card.text
    assert "win rate was **not run**" in card.text
    assert "ends by itself" in card.text

    # Its base comes first on each engine; the files answer, since they are what a person meets.
    found = json.loads((run / "evaluation" / "perplexity.json").read_text())
    names = [model["name"] for model in found["models"]]
    files = ["base (gguf)", "pet-lora.gguf", "pet.Q8_0.gguf"]
    assert names == ["base", "student seed-1", "student seed-2", *files]
    assert {each["a"] for each in found["paired"]} == {"base", "base (gguf)"}
    answers = json.loads((run / "evaluation" / "answers.json").read_text())
    assert [model["name"] for model in answers["models"]] == files

    # The stage by itself, as other stages, by settings of the recipe.
    stage = ("evaluate", "--recipe", "pet.toml", "--out", run)
    _, err = done(train_command(*stage))
    assert "evaluate: nothing changed" in err
    out, _ = done(train_command(*stage, "--set", "evaluate.draws=100"))
    assert "pet.Q8_0.gguf" in out
    assert json.loads((run / "evaluation" / "perplexity.json").read_text())["draws"] == 100
    for more in (("--model", "tiny"), ("--answers", "3")):
        assert train_command(*stage, *more)[0] == 2

    # Fewer seeds: what another recipe trained is not measured with it.
    done(train_command("run", "pet.toml", "--yes", "--set", "train.seeds=[2]", "--until", "report"))
    found = json.loads((run / "evaluation" / "perplexity.json").read_text())
    assert [model["name"] for model in found["models"]] == ["base", "student", *files]
    assert (run / "report" / "model_card.md").read_text().count("float32, CPU") == 1

    # The same recipe by another seed, and an arm beside it, on other tokens.
    one = ("--set", "export.lora=false", "--set", "export.merged=[]", "--set", "evaluate.answers=0")
    other = (*one, "--set", "train.seeds=[1]", "--out", "pet-1")
    out, err = done(train_command("run", "pet.toml", "--yes", *other))
    assert "nothing to register" in err
    arm = (*one, "--set", "train.seeds=[1]", "--set", "train.tokens=900", "--out", "arm")
    done(train_command("run", "pet.toml", "--yes", *arm))
    runs = (run, "pet-1", "arm")
    out, _ = done(train_command("report", "--compare", *runs, "--out", "page"))
    page = (folder / "page" / "comparison.md").read_text()
    assert (folder / "page" / "histogram.png").read_bytes().startswith(b"\x89PNG")
    for text in (page, out):
        for name in ("base", "pet (pet), mean of 2 seeds", "pet (arm)", "pet.Q8_0.gguf"):
            assert name in text.replace("\\", "")
    assert "## Less or more than pet (pet)" in page.replace("\\", "")
    tokens = json.loads((folder / "arm/adapter/seed-1/training.json").read_text())["tokens"]
    assert tokens == pytest.approx(900, rel=0.1)
    assert f"{tokens:,}" in page
    code, _, err = train_command("report", "--compare", *runs, "pet-1")
    assert (code, "Seed 1 of pet (pet) is there twice" in err) == (2, True)

    # Only a run's records are needed, as the README lists them.
    for each in runs:
        for pattern in KEPT:
            for file in (folder / each).glob(pattern):
                to = folder / "kept" / Path(each).name / file.relative_to(folder / each)
                to.parent.mkdir(parents=True, exist_ok=True)
                to.write_bytes(file.read_bytes())
    kept = [folder / "kept" / Path(each).name for each in runs]
    done(train_command("report", "--compare", *kept, "--out", "kept/page"))
    assert (folder / "kept" / "page" / "comparison.md").read_text() == page

    scores = folder / "arm" / "evaluation" / "per_task.jsonl"
    scores.write_text(scores.read_text().replace('"digest":"', '"digest":"other'))
    code, _, err = train_command("report", "--compare", run, "arm")
    assert (code, "cannot be compared" in err) == (2, True)


def judge(connection: faults.Connection) -> None:
    """Always takes what stands first, so that every duel is a tie."""
    if connection.path.endswith("/models"):
        faults.models("judge")(connection)
        return
    said = faults.delta("Both are fine. [[A]]")
    faults.stream(said, faults.delta(finish="stop"), faults.DONE)(connection)


def test_a_judge_is_asked_once_the_person_agrees(
    folder: Path, home: Path, train_command: Command
) -> None:
    (folder / "prompts.jsonl").write_text(
        '{"id":"1","source":"s","licence":"MIT","prompt":"Hello?"}\n'
        '{"id":"2","source":"s","licence":"MIT","prompt":"Who?"}\n'
    )
    line = (
        "evaluate", "--model", "base=tiny", "--model", "again=tiny", "--tasks", "tasks.jsonl",
        "--prompts", "prompts.jsonl", "--out", "found", "--judge", "openai@here:judge",
    )  # fmt: skip
    with faults.FaultServer(judge) as server:
        (home / "config").mkdir()
        (home / "config" / "config.toml").write_text(
            f'[backends.openai.servers.here]\nbase_url = "{server.base_url}"\n'
            "[backends.openai.prices.judge]\ninput = 10.0\noutput = 30.0\n"
        )
        out, err = done(train_command(*line))
        assert "4 questions, about" in err
        assert re.search(r"\$0\.0\d+ at most", err)
        assert "say --yes to go on" in err
        assert "No judge was asked: not run" in err
        assert server.chats == []
        assert json.loads((folder / "found" / "answers.json").read_text())["judged"] == []
        out, err = done(train_command(*line, "--yes"))
        assert len(server.chats) == 4
        (rate,) = json.loads((folder / "found" / "answers.json").read_text())["judged"]
        assert (rate["ties"], rate["swayed"], rate["win_rate"]) == (2, 2, 0.5)
        assert "Judged by openai@here:judge" in out
        # What was judged is not asked, nor paid, again.
        out, err = done(train_command(*line))
        assert len(server.chats) == 4
        assert "questions" not in err


def test_the_template_of_a_training_goes_with_the_student(
    folder: Path, train_command: Command
) -> None:
    (folder / "t.jinja").write_text(TEMPLATE)
    run = folder / "run"
    one = ("--set", "train.seeds=[1]", "--set", "train.template=t.jinja", "--set", "export.force=")
    line = ("run", "pet.toml", "--out", run, "--yes", *one[:4], "--set", "train.epochs=0.2")
    _, err = done(train_command(*line, "--set", "export.force=false", "--until", "evaluate"))
    gate = json.loads((run / "gguf" / "gate.json").read_text())
    checks = {
        verdict["file"]: {check["name"]: check["passed"] for check in verdict["checks"]}
        for verdict in gate
    }
    # The base's own file has another template, so a LoRA on it would be asked in another way.
    assert not checks["pet-lora.gguf"]["template"]
    merged = checks["pet.Q8_0.gguf"]
    assert (merged["template"], merged["tokens"], merged["stop token"]) == (True, True, True)
    assert "pet-lora.gguf did not pass the gate" in err
    subject = Subject("s", str(run / "adapter" / "seed-1"), "tiny", template="t.jinja")
    model = find_subject(subject, folder, Paths.from_environment()).open(Paths.from_environment())
    assert model.end == 0  # <|endoftext|>, as trained
    found = json.loads((run / "evaluation" / "perplexity.json").read_text())
    assert all(math.isfinite(each["corrected"]["mean"]) for each in found["models"])
    (folder / "t.jinja").unlink()
    code, _, err = train_command(*line, "--from", "train")
    assert (code, "t.jinja" in err) == (1, True)
