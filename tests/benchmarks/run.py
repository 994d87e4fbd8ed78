"""Runs every benchmark of this folder, each in a process of its own: `make bench`.

    python tests/benchmarks/run.py [WORD...]

Each `bench_*.py` prints rows of name, ratio, budget, and the absolute figures beside them; figures
are taken in one run beside a yardstick, since machines are noisy. Ends with 1 if a row missed.
A run of all of them leaves its ratios in `history`; `trend.py` shows them side by side.
"""

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

HERE = Path(__file__).parent
HISTORY = HERE / "history"
ROW = re.compile(r"\s*(\S.*?)\s+([\d.]+)\s+((?:[<>]=|1 ±) ?[\d.]+)(?:\s|$)")


class Ratio(msgspec.Struct, frozen=True):
    """One row that has a budget."""

    name: str
    ratio: float
    budget: str


class Run(msgspec.Struct, frozen=True):
    """One run of all benchmarks: when, of which commit, and its rows by benchmark."""

    date: str
    commit: str
    rows: dict[str, list[Ratio]]


def ratio_of(line: str) -> Ratio | None:
    """What a printed line says, if it is a row with a budget."""
    found = ROW.match(line)
    return Ratio(found[1], float(found[2]), found[3]) if found else None


def keep(rows: dict[str, list[Ratio]]) -> Path:
    """Write a run into the history."""
    command = ["git", "describe", "--always", "--dirty"]
    asked = subprocess.run(command, cwd=HERE, check=False, capture_output=True, text=True)
    now, commit = datetime.now(UTC), asked.stdout.strip() or "unknown"
    file = HISTORY / f"{now:%Y-%m-%d-%H%M}-{commit}.json"
    HISTORY.mkdir(exist_ok=True)
    run = Run(now.isoformat(timespec="seconds"), commit, rows)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(run)) + b"\n")
    return file


def main() -> int:
    """Run all, or those whose names hold one of the words given."""
    words = sys.argv[1:]
    failed = 0
    rows: dict[str, list[Ratio]] = {}
    log = HERE.parents[1] / ".cache" / "bench" / "errors.txt"
    log.parent.mkdir(parents=True, exist_ok=True)
    for file in sorted(HERE.glob("bench_*.py")):
        if words and not any(word in file.name for word in words):
            continue
        name = file.stem.removeprefix("bench_")
        print(f"\n# {name}", flush=True)
        command = [sys.executable, "-u", str(file)]
        with (
            # Native libraries print a page for each model: of use only when something went wrong.
            log.open("wb") as errors,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as running,
        ):
            assert running.stdout is not None
            for line in running.stdout:
                print(line, end="", flush=True)
                if ratio := ratio_of(line):
                    rows.setdefault(name, []).append(ratio)
        if running.returncode:
            sys.stderr.buffer.write(log.read_bytes())
            failed = 1
    if not words:
        print(f"\nkept as {keep(rows).name}; tests/benchmarks/trend.py shows the trend")
    return failed


if __name__ == "__main__":
    sys.exit(main())
