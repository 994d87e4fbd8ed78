"""Drives one target in a process of its own, and keeps count in a file that outlives it.

Bytes are driven by atheris, which looks at what each case reaches; things by hypothesis. Both are
seeded. What atheris found worth keeping is the folder `corpus`, from which the next run goes on.
"""

import hashlib
import sys
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import seed as seeded
from hypothesis.database import DirectoryBasedExampleDatabase

from fuzz.target import Bytes, Things, bounded

MOST_BYTES = 24_000
ROUND = 25
HANGS_S, MOST_RSS_MB = 120, 3000


class Tally(msgspec.Struct):
    """What was tried. `findings`: by place, the file that tells of it."""

    cases: int = 0
    findings: dict[str, str] = {}


class Counter:
    """Calls a check, and writes down how it goes."""

    def __init__(self, target: Bytes | Things, folder: Path) -> None:
        self.tally = Tally()
        self._check = bounded(target.check)
        self._folder = folder
        self._written = 0.0

    def try_bytes(self, data: bytes) -> None:
        """A finding is kept, and the search goes on."""
        try:
            self._check(data)
        except Exception as error:
            self.keep(error, data)
        self.count()

    def try_thing(self, case: Any) -> None:
        """A finding is for hypothesis to make small."""
        self.count()
        self._check(case)

    def keep(self, error: BaseException, data: bytes | None = None) -> None:
        """The first finding of each place."""
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
        if place in self.tally.findings:
            return
        text = "".join(traceback.format_exception(error))
        name = hashlib.sha256(place.encode() if data is None else data).hexdigest()[:12]
        file = self._folder / "found" / f"{name}.txt"
        file.write_text(text, encoding="utf-8", errors="backslashreplace")
        if data is not None:
            file = file.with_suffix(".case")
            file.write_bytes(data)
        self.tally.findings[place] = str(file)
        self.write()

    def count(self) -> None:
        """One more case."""
        self.tally.cases += 1
        if time.monotonic() - self._written > 1:
            self.write()

    def write(self) -> None:
        """The tally, for whoever started this."""
        self._written = time.monotonic()
        (self._folder / "tally.json").write_bytes(msgspec.json.encode(self.tally))


def drive(target: Bytes | Things, folder: Path, seconds: float, seed: int) -> None:
    """Try cases for so long; `seed` gives the same cases again."""
    for name in ("corpus", "found"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    counter = Counter(target, folder)
    counter.write()
    if isinstance(target, Bytes):
        _drive_bytes(target, counter, folder, seconds, seed)
    _drive_things(target, counter, folder, seconds, seed)
    counter.write()


def _drive_bytes(
    target: Bytes, counter: Counter, folder: Path, seconds: float, seed: int
) -> NoReturn:
    import atheris

    corpus = folder / "corpus"
    for data in (*target.seeds(), *(file.read_bytes() for file in target.kept())):
        (corpus / f"seed-{hashlib.sha256(data).hexdigest()[:12]}").write_bytes(data)
    options = {
        "max_total_time": max(1, int(seconds)),  # 0 would be for ever
        "seed": seed,
        "max_len": MOST_BYTES,
        "timeout": HANGS_S,
        "rss_limit_mb": MOST_RSS_MB,
        "artifact_prefix": f"{folder / 'found'}/",
        "reload": 0,
    }
    arguments = [f"-{name}={value}" for name, value in options.items()]
    atheris.Setup([sys.argv[0], *arguments, str(corpus)], counter.try_bytes)
    atheris.Fuzz()
    raise AssertionError("it ends the process")


def _drive_things(
    target: Things, counter: Counter, folder: Path, seconds: float, seed: int
) -> None:
    until = time.monotonic() + seconds

    def test(case: Any) -> None:
        if time.monotonic() < until:
            counter.try_thing(case)

    wanted = settings(
        max_examples=ROUND,
        deadline=None,
        database=DirectoryBasedExampleDatabase(folder / "corpus"),
        suppress_health_check=list(HealthCheck),
    )
    while time.monotonic() < until:
        try:
            seeded(seed)(wanted(given(target.cases)(test)))()
        except BaseException as error:
            for found in error.exceptions if isinstance(error, BaseExceptionGroup) else [error]:
                counter.keep(found)
            return
        seed += 1
