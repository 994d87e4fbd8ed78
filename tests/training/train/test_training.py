"""Training a tiny model for real: to the end, killed, damaged, by two processes, gone wrong."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from g4tui.core import Cancel, G4tuiError
from g4tui_training.console import context_for
from g4tui_training.stages import run_stage
from g4tui_training.train import checkpoint, loop
from g4tui_training.train.commands import make_stage
from g4tui_training.train.metrics import DevLoss, StepLine, read_metrics

MakeRun = Callable[..., Path]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def train(run: Path, again: bool = False) -> str:
    context = context_for(run.parent / "recipe.toml", run)
    with context.run.locked():
        return run_stage(make_stage(), context, again=again)


def command(run: Path, *before: str) -> list[str]:
    line = ["-m", "g4tui_training", "train", "--recipe", str(run.parent / "recipe.toml")]
    return [*before, *line, "--out", str(run)]


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / "adapter" / "seed-1" / "adapter_model.safetensors")


def metrics(run: Path) -> list[dict[str, Any]]:
    """The lines of the metrics file, without what a clock or a machine decides."""
    lines = (run / "adapter" / "seed-1" / "metrics.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    for line in found:
        line.pop("seconds", None)
        line.pop("memory", None)
    return found


def same(one: Path, other: Path) -> bool:
    first, second = weights(one), weights(other)
    equal = first.keys() == second.keys()
    return equal and all(torch.equal(first[name], second[name]) for name in first)


def summary(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "adapter/seed-1/training.json").read_text())
    return found


def test_a_student_learns_and_is_written_whole(make_run: MakeRun) -> None:
    run = make_run()
    assert train(run) == "done"
    folder = run / "adapter" / "seed-1"
    names = {file.name for file in folder.iterdir()}
    assert names == {
        "adapter_model.safetensors",
        "adapter_config.json",
        "metrics.jsonl",
        "loss.png",
        "training.json",
    }
    dev = [line["dev"]["loss"] for line in metrics(run) if "dev" in line]
    assert len(dev) == 4  # before step 1, after 4, 8 and 12
    assert min(dev[1:]) < dev[0] - 2
    done = summary(run)
    assert done["step"] == 4 * (1 + dev[1:].index(min(dev[1:])))
    best = min(done["scales"], key=lambda scale: done["scales"][scale]["loss"])
    assert done["scale"] == float(best)
    config = json.loads((folder / "adapter_config.json").read_text())
    assert config["lora_alpha"] == 8 * done["scale"]
    assert (folder / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert not (run / ".work" / "train").exists()
    assert train(run) == "skipped"


def stopped(run: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Train up to a step, and stop as by Ctrl+C."""
    context = context_for(run.parent / "recipe.toml", run)
    report = loop._report

    def reported(training: loop.Training, line: StepLine, plan: Any) -> None:
        report(training, line, plan)
        if line.step == step:
            training.cancel.request()

    with monkeypatch.context() as patch:
        patch.setattr(loop, "_report", reported)
        with context.run.locked(), pytest.raises(KeyboardInterrupt):
            run_stage(make_stage(), context)


def test_stopped_it_goes_on_and_passes_over_what_is_damaged(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    unbroken, run = make_run("unbroken"), make_run("run")
    train(unbroken)
    stopped(run, monkeypatch, 6)
    kept = sorted((run / ".work" / "train" / "seed-1").iterdir())
    assert [folder.name for folder in kept] == ["checkpoint-0000005", "checkpoint-0000006"]
    file = kept[1] / "optimizer.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\0")
    (kept[1].parent / "checkpoint-0000007").mkdir()
    said: list[str] = []
    context = context_for(run.parent / "recipe.toml", run)
    object.__setattr__(context, "say", said.append)
    with context.run.locked():
        run_stage(make_stage(), context)
    text = "\n".join(said)
    assert "checkpoint-0000007: it was not finished" in text
    assert "checkpoint-0000006: optimizer.safetensors is damaged" in text
    assert "going on from step 5" in text
    assert same(unbroken, run)
    assert metrics(unbroken) == metrics(run)


