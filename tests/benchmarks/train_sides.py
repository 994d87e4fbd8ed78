"""One training of `bench_train.py`, in a process of its own: python train_sides.py SIDE FOLDER.

SIDE is `ours`, or a setting of TRL's SFTTrainer as `batch-8`. FOLDER has base/ (a Hugging Face
folder) and rows.json: tokens and mask of each row to train on, in the order in which they come,
and of some held back. Prints one line of JSON.
"""

import json
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

BATCH, RANK, ALPHA, DROPOUT, RATE, MAX_LENGTH = 8, 16, 32, 0.05, 1e-3, 512
# What SFTTrainer is given beside: rows a forward, forwards a step, and more.
TRL: dict[str, tuple[int, int, dict[str, Any]]] = {
    "batch-8": (8, 1, {}),
    "by-length": (8, 1, {"train_sampling_strategy": "group_by_length"}),
    "1x8": (1, 8, {}),
    "1x8-checkpointed": (1, 8, {"gradient_checkpointing": True}),
    "packed": (1, 4, {"packing": True}),
}


def ours(folder: Path, rows: list[dict[str, Any]]) -> tuple[torch.nn.Module, list[float], float]:
    """The trained model, the loss of each step, and seconds of all steps."""
    import numpy as np

    from g4tui.core import Cancel
    from g4tui_training.recipe import Train
    from g4tui_training.train.base import Base
    from g4tui_training.train.chat_template import ChatTemplate
    from g4tui_training.train.checkpoint import Checkpoints, State
    from g4tui_training.train.group import Group
    from g4tui_training.train.loop import Training, train
    from g4tui_training.train.metrics import Metrics
    from g4tui_training.train.rows import Row
    from g4tui_training.train.student import make_student

    settings = Train(
        rank=RANK, alpha=ALPHA, dropout=DROPOUT, learning_rate=RATE, schedule="constant", warmup=0,
        batch=BATCH, max_length=MAX_LENGTH, precision="fp32", checkpoint_minutes=60,
    )  # fmt: skip
    base = Base("base", str(folder / "base"))
    device, work = torch.device("cpu"), Path(tempfile.mkdtemp(dir=folder))
    student = make_student(base.model(torch.float32), settings, 1, device)
    training = Training(
        settings=settings,
        seed=1,
        rows=[
            Row(str(n), "", np.array(row["ids"], np.int32), np.array(row["trained"]), 1.0)
            for n, row in enumerate(rows)
        ],
        dev=[],
        student=student,
        template=ChatTemplate(base.tokenizer()),
        checkpoints=Checkpoints(work / "checkpoints"),
        metrics=Metrics(work / "metrics.jsonl"),
        group=Group(device),
        tell=lambda line, steps: None,
        say=lambda line: None,
        cancel=Cancel(),
    )
    train(training, State("", "float32", torch.get_num_threads()))
    lines = training.metrics.lines
    return student.model, [line.loss or 0 for line in lines], sum(line.seconds for line in lines)


def trl(
    folder: Path, rows: list[dict[str, Any]], setting: str
) -> tuple[torch.nn.Module, list[float], float]:
    """The same by SFTTrainer, which gets the same tokens and mask."""
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    at_once, times, more = TRL[setting]
    seconds: list[float] = []

    class Clock(TrainerCallback):  # type: ignore[misc]
        def on_step_begin(self, *_: Any, **__: Any) -> None:
            seconds.append(-time.monotonic())

        def on_step_end(self, *_: Any, **__: Any) -> None:
            seconds[-1] += time.monotonic()

    options: dict[str, Any] = {
        "per_device_train_batch_size": at_once,
        "gradient_accumulation_steps": times,
        "train_sampling_strategy": "sequential",
        "gradient_checkpointing": False,
        **more,
    }
    config = SFTConfig(
        output_dir=str(folder / setting), learning_rate=RATE, lr_scheduler_type="constant",
        num_train_epochs=1, max_grad_norm=1.0, weight_decay=0.0, optim="adamw_torch",
        max_length=MAX_LENGTH, completion_only_loss=True, logging_steps=1, save_strategy="no",
        report_to="none", use_cpu=True, bf16=False, disable_tqdm=True, seed=1, **options,
    )  # fmt: skip
    lora = LoraConfig(
        r=RANK, lora_alpha=ALPHA, lora_dropout=DROPOUT, target_modules="all-linear",
        task_type="CAUSAL_LM",
    )  # fmt: skip
    data = [
        {"input_ids": row["ids"], "completion_mask": [int(each) for each in row["trained"]]}
        for row in rows
    ]
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(folder / "base", dtype=torch.float32),
        args=config,
        train_dataset=Dataset.from_list(data),
        processing_class=AutoTokenizer.from_pretrained(folder / "base"),
        peft_config=lora,
        callbacks=[Clock()],
    )
    trainer.train()
    losses = [line["loss"] for line in trainer.state.log_history if "loss" in line]
    return trainer.model, losses, sum(seconds)


def loss_of(model: torch.nn.Module, rows: list[dict[str, Any]]) -> float:
    """Nats a token of held-back rows, computed the plain way."""
    model.eval()
    total = count = 0.0
    with torch.no_grad():
        for row in rows:
            ids = torch.tensor([row["ids"]])
            learned = torch.tensor(row["trained"])[1:]
            scores = model(input_ids=ids).logits[0, :-1][learned].float()
            losses = torch.nn.functional.cross_entropy(
                scores, ids[0, 1:][learned], reduction="none"
            )
            total, count = total + float(losses.sum()), count + len(losses)
    return total / count


def peak_bytes() -> int:
    """The most memory that this process held. getrusage would also count its parent's, before it
    became this program.
    """
    told = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert told is not None, "it runs on Linux"
    return int(told[1]) * 1024


def main() -> None:
    """Train once."""
    side, folder = sys.argv[1], Path(sys.argv[2])
    found = json.loads((folder / "rows.json").read_text())
    rows, held = found["rows" if side == "ours" else "in_order"], found["held"]
    done = ours(folder, rows) if side == "ours" else trl(folder, rows, side)
    model, losses, seconds = done
    peak = peak_bytes()
    trained = sum(sum(row["trained"][1:]) for row in rows)
    told = {
        "rate": trained / seconds,
        "peak": peak,
        "loss": loss_of(model, held),
        "losses": losses,
        "seconds": seconds,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
