"""`g4tui` in processes of its own."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Result(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


class CommandLine:
    """Runs `g4tui` with an environment and in a folder of the test."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.environment = dict(environment)
        self.folder = folder

    def __call__(
        self, *arguments: str, input: str | bytes = "", environment: Mapping[str, str] = {}
    ) -> Result:
        """Run to the end, with `input` as all of standard input."""
        return self.run(command(*arguments), input=input, environment=environment)

    def run(
        self,
        arguments: Sequence[str],
        *,
        input: str | bytes = "",
        environment: Mapping[str, str] = {},
    ) -> Result:
        """The same for any program."""
        done = subprocess.run(
            arguments,
            input=input.encode() if isinstance(input, str) else input,
            capture_output=True,
            env={**self.environment, **environment},
            cwd=self.folder,
            timeout=90,
        )
        return Result(
            done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8", "replace")
        )

    def start(
        self, *arguments: str, stdin: int | None = subprocess.DEVNULL
    ) -> "subprocess.Popen[bytes]":
        """Begin; stdout and stderr are pipes."""
        return subprocess.Popen(
            command(*arguments),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            cwd=self.folder,
        )


def command(*arguments: str) -> list[str]:
    """The command line of a child."""
    return [sys.executable, "-P", "-m", "g4tui", *arguments]


def read_until(child: "subprocess.Popen[bytes]", wanted: bytes, seconds: float = 60.0) -> bytes:
    """What a child wrote to stdout, until `wanted` is in it."""
    assert child.stdout is not None
    seen = b""
    deadline = time.monotonic() + seconds
    while wanted not in seen:
        assert time.monotonic() < deadline, seen
        chunk = child.stdout.read1(4096)  # type: ignore[attr-defined]
        assert chunk, f"it ended after {seen!r}"
        seen += chunk
    return seen
