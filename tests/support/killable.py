"""Runs `g4tui-train` in children of one warm process, so that a test can kill it many times over.

Standard input and output carry a line of JSON each way: the arguments, and after how many seconds
of its own work the child gets SIGKILL (none: never); the code that it ended with (-9: killed), the
seconds that it worked, and what it said.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple


class Ended(NamedTuple):
    """How a child ended. `worked` in seconds of processor time."""

    code: int
    worked: float
    said: str


class Killable:
    """The warm process, from outside."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, *arguments: str | Path, kill_after: float | None = None) -> Ended:
        """Run a command to its end, or to its death."""
        asked = {"arguments": [str(each) for each in arguments], "kill_after": kill_after}
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return Ended(*json.loads(self._process.stdout.readline()))


@contextmanager
def killable(home: Path) -> Iterator[Killable]:
    """Start the warm process; all computes in one thread, so that results can be compared."""
    one = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = {
        **os.environ,
        **dict.fromkeys(one, "1"),
        "TOKENIZERS_PARALLELISM": "false",
        "G4TUI_HOME": str(home),
    }
    with subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    ) as process:
        try:
            yield Killable(process)
        finally:
            process.stdin.close()  # type: ignore[union-attr]
            process.wait(30)


def _serve() -> None:
    from g4tui_training.main import run

    _warm_up()
    for line in sys.stdin:
        asked = json.loads(line)
        with tempfile.TemporaryFile() as said:
            sys.stdout.flush()
            if not (child := os.fork()):
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                os.dup2(said.fileno(), 1)
                os.dup2(said.fileno(), 2)
                code = 1
                try:
                    code = run(asked["arguments"])
                finally:
                    sys.stdout.flush()
                    sys.stderr.flush()
                    os._exit(code)
            code, worked = _watch(child, asked["kill_after"])
            said.seek(0)
            told = said.read().decode(errors="replace")
        print(json.dumps([code, worked, told]), flush=True)


def _warm_up() -> None:
    """Import what the stages import late, so that a child's time is its work."""
    import matplotlib.backends.backend_agg  # noqa: F401
    import transformers.models.llama.modeling_llama
    import transformers.models.llama.tokenization_llama  # noqa: F401

    import g4tui_training.clean.commands
    import g4tui_training.collect.commands
    import g4tui_training.evaluate.stage
    import g4tui_training.export.stage
    import g4tui_training.map.commands
    import g4tui_training.train.commands  # noqa: F401


def _watch(child: int, kill_after: float | None) -> tuple[int, float]:
    clock = Path(f"/proc/{child}/schedstat")
    worked = 0.0
    while True:
        gone, status = os.waitpid(child, os.WNOHANG)
        if gone:
            return os.waitstatus_to_exitcode(status), worked
        worked = int(clock.read_text().split()[0]) / 1e9
        if kill_after is not None and worked >= kill_after:
            os.kill(child, signal.SIGKILL)
            kill_after = None
        time.sleep(0.001)


def known(values: Any, *unknown: str) -> Any:
    """A JSON value without the keys that a clock or a machine decides."""
    if isinstance(values, dict):
        return {key: known(value, *unknown) for key, value in values.items() if key not in unknown}
    return [known(each, *unknown) for each in values] if isinstance(values, list) else values


if __name__ == "__main__":
    _serve()
