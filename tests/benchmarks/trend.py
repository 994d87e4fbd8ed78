"""Every budget over the runs of `make bench` that are kept: python tests/benchmarks/trend.py [RUNS]

The last eight, the oldest first; a star marks a budget that was missed.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.run import HISTORY, Ratio, Run

RUNS = 8


def missed(row: Ratio) -> bool:
    """Whether a row is outside its budget."""
    kind, limit = row.budget[:2], float(row.budget.split()[-1].lstrip("<>="))
    if kind == "<=":
        return row.ratio > limit
    return row.ratio < limit if kind == ">=" else abs(row.ratio - 1) > limit


def table(runs: Sequence[Run]) -> str:
    """A line a budget, a column a run."""
    lines = [f"{'':58} {'budget':>8} " + " ".join(f"{run.date[5:10]:>8}" for run in runs)]
    found: dict[tuple[str, str], dict[int, Ratio]] = {}
    for number, run in enumerate(runs):
        for bench, rows in run.rows.items():
            for row in rows:
                found.setdefault((bench, row.name), {})[number] = row
    bench = ""
    for (of, name), rows in sorted(found.items(), key=lambda each: each[0][0]):
        if of != bench:
            bench = of
            lines.append(f"# {bench}")
        cells = [
            f"{rows[at].ratio:7.2f}{'*' if missed(rows[at]) else ' '}" if at in rows else " " * 8
            for at in range(len(runs))
        ]
        budget = rows[max(rows)].budget
        lines.append(f"{name[:58]:58} {budget:>8} {' '.join(cells)}".rstrip())
    return "\n".join(lines)


def main() -> int:
    """Print it."""
    count = int(sys.argv[1]) if sys.argv[1:] else RUNS
    runs = [msgspec.json.decode(file.read_bytes(), type=Run) for file in HISTORY.glob("*.json")]
    if not runs:
        print("No run is kept yet: make bench keeps one.")
        return 1
    print(table(sorted(runs, key=lambda run: run.date)[-count:]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