def test_another_recipe_is_not_mixed_in(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run()
    stopped(run, monkeypatch, 3)
    make_run(learning_rate=2e-2)
    with pytest.raises(G4tuiError) as raised:
        train(run)
    assert "another recipe" in raised.value.info.title
    assert "--again" in raised.value.info.remedy
    assert train(run, again=True) == "done"


def test_two_processes_match_one(make_run: MakeRun) -> None:
    one, two = make_run("one"), make_run("two")
    train(one)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    ended = subprocess.run(
        command(two, *launcher, "--nproc_per_node", "2"),
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        timeout=150,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    assert (summary(one)["processes"], summary(two)["processes"]) == (1, 2)
    pairs = list(zip(metrics(one), metrics(two), strict=True))
    assert len(pairs) == 16
    for first, second in pairs:
        assert first["step"] == second["step"]
        assert first.get("loss", 0) == pytest.approx(second.get("loss", 0), abs=1e-5)


def test_a_loss_that_is_no_number_names_its_rows_and_keeps_the_checkpoint(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run()
    losses = loop.token_losses
    calls = 0

    def broken(model: Any, pack: Any) -> torch.Tensor:
        nonlocal calls
        calls += 1
        found = losses(model, pack)
        return found * float("nan") if calls == 3 else found

    monkeypatch.setattr(loop, "token_losses", broken)
    with pytest.raises(G4tuiError) as raised:
        train(run)
    told = raised.value.info
    assert "not a number" in told.title
    assert "r4, r9, r15" in told.detail
    assert "checkpoint-0000001" in told.detail
    assert "learning_rate" in told.remedy
    assert [line.step for line in read_metrics(run / "adapter/seed-1/metrics.jsonl")] == [0, 1]


def test_it_ends_early_and_keeps_the_best(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(patience=1, evaluate_every=2, checkpoint_minutes=9, scales=[1.0])
    losses = iter([5.0, 3.0, 2.0, 4.0, 2.0])  # before step 1, after 2, 4, 6, for the scale
    monkeypatch.setattr(loop, "dev_loss", lambda *_: DevLoss(next(losses), 1.0))
    train(run)
    assert [line["step"] for line in metrics(run) if "dev" in line] == [0, 2, 4, 6]
    done = summary(run)
    assert (done["steps"], done["step"]) == (6, 4)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"max_length": 4096}, "reads 512 tokens"),
        ({"max_length": 8}, "longer than 8 tokens"),
        ({"short_answer_tokens": 99, "short_answer_weight": 0.0}, "24 rows have weight 0"),
        ({"targets": ["w_pack"]}, "gate_proj"),
        ({"base": "nowhere/at/all"}, "no base nowhere"),
    ],
)
def test_what_cannot_work_is_said_before_any_work(
    make_run: MakeRun, home: Path, values: dict[str, Any], words: str
) -> None:
    with pytest.raises(G4tuiError) as raised:
        train(make_run(**values))
    assert words in str(raised.value.info)


def test_too_little_memory_names_the_setting(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("g4tui_training.train.stage.free_memory", lambda device: 1000)
    with pytest.raises(G4tuiError) as raised:
        train(make_run())
    assert "gradient_checkpointing" in raised.value.info.remedy


def test_variants_of_lora_train_too(make_run: MakeRun) -> None:
    for values in ({"dora": True}, {"rslora": True}, {"gradient_checkpointing": True}):
        run = make_run("-".join(values), rows=8, epochs=1, **values)
        assert train(run) == "done"
        dev = [line["dev"]["loss"] for line in metrics(run) if "dev" in line]
        assert dev[-1] < dev[0]


def test_asking_to_stop_before_it_begins_changes_nothing(make_run: MakeRun) -> None:
    run = make_run()
    context = context_for(run.parent / "recipe.toml", run)
    object.__setattr__(context, "cancel", Cancel())
    context.cancel.request()
    with context.run.locked(), pytest.raises(KeyboardInterrupt):
        run_stage(make_stage(), context)
    assert not (run / "adapter" / "seed-1" / "training.json").exists()


@pytest.mark.parametrize("mark", ["FSDP", "DEEPSPEED"])
def test_a_launcher_that_splits_the_model_is_refused(
    make_run: MakeRun, train_command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, mark: str
) -> None:
    monkeypatch.setenv(f"ACCELERATE_USE_{mark}", "true")
    run = make_run()
    code, _, err = train_command("train", "--recipe", run.parent / "recipe.toml", "--out", run)
    assert code == 1
    assert "holds the whole base" in " ".join(err.split())
    assert not (run / "adapter").exists()


def test_a_disk_that_fills_up_in_a_checkpoint_costs_no_step(
    make_run: MakeRun, small_disk: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    unbroken = make_run("unbroken")
    train(unbroken)
    run = small_disk("4m") / "run"
    shutil.copytree(unbroken / "clean", run / "clean")
    (run.parent / "recipe.toml").write_bytes((unbroken.parent / "recipe.toml").read_bytes())
    filler = run.parent / "filler"
    save = checkpoint.write_whole

    def full_at_the_optimizer(file: Path, data: bytes) -> None:
        if file.parent.name == "checkpoint-0000005" and file.name.startswith("optimizer"):
            free = shutil.disk_usage(run).free
            filler.write_bytes(bytes(free - len(data) // 2))
        save(file, data)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "write_whole", full_at_the_optimizer)
        with pytest.raises(G4tuiError) as raised:
            train(run)
    assert raised.value.info.kind == "storage"
    assert "No space left" in raised.value.info.detail
    left = sorted(each.name for each in (run / ".work" / "train" / "seed-1").iterdir())
    assert left == ["checkpoint-0000003", "checkpoint-0000004"]
    filler.unlink()
    train(run)
    assert same(unbroken, run)
    assert metrics(unbroken) == metrics(run)
