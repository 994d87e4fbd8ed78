"""Ratings by votes: how often a 95 % interval holds the truth, and the order is right.

    python tests/benchmarks/bench_ratings.py [RUNS]

300 simulated libraries of each kind, from few sessions to many, made by the model that the ratings
assume. The budget is 90 to 98 %.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.simulated_votes import coverage

KINDS = (
    ("2 models, 12 sessions", (0.0, 0.6), 12, 5),
    ("4 models, 20 sessions", (0.0, 0.7, 1.4, 2.1), 20, 9),
    ("4 models, 60 sessions", (0.0, 0.7, 1.4, 2.1), 60, 9),
    ("5 models far apart, 40 sessions", (0.0, 1.0, 2.0, 3.0, 4.0), 40, 9),
)


def main() -> int:
    """Prints a row for each kind; 1 if one missed."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    missed = False
    for name, strengths, sessions, longest in KINDS:
        start = time.perf_counter()
        held, ordered = coverage(
            strengths, runs=runs, sessions=sessions, longest=longest, draws=200, seed=1
        )
        missed |= not 0.90 <= held <= 0.98
        took = time.perf_counter() - start
        print(
            f"{name:<34} {held:7.1%} held, budget 90 to 98 %   "
            f"({runs} runs, right order {ordered:.0%}, {1000 * took / runs:.0f} ms a run)",
            flush=True,
        )
    return missed


if __name__ == "__main__":
    sys.exit(main())
