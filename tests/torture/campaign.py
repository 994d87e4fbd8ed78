"""A campaign: faults drawn by a seed until the time is over, and the table of what they did.

The seed decides which faults come in which order and what each draws; how far a program has come
when one strikes is up to the machine.
"""

import random
import shutil
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from torture.faults import FAULTS, Fault
from torture.world import SkippedError, World, opened_world


@dataclass
class Row:
    """One kind of fault. `slowest_s`: the longest that it took until all was well again."""

    name: str
    tried: int = 0
    slowest_s: float = 0.0
    skipped: str = ""
    violations: list[str] = field(default_factory=list)


@dataclass
class Outcome:
    """All of a campaign."""

    seed: int
    seconds: float = 0.0
    rows: dict[str, Row] = field(default_factory=dict)
    totals: dict[str, Any] = field(default_factory=dict)

    @property
    def violations(self) -> list[str]:
        """Everything that was found to be broken."""
        return [f"{row.name}: {each}" for row in self.rows.values() for each in row.violations]

    def as_json(self) -> dict[str, Any]:
        """Plain types."""
        return asdict(self) | {"rows": [asdict(row) for row in self.rows.values()]}


def deck(chance: random.Random, faults: Sequence[Fault]) -> Iterator[Fault]:
    """Each once, in any order; then by their weights for ever."""
    yield from chance.sample(faults, len(faults))
    while True:
        yield from chance.choices(faults, [fault.weight for fault in faults])


def campaign(
    seed: int,
    seconds: float,
    model: Path | None,
    log: Callable[[str], None],
    *,
    names: Sequence[str] = (),
    count: int = 0,
    keep: Path | None = None,
) -> Outcome:
    """Draw faults (all, or those named) for so long, or `count` of them.

    `keep`: a folder for the home of a campaign that found something.
    """
    faults = [fault for name, fault in FAULTS.items() if not names or name in names]
    outcome = Outcome(seed)
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="g4tui-torture-") as folder,
        opened_world(Path(folder), seed, model, log) as world,
    ):
        for number, fault in enumerate(deck(random.Random(seed), faults)):
            over = time.monotonic() - began > seconds
            if number >= count if count else over:
                break
            row = outcome.rows.setdefault(fault.name, Row(fault.name))
            world.chance = random.Random(f"{seed}/{number}")
            log(f"{time.monotonic() - began:7.1f} s  {number} {fault.name}")
            _suffer(world, fault, row)
        outcome.totals = world.totals()
        if outcome.violations and keep is not None:
            shutil.rmtree(keep, ignore_errors=True)
            shutil.copytree(world.home, keep, symlinks=True, dirs_exist_ok=True)
    outcome.seconds = time.monotonic() - began
    return outcome


def _suffer(world: World, fault: Fault, row: Row) -> None:
    """One fault, and what must hold after it."""
    try:
        fault.act(world)
    except SkippedError as why:
        row.skipped = str(why)
        world.log(f"  skipped: {why}")
    except Exception as error:  # whatever it is: the campaign goes on
        told = error if isinstance(error, AssertionError) else traceback.format_exc()
        world.wrong(f"{type(error).__name__}: {told}")
    else:
        row.tried += 1
    world.well()
    world.settle()
    row.slowest_s = max([row.slowest_s, *world.recoveries])
    row.violations += world.violations
    world.recoveries.clear()
    world.violations.clear()


def table(outcome: Outcome) -> str:
    """For people."""
    width = max(len(name) for name in outcome.rows)
    lines = [f"{'fault':{width}}  tried  slowest recovery  violations"]
    for row in sorted(outcome.rows.values(), key=lambda row: row.name):
        slowest = f"{row.slowest_s:.1f} s" if row.slowest_s else "-"
        found = f"skipped: {row.skipped}" if row.skipped else str(len(row.violations))
        lines.append(f"{row.name:{width}}  {row.tried:5}  {slowest:>16}  {found}")
    lines.append("")
    lines += [f"{name}: {value}" for name, value in outcome.totals.items()]
    tried = sum(row.tried for row in outcome.rows.values())
    told = f"seed {outcome.seed}: {tried} faults in {outcome.seconds:.0f} s, "
    lines.append(told + f"{len(outcome.violations)} violations")
    return "\n".join(lines + [f"VIOLATION {each}" for each in outcome.violations])
