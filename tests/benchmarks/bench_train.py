"""Training beside TRL's SFTTrainer: learned tokens a second, memory, and that both learn alike.

    python tests/benchmarks/bench_train.py [SETTING...]

The same mixed-length real rows with the same mask, in the same order, the same model in float32,
LoRA, optimizer and rows a step; every training in a process of its own, taking turns; medians.
SFTTrainer runs with a batch of 8 and with the setting that was its best here, 8 times 1 row
(`packed`, `by-length` and `1x8-checkpointed` are the others: name some to measure them too).
`make bench` installs it into .cache/bench/trl.
"""

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parent))
from train_sides import BATCH, MAX_LENGTH, TRL

REPOSITORY = Path(__file__).parents[2]
PEER = REPOSITORY / ".cache" / "bench" / "trl" / "bin" / "python"
MODEL = REPOSITORY / ".cache" / "home" / "data" / "models" / "smollm2-135m-instruct.gguf"
FILES = (
    "arena_gpt35", "gpteacher_codegen", "gpteacher_roleplay", "oasst", "oasst_realistic",
    "self_instruct_seed",
)  # fmt: skip
ROWS, HELD, ROUNDS, SEED = 24, 8, 3, 1
# Speed at least, memory at most, times that of TRL.
BUDGETS = {"batch-8": (2.0, 0.25), "1x8": (1.2, 1.0)}
LOSS = 0.02
# Eight rows of 512 tokens in one forward: less than this is left, and the machine suffers.
NEEDED = 19e9


def prepare(folder: Path) -> None:
    """Write the base as a folder of Hugging Face, and rows drawn from the sample data."""
    import msgspec
    import torch

    from g4tui_training.pairs import Pair
    from g4tui_training.recipe import Train
    from g4tui_training.train.base import find_base
    from g4tui_training.train.chat_template import ChatTemplate
    from g4tui_training.train.plan import Plan
    from g4tui_training.train.rows import rows_of

    base = find_base(str(MODEL), folder)
    tokenizer = base.tokenizer()
    model = base.model(torch.float32)
    model.save_pretrained(folder / "base")
    tokenizer.save_pretrained(folder / "base")
    pairs = []
    for name in FILES:
        for line in (REPOSITORY / "examples" / "data" / f"{name}.jsonl").read_bytes().splitlines():
            row = {**msgspec.json.decode(line), "source": name, "licence": ""}
            pairs.append(msgspec.convert(row, Pair))
    random.Random(SEED).shuffle(pairs)
    settings = Train(max_length=MAX_LENGTH)
    rows = rows_of(pairs[: 2 * (ROWS + HELD)], ChatTemplate(tokenizer), settings).rows
    drawn, held = rows[:ROWS], rows[ROWS : ROWS + HELD]
    # As our plan will take them, so that both see the same rows in the same steps.
    plan = Plan([len(row) for row in drawn], BATCH, 1, SEED, MAX_LENGTH)
    order = [row for step in range(plan.steps) for pack in plan.packs(step) for row in pack]
    kinds = {"rows": drawn, "in_order": [drawn[index] for index in order], "held": held}
    written = {
        kind: [{"ids": row.ids.tolist(), "trained": row.trained.tolist()} for row in each]
        for kind, each in kinds.items()
    }
    (folder / "rows.json").write_text(json.dumps(written))
    lengths = sorted(len(row) for row in drawn)
    print(
        f"{len(drawn)} rows of {lengths[0]} to {lengths[-1]} tokens, {sum(lengths):,} in all,"
        f" {sum(row.targets for row in drawn):,} learned"
    )


def train(side: str, folder: Path) -> dict[str, Any]:
    """What one side tells of itself."""
    python = sys.executable if side == "ours" else str(PEER)
    script = Path(__file__).parent / "train_sides.py"
    done = subprocess.run(
        [python, str(script), side, str(folder)], check=True, stdout=subprocess.PIPE, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def show(name: str, ratio: float, budget: str, missed: bool, absolute: str) -> None:
    """A row."""
    print(f"{name:44} {ratio:6.2f}  {budget:8} ({absolute}){'  MISSED' if missed else ''}")


def main() -> int:
    """Print the rows; 1 if a budget was missed."""
    if not PEER.exists():
        print("skipped: TRL is not installed in .cache/bench/trl; make bench does it")
        return 0
    peers = [*BUDGETS, *(each for each in sys.argv[1:] if each in TRL and each not in BUDGETS)]
    free = psutil.virtual_memory().available
    for side in [each for each in peers if TRL[each][0] == 8 and free < NEEDED]:
        print(f"not run: TRL {side} needs 18 GB, and {free / 1e9:.0f} GB are free")
        peers.remove(side)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        found: dict[str, list[dict[str, Any]]] = {side: [] for side in ("ours", *peers)}
        for _ in range(ROUNDS):
            for side, each in found.items():
                each.append(train(side, folder))
                print(f"  {side}: {each[-1]['rate']:.0f} tokens/s", file=sys.stderr, flush=True)
    missed = False
    own = found.pop("ours")
    for peer, theirs in found.items():
        faster, smaller, alike = (
            median(one[key] / other[key] for one, other in zip(own, theirs, strict=True))
            for key in ("rate", "peak", "loss")
        )
        least, most = BUDGETS.get(peer, (0.0, float("inf")))
        bad = (faster < least, smaller > most, abs(alike - 1) > LOSS)
        missed |= any(bad)
        absolute = [
            (median(each["rate"] for each in side), median(each["peak"] for each in side) / 1e9,
             median(each["loss"] for each in side))
            for side in (own, theirs)
        ]  # fmt: skip
        (rate, peak, loss), (their_rate, their_peak, their_loss) = absolute
        told = f"{rate:.0f} and {their_rate:.0f} learned tokens/s"
        show(f"speed / TRL {peer}", faster, f">= {least:g}", bad[0], told)
        told = f"{peak:.2f} and {their_peak:.2f} GB at most"
        show(f"memory / TRL {peer}", smaller, f"<= {most:g}", bad[1], told)
        told = f"{loss:.3f} and {their_loss:.3f} nats on {HELD} rows held back"
        show(f"loss / TRL {peer}", alike, f"1 ± {LOSS}", bad[2], told)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
