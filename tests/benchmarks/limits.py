"""What this machine can do at best, beside which decode, prefill and training are to be seen.

    python tests/benchmarks/limits.py

Memory bandwidth: all weights of the default model are read for every token, so that bytes a second
over the bytes of its file bound the tokens a second of decode. Float32 operations of a large
product of matrices bound training, and by their order prefill (4-bit weights, int8 products).
"""

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

MODEL = Path(__file__).parents[2] / ".cache/home/data/models/smollm2-135m-instruct.gguf"
THREADS = min(2, os.cpu_count() or 1)
PARAMETERS = 134.5e6
"""Of the default model, which ties its output to its embedding: so each is used once a token."""
BYTES, SIDE, ROUNDS = 512 * 2**20, 2_048, 7


def best(action: Callable[[], object]) -> float:
    """Seconds of the quickest round: what the machine can do, not what else it did."""
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def bandwidth() -> float:
    """Bytes a second that all threads together read, of arrays larger than any cache."""
    parts = [np.ones(BYTES // 8 // THREADS) for _ in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        return BYTES / best(lambda: list(pool.map(np.sum, parts)))


def torch_flops() -> float:
    """Float32 operations a second of a large product, on as many threads as training takes."""
    import torch

    torch.set_num_threads(THREADS)
    one, other = torch.rand(SIDE, SIDE), torch.rand(SIDE, SIDE)
    return 2 * SIDE**3 / best(lambda: one @ other)


def show(what: str, value: float, unit: str, why: str = "") -> None:
    """A row."""
    print(f"{what:34} {value:8.1f} {unit:8} {why}".rstrip())


def main() -> int:
    """Print them, and what they bound."""
    read, flops = bandwidth(), torch_flops()
    show(f"memory read, {THREADS} threads", read / 1e9, "GB/s")
    show(f"float32 product of {SIDE} x {SIDE}", flops / 1e9, "GFLOP/s")
    if MODEL.exists():
        size = MODEL.stat().st_size
        show("decode at most", read / size, "tok/s", f"{size / 1e6:.0f} MB read a token")
    show(
        "prefill in float32 at most", flops / (2 * PARAMETERS), "tok/s", "2 a parameter; int8: more"
    )
    show("training at most", flops / (6 * PARAMETERS), "tok/s", "6 operations a parameter")
    show("  with frozen weights", flops / (4 * PARAMETERS), "tok/s", "4: no gradient of them")
    return 0


if __name__ == "__main__":
    sys.exit(main())
