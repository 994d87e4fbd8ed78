"""How quick the command line is there, beside an interpreter that does nothing."""

import subprocess
import sys
import time
from collections.abc import Sequence

ROUNDS = 25


def seconds(arguments: Sequence[str]) -> float:
    """One run of the interpreter."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def main() -> int:
    """Print the rows; 1 if a budget was missed."""
    commands = {
        "python -c pass": (["-c", "pass"], 0.0),
        "g4tui --version": (["-P", "-m", "g4tui", "--version"], 4.0),
        "g4tui --help": (["-P", "-m", "g4tui", "--help"], 8.0),
    }
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(ROUNDS):  # in turn, so that noise meets all alike
        for name, (arguments, _budget) in commands.items():
            taken[name].append(seconds(arguments))
    middle = {name: sorted(values)[ROUNDS // 2] for name, values in taken.items()}
    nothing = middle["python -c pass"]
    missed = False
    for name, (_, budget) in commands.items():
        if budget:
            ratio = middle[name] / nothing
            missed |= ratio > budget
            absolute = f"{1000 * middle[name]:.0f} ms, {1000 * nothing:.0f} ms"
            print(f"{name + ' / python -c pass':40} {ratio:6.2f}  <= {budget:g}   ({absolute})")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
