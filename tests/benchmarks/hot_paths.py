"""The three hottest paths beside what bounds them, and where their time goes.

    python tests/benchmarks/hot_paths.py [decode] [prefill] [training]

Decode reads all weights for each token: bytes a second, beside those that plain reading reaches.
Prefill and training multiply matrices: operations a second, beside those of one large product in
float32. Both bounds are measured in the same run (`limits.py`). Training is then shown operator by
operator, as torch's profiler has it.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import limits
from bench_llama_cpp import CHAT, MODEL, ask, open_engine, usage_of

from g4tui.core import Cancel, Message, Params, Request
from g4tui_llama_cpp.backend import LlamaCppBackend

ANSWER, OPERATORS, SHARE = 400, 9, 0.01
# Of the default model: its layers, the width of what goes through them, and all of their weights.
LAYERS, WIDTH, OF_LAYERS = 30, 576, 106.2e6


def show(what: str, reached: float, bound: float, unit: str, told: str) -> None:
    """A row: what is reached, what the machine can do, and the share."""
    print(
        f"{what:9} {reached / 1e9:7.1f} of {bound / 1e9:6.1f} {unit:7} {reached / bound:5.0%}"
        f"   {told}",
        flush=True,
    )


def decode(folder: Path) -> None:
    """An answer through the engine; its context is short, so that the weights are what is read."""
    engine = open_engine(folder)
    question = (Message("user", "Tell me a very long story."),)
    params = Params(temperature=0.7, seed=1, max_tokens=ANSWER)
    usage = usage_of(engine.generate(Request(question, params), Cancel()))
    engine.close()
    rate, size = usage.tok_per_s or 0, MODEL.stat().st_size
    told = f"{rate:.0f} tok/s of {size / 1e6:.0f} MB each, over {usage.completion} tokens"
    show("decode", rate * size, limits.bandwidth(), "GB/s", told)


def prefill(folder: Path) -> None:
    """A long message, read cold; only its last token goes through the output's projection."""
    engine = open_engine(folder)
    usage = usage_of(ask(engine, CHAT))
    engine.close()
    rate = usage.prompt / (usage.ttft_s or 1)
    # Each token attends to half of all others on average: scores, and what they weigh.
    attention = 4 * LAYERS * WIDTH * usage.prompt / 2
    told = f"{rate:.0f} tok/s, {usage.prompt} tokens of which the last attends to all"
    show("prefill", (2 * OF_LAYERS + attention) * rate, limits.torch_flops(), "GFLOP/s", told)


def training(folder: Path) -> None:
    """Some steps of LoRA on all projections of a layer, and their operators."""
    import torch
    from bench_train import prepare
    from torch.profiler import ProfilerActivity, profile
    from torch.utils.flop_counter import FlopCounterMode
    from train_sides import ours

    prepare(folder)
    rows: list[dict[str, Any]] = json.loads((folder / "rows.json").read_text())["rows"]
    tokens = sum(len(row["ids"]) for row in rows)
    # Unwatched, then counted, then watched: both ways of watching take their time.
    _, _, seconds = ours(folder, rows)
    with FlopCounterMode(display=False) as counted:
        ours(folder, rows)
    learned = sum(sum(row["trained"]) for row in rows)
    told = f"{tokens / seconds:.0f} tok/s, of which {learned / seconds:.0f} are learned"
    show("training", counted.get_total_flops() / seconds, limits.torch_flops(), "GFLOP/s", told)
    with profile(activities=[ProfilerActivity.CPU]) as watched:
        ours(folder, rows)
    spent = [
        (each.key, each.self_cpu_time_total) for each in watched.key_averages()
        if each.key.startswith("aten::")
    ]  # fmt: skip
    whole = sum(took for _, took in spent)
    for name, took in sorted(spent, key=lambda each: -each[1])[:OPERATORS]:
        if took > SHARE * whole:
            print(f"    {took / whole:5.0%} {name.removeprefix('aten::')}")
    print(f"    on {torch.get_num_threads()} threads, of the time in operators")


PATHS = {"decode": decode, "prefill": prefill, "training": training}


def main() -> int:
    """Print the rows."""
    for name in sys.argv[1:] or PATHS:
        with tempfile.TemporaryDirectory() as folder:
            PATHS[name](Path(folder))
    return 0


if __name__ == "__main__":
    wanted = {**os.environ, **LlamaCppBackend().environment()}
    if wanted != dict(os.environ):  # read when the libraries are loaded: as in a worker
        os.execve(sys.executable, [sys.executable, *sys.argv], wanted)
    sys.exit(main())
