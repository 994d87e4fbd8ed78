"""How fast a machine trains, and how large a model is, without loading either."""

import re
from dataclasses import dataclass
from pathlib import Path

import msgspec

from g4tui.core import G4tuiError
from g4tui.engine.cores import physical_cores
from g4tui.formats import read_gguf
from g4tui.models import Library
from g4tui.models.catalogue import entry_named
from g4tui.paths import Paths
from g4tui_training.recipe import Recipe
from g4tui_training.stages import Context
from g4tui_training.train.base import find_base

# A core in training, in multiplications and additions a second: measured with 135 million
# parameters, 145 tokens a second on two.
_CORE = 39e9
_SIZED = re.compile(r"(\d+(?:\.\d+)?)\s*([bm])(?![a-z])", re.IGNORECASE)
_WIDTH = 128  # a layer for each so many of a Llama's width


@dataclass(frozen=True)
class Size:
    """A base: how many `parameters` (0: not known), and `download`, the bytes still to come."""

    parameters: int
    download: int

    @property
    def width(self) -> float:
        """As a usual Llama of so many parameters has it."""
        return float((self.parameters * _WIDTH / 12) ** (1 / 3))

    def adapter(self, recipe: Recipe) -> int:
        """About how many parameters the recipe's adapter has."""
        train = recipe.train
        targets = 7 if "all" in train.targets else len(train.targets)
        return round(self.width / _WIDTH * targets * train.rank * 2.5 * self.width)


def base_size(context: Context) -> Size:
    """The recipe's base, looked for and not loaded."""
    name = context.recipe.train.base
    entry = entry_named(name.partition(":")[2] or name)
    try:
        base = find_base(name, context.folder, Library(Paths.from_environment()))
    except G4tuiError:
        if entry is None:
            raise
        return Size(_named(name), entry.size_bytes)
    if file := base.gguf_file:
        return Size(read_gguf(file).parameters, 0)
    if weights := list(Path(base.source).glob("*.safetensors")):
        return Size(sum(map(_numbers, weights)), 0)
    number = _named(name)
    return Size(number, 0 if Path(base.source).is_dir() else 2 * number)


def _named(name: str) -> int:
    """How many parameters a name tells: `llama-7b`."""
    found = _SIZED.findall(name.rpartition("/")[2])
    if not found:
        return 0
    number, unit = found[-1]
    return round(float(number) * (1e9 if unit in "bB" else 1e6))


def _numbers(file: Path) -> int:
    """How many numbers a safetensors file holds, by its header."""
    with file.open("rb") as stream:
        size = int.from_bytes(stream.read(8), "little")
        header = msgspec.json.decode(stream.read(size))
    total = 0
    for name, tensor in header.items():
        if name != "__metadata__":
            number = 1
            for length in tensor["shape"]:
                number *= length
            total += number
    return total


@dataclass(frozen=True)
class Machine:
    """What computes: `flops` multiplications and additions a second, in training.

    `seen`: they are what this run's own training reached.
    """

    name: str
    flops: float
    seen: bool = False

    def train_seconds(self, size: Size, tokens: float) -> float:
        """Forward, and backward through a base whose weights get no gradient: twice each."""
        return 4 * size.parameters * tokens / self.flops

    def read_seconds(self, size: Size, tokens: float) -> float:
        """Forward alone."""
        return 2 * size.parameters * tokens / self.flops


def machine_of(context: Context, size: Size) -> Machine:
    """The recipe's GPUs, or this machine's processors, as fast as they trained in this run."""
    gpus = context.recipe.forecast.gpus
    if gpus:
        name = f"{gpus} GPUs" if gpus > 1 else "1 GPU"
        return Machine(name, gpus * context.recipe.forecast.tflops * 1e12)
    cores = physical_cores()
    name = f"{cores} cores" if cores > 1 else "1 core"
    for file in sorted(context.run.adapter.glob("seed-*/training.json")):
        seen = msgspec.json.decode(file.read_bytes(), type=_Seen)
        if seen.seconds and size.parameters:
            return Machine(name, 4 * size.parameters * seen.tokens / seen.seconds, seen=True)
    return Machine(name, _CORE * cores)


class _Seen(msgspec.Struct):
    """How long a training took."""

    tokens: int
    seconds: float
