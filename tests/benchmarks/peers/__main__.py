"""g4tui beside its peers, in one run: `make bench-peers`, or

    PYTHONPATH=tests python -m benchmarks.peers [--rounds N] [PROGRAM...]

Installs them into .cache/bench/peers first. Every measurement is taken in turns, each time in a new
home, in a pseudo-terminal of 120x40, beside one server on loopback; medians. Ends with tables in
Markdown. Ten minutes with three rounds, and as long again for the trainings.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.peers import first_run, install, kill, start, stream, table
from benchmarks.peers.programs import PROGRAMS, Program
from benchmarks.peers.server import RATES

T = TypeVar("T")


class Run:
    """The programs that are there, and what was found of each under the name of a measurement."""

    def __init__(self, programs: list[Program], folder: Path) -> None:
        self.programs = programs
        self.folder = folder
        self.found: dict[tuple[str, str], list[Any]] = {}
        self.failed: dict[tuple[str, str], str] = {}

    def measure(self, what: str, rounds: int, of: Callable[[Program, Path], Any]) -> None:
        """In turn, so that noise meets all alike; whatever fails says why in its table's place."""
        for number in range(rounds):
            for program in self.programs:
                key = (what, program.name)
                print(f"{what} {number + 1}/{rounds}: {program.name}", file=sys.stderr, flush=True)
                with self._home() as home:
                    try:
                        self.found.setdefault(key, []).append(of(program, home))
                    except (
                        AssertionError,
                        OSError,
                        RuntimeError,
                        subprocess.SubprocessError,
                    ) as why:
                        self.failed[key] = str(why).partition("\n")[0][:80]

    @contextmanager
    def _home(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(dir=self.folder, ignore_cleanup_errors=True) as name:
            yield Path(name)


def measured(run: Run, server: stream.Server, rounds: int) -> None:
    """Everything."""
    nothing, bare = [], []

    def starting(arguments: str) -> Callable[[Program, Path], float]:
        def of(program: Program, home: Path) -> float:
            if arguments == "--version" and not program.has_version:
                raise AssertionError("it has no --version")
            if program is run.programs[0]:
                nothing.append(start.seconds(start.NOTHING))
            environment = {**start.PATH, **program.environment(home)}
            return start.seconds([program.command, arguments], environment)

        return of

    def painting(program: Program, home: Path) -> float:
        if program is run.programs[0]:
            bare.append(start.bare_paint())
        return start.paint(program, home, server)

    for arguments in ("--version", "--help"):
        run.measure(arguments, 3 * rounds, starting(arguments))
    run.measure("paint", 2 * rounds - 1, painting)
    for rate in RATES:
        run.measure(
            f"stream {rate}",
            rounds,
            lambda program, home, rate=rate: stream.streamed(program, home, server, rate),
        )
    run.measure("kill", 1, lambda program, home: kill.kept(program, home, server))
    screens = install.PEERS / "first_run"
    screens.mkdir(exist_ok=True)
    run.measure(
        "first run",
        1,
        lambda program, home: first_run.first_run(program, home, screens / f"{program.name}.txt"),
    )
    run.found["nothing", ""], run.found["bare", ""] = nothing, bare


def main() -> int:
    """Install, measure, print."""
    parser = argparse.ArgumentParser(prog="benchmarks.peers")
    parser.add_argument("--rounds", type=int, default=3, help="of each stream (3); starts get more")
    parser.add_argument("--no-training", action="store_true", help="leave the trainings out")
    parser.add_argument("programs", nargs="*", help="only these")
    chosen = parser.parse_args()
    failed = install.install_all()
    programs = [each(install.PEERS / each.package) for each in PROGRAMS]
    programs = [
        each for each in programs
        if not failed[each.name] and (not chosen.programs or each.name in chosen.programs)
    ]  # fmt: skip
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name,
        stream.serving(Path(name)) as server,
    ):
        run = Run(programs, Path(name))
        measured(run, server, chosen.rounds)
    print(table.chats(run.found, run.failed, [each.name for each in programs]))
    for name, why in failed.items():
        if why:
            print(f"\n{name}: n/a: not installed: {why}")
    if not chosen.no_training:
        print(flush=True)
        subprocess.run(
            [sys.executable, str(install.REPOSITORY / "tests/benchmarks/bench_train.py")],
            check=False,
        )
        print(table.TRAINERS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
