"""What collect itself takes for a request: journal, budget, pace, retries, beside bare asking.

    python tests/benchmarks/bench_collect.py [REQUESTS]

The teacher is in this process and answers at once, eight requests in flight, so that nothing but
our own work is measured. The yardstick is the same requests through the same runtime, eight at a
time, with no journal and no limits.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from g4tui.config import Settings
from g4tui.core import Cancel, Event, Finished, ModelSpec, Request, TextDelta, Usage
from g4tui.engine import Runtime
from g4tui.models import Library
from g4tui.paths import Paths
from g4tui.plugin import load_plugins
from g4tui.testing import ScriptedBackend
from g4tui_training.collect.collecting import Collecting
from g4tui_training.collect.questions import Asker
from g4tui_training.collect.teacher import teacher_of
from g4tui_training.models import Models
from g4tui_training.recipe import Collect, Recipe
from g4tui_training.run import RunDir
from g4tui_training.stages import Context

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.rooms import plugin_of

REQUESTS, ROUNDS, IN_FLIGHT, WORDS = 3_000, 3, 8, 120
SPEC = ModelSpec("scripted", "parrot")
MOST = 2.0


def answer(request: Request) -> Sequence[Event]:
    """120 words in one piece."""
    text = "word " * WORDS
    return [TextDelta(text), Usage(prompt=60, completion=WORDS, cost_usd=0.0), Finished("stop")]


def rooms(folder: Path) -> Models:
    """A runtime with the teacher."""
    paths = Paths(folder / "config", folder / "data", folder / "cache")
    plugins = load_plugins(extra={"scripted": plugin_of(ScriptedBackend([answer]))})
    runtime = Runtime(plugins, Settings(), paths, Library(paths))
    return Models(plugins, Settings(), runtime)


async def bare(models: Models, asker: Asker, prompts: Path) -> float:
    """Seconds for all requests without collect."""
    questions = asker.questions(prompts)

    async def lane() -> None:
        for question in questions:
            async for _ in models.runtime.generate(SPEC, question.request, Cancel()):
                pass

    began = time.perf_counter()
    await asyncio.gather(*(lane() for _ in range(IN_FLIGHT)))
    return time.perf_counter() - began


async def collected(models: Models, context: Context) -> float:
    """Seconds for all requests with it, from the forecast to the pairs."""
    teacher = teacher_of(SPEC, models, context.recipe.collect)
    began = time.perf_counter()
    counts = await Collecting(context, teacher).run()
    seconds = time.perf_counter() - began
    assert counts["failed"] == 0
    return seconds


async def measure(folder: Path, count: int) -> tuple[float, float]:
    """Seconds of both."""
    prompts = [
        {"id": f"q/{n}", "source": "q", "licence": "MIT", "prompt": f"question {n} " * 12}
        for n in range(count)
    ]
    run = RunDir(folder / "run")
    run.root.mkdir(parents=True)
    run.prompts.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in prompts))
    collect = Collect(
        teacher=SPEC.id, concurrency=IN_FLIGHT, max_usd=100.0, requests_per_minute=10**9,
        usd_per_million_in=0.1, usd_per_million_out=0.4,
    )  # fmt: skip
    context = Context(Recipe(name="bench", collect=collect), folder, run)
    models = rooms(folder)
    try:
        first = await bare(models, Asker(SPEC, collect), run.prompts)
        return first, await collected(models, context)
    finally:
        await models.runtime.close()


def main() -> int:
    """Print the rows; 1 if the budget was missed."""
    count = int(sys.argv[1]) if sys.argv[1:] else REQUESTS
    with tempfile.TemporaryDirectory() as name:
        rounds = [asyncio.run(measure(Path(name) / str(each), count)) for each in range(ROUNDS)]
    simple, whole = (min(seconds) for seconds in zip(*rounds, strict=True))
    own, ratio = 1000 * (whole - simple) / count, whole / simple
    absolute = f"{own:.2f} ms of its own a request, {1000 * simple / count:.2f} ms without"
    print(f"{'a request with collect / without':40} {ratio:6.2f}  <= {MOST:g}   ({absolute})")
    return int(ratio > MOST)


if __name__ == "__main__":
    sys.exit(main())
