"""Damaged model files: refused before native code sees them, or an end that stays in the worker."""

import asyncio
import json
import random
import struct
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from g4tui.core import Failed, G4tuiError, ModelSpec
from g4tui.formats import check_gguf
from g4tui.worker import HostConfig, Worker
from g4tui_ctransformers.options import CtransformersOptions
from g4tui_ctransformers.precheck import examine
from support.model_files import spm_llama, tiny_gpt2, tiny_llama_ggjt
from support.workers import answer
from torture import oracle
from torture.faults.registry import fault
from torture.world import World

BATCH = 100
HEAD = 3_000
"""Where a file's numbers and names are; behind them are words and weights."""


class Format(NamedTuple):
    """A native format: a sound file, who loads it, and what looks at it before that."""

    name: str
    backend: str
    make: Callable[[], bytes]
    check: Callable[[Path], object]


def _checked(path: Path) -> object:
    return examine(path, path.stem, None, CtransformersOptions())


FORMATS = (
    Format("gguf", "llama-cpp", cache(spm_llama), check_gguf),
    Format("ggml", "ctransformers", cache(tiny_gpt2), _checked),
    Format("ggjt", "ctransformers", cache(tiny_llama_ggjt), _checked),
    Format("gguf", "ctransformers", cache(spm_llama), _checked),
)


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Bits turned, numbers made odd, parts cut, doubled, swapped; mostly where the numbers are."""
    data = bytearray(content)
    for _ in range(chance.randint(1, 3)):
        end = len(data) if chance.random() < 0.3 else min(HEAD, len(data))
        place = chance.randrange(max(1, end - 8))
        match chance.randrange(6):
            case 0:
                data[place] ^= 1 << chance.randrange(8)
            case 1:
                odd = chance.choice([0, 1, 2**31 - 1, 2**31, 2**32 - 1, chance.getrandbits(32)])
                data[place : place + 4] = struct.pack("<I", odd)
            case 2:
                odd = chance.choice([0, 2**63, 2**64 - 1, chance.getrandbits(40)])
                data[place : place + 8] = struct.pack("<Q", odd)
            case 3:
                del data[place : place + chance.choice([1, 4, 32, len(data)])]
            case 4:
                data[place:place] = data[place : place + chance.choice([1, 4, 32])]
            case _:
                other = chance.randrange(max(1, end - 8))
                data[place : place + 8], data[other : other + 8] = (
                    data[other : other + 8],
                    data[place : place + 8],
                )
    return bytes(data)


# What became of a file.
REFUSED, LOADED, FAILED, CRASHED = range(4)


@fault("100 damaged model files", weight=5)
def damaged(world: World) -> None:
    """Each is looked at in Python; what passes is loaded in a real worker and asked."""
    damaged_files(world, BATCH)


def damaged_files(world: World, count: int) -> None:
    """The same for so many. A file that one loader's process dies of is no fault: it is a failure
    that tells everything, and no more."""
    at = time.monotonic()
    tally = [0, 0, 0, 0]
    path = world.folder / "tmp" / "damaged.bin"
    for _ in range(count):
        form = world.chance.choice(FORMATS)
        path.write_bytes(mutated(form.make(), world.chance))
        tally[_became(world, form, path)] += 1
    world.files = tuple(map(sum, zip(world.files, tally, strict=True)))
    world.log(f"  refused, loaded, failed, crashed: {tally}")
    _asked_of(world, path)
    world.recovered(at)


def _became(world: World, form: Format, path: Path) -> int:
    try:
        form.check(path)
    except G4tuiError as error:
        world.wrong(*oracle.error_told(vars_of(error)))
        return REFUSED
    error = asyncio.run(_loaded(world, form.backend, path))
    if error is None:
        return LOADED
    world.wrong(*oracle.error_told(vars_of(error)))
    return CRASHED if error.info.kind == "crashed" else FAILED


def vars_of(error: G4tuiError) -> dict[str, str]:
    """An error as scripts see it."""
    return {name: getattr(error.info, name) for name in ("kind", "title", "detail", "remedy")}


async def _loaded(world: World, backend: str, path: Path) -> G4tuiError | None:
    """Load it and ask something; the failure, if it is one."""
    config = HostConfig(world.folder / "tmp" / "cache", (), 1)
    spec = ModelSpec(backend, str(path))
    worker = Worker(backend, spec, {}, config, world.folder / "tmp" / "worker.log")
    try:
        await worker.start()
        last = (await answer(worker, "Hello"))[-1]
        return G4tuiError.of(last.error) if isinstance(last, Failed) else None
    except G4tuiError as error:
        return error
    finally:
        await worker.close()


def _asked_of(world: World, path: Path) -> None:
    """The last one through the program."""
    form = world.chance.choice(FORMATS)
    path.write_bytes(mutated(form.make(), world.chance))
    model = f"{form.backend}:{path}"
    told = world.run("ask", "-m", model, "--json", "--set", "max_tokens=8", world.mark())
    found = json.loads(told.out)
    if told.code == 1:
        world.failed(found.get("error"))
    elif told.code != 0:
        world.wrong(f"a damaged {form.name}: {told}")
    world.run("models", "release", model)
