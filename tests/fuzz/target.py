"""What can be fuzzed: a name, and a check that takes one case and raises only on a finding."""

import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis.strategies import SearchStrategy

MOST_CPU_S = 5.0
MOST_MB = 256
"""For one small case; processor time, since a busy machine is no finding."""

CASES = Path(__file__).with_name("cases")


@dataclass(frozen=True)
class Bytes:
    """Bytes of a stranger. `seeds`: sound ones to begin with."""

    name: str
    check: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]

    def kept(self) -> list[Path]:
        """The cases that were findings once."""
        return sorted((CASES / self.name).glob("*"))


@dataclass(frozen=True)
class Things:
    """Values that have a shape, wrong in every other way."""

    name: str
    check: Callable[[Any], None]
    cases: SearchStrategy[Any]


Target = Bytes | Things


class TooMuchError(AssertionError):
    """A small case took too long, or too much memory."""


def bounded(check: Callable[[Any], None]) -> Callable[[Any], None]:
    """`check`, which then also raises for what one case takes."""

    def run(case: Any) -> None:
        began, before = time.process_time(), _peak_mb()
        check(case)
        seconds, grown = time.process_time() - began, _peak_mb() - before
        if seconds > MOST_CPU_S:
            raise TooMuchError(f"one case took {seconds:.1f} s")
        if grown > MOST_MB:
            raise TooMuchError(f"one case took {grown} MB")

    return run


@cache
def scratch() -> Path:
    """A folder for the files that code under test wants."""
    return Path(tempfile.mkdtemp(prefix="g4tui-fuzz-"))


def _peak_mb() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak >> (20 if sys.platform == "darwin" else 10)
