"""Fuzzes all targets, or those that are named: `make fuzz`.

`FUZZ_MINUTES` (60) are shared out among them; `FUZZ_SEED` (1) gives the same cases again. What was
found, and what the next run goes on from, lies in .cache/fuzz. `run.py TARGET FILE` tries one case.
Ends with 1 if something was found.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = Path(os.environ.get("FUZZ_FOLDER", HERE.parents[1] / ".cache" / "fuzz"))
GUIDING = ["g4tui", "g4tui_exchange", "g4tui_openai", "g4tui_ctransformers", "g4tui_training"]
GUIDING += ["markdown_it", "tomllib"]
GRACE_S = 300
"""For a last case that hangs, and for making a finding small."""


def main() -> int:
    """A process a target, one after another, so that a crash of one is a finding too."""
    from fuzz.driver import Tally
    from fuzz.targets import TARGETS

    names = [name for name in TARGETS if not sys.argv[1:] or name in sys.argv[1:]]
    left = float(os.environ.get("FUZZ_MINUTES", "60")) * 60
    seed = os.environ.get("FUZZ_SEED", "1")
    cases, found = 0, 0
    for number, name in enumerate(names):
        folder = FOLDER / name
        folder.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        code = _one(name, folder, left / (len(names) - number), seed)
        seconds = time.monotonic() - began
        left = max(0.0, left - seconds)
        tally = _tally(folder, Tally)
        if code:
            why = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            tally.findings[f"its process ended: {why}"] = str(folder / "log")
        cases, found = cases + tally.cases, found + len(tally.findings)
        print(
            f"{name:16} {tally.cases:9,} cases in {seconds:5.0f} s   {len(tally.findings)} findings"
        )
        for place, file in tally.findings.items():
            print(f"    {place}: {file}", flush=True)
    print(f"{'all':16} {cases:9,} cases, seed {seed}: {found} findings", flush=True)
    return int(found > 0)


def _one(name: str, folder: Path, seconds: float, seed: str) -> int:
    """The exit code of a process that drives one target."""
    command = [sys.executable, __file__, "--drive", name, str(folder), f"{seconds:.0f}", seed]
    with (folder / "log").open("wb") as log, tempfile.TemporaryDirectory() as scratch:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "TMPDIR": scratch},
        )
        try:
            return process.wait(seconds + GRACE_S)
        except subprocess.TimeoutExpired:
            return -signal.SIGKILL
        finally:
            process.kill()
            process.wait()


def _tally(folder: Path, kind: type) -> object:
    import msgspec

    return msgspec.json.decode((folder / "tally.json").read_bytes(), type=kind)


def drive(name: str, folder: Path, seconds: float, seed: int) -> None:
    """In the process of one target."""
    import atheris

    with atheris.instrument_imports(include=GUIDING):
        from fuzz.targets import TARGETS
    from fuzz.driver import drive

    drive(TARGETS[name], folder, seconds, seed)


def try_case(name: str, file: Path) -> None:
    """One case once more; raises if it is a finding still."""
    from fuzz.targets import TARGETS

    TARGETS[name].check(file.read_bytes())


if __name__ == "__main__":
    sys.path[0] = str(HERE.parent)
    if sys.argv[1:2] == ["--drive"]:
        drive(sys.argv[2], Path(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5]))
    elif len(sys.argv) == 3 and Path(sys.argv[2]).is_file():
        try_case(sys.argv[1], Path(sys.argv[2]))
    else:
        sys.exit(main())
