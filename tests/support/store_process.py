"""Starts `store_child.py`, or another program at work on a library, and listens to it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import IO, Any, Self

PROGRAM = Path(__file__).with_name("store_child.py")


class Child:
    """Another process at work on a library."""

    def __init__(self, command: str, library: Path, *arguments: str) -> None:
        self._start(PROGRAM, command, str(library), *arguments)

    @classmethod
    def of(cls, program: Path, *arguments: str) -> Self:
        """Any program that tells what it does in lines of JSON."""
        child = cls.__new__(cls)
        child._start(program, *arguments)
        return child

    def _start(self, program: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(program), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def told(self) -> dict[str, Any]:
        """What it says next; waits for it."""
        line = self._pipe(self.process.stdout).readline()
        assert line, "the other process ended"
        return dict(json.loads(line))

    def kill(self) -> list[dict[str, Any]]:
        """`kill -9`; returns what else it had said."""
        self.process.kill()
        rest = self._pipe(self.process.stdout).read().splitlines(keepends=True)
        self.process.wait()
        return [json.loads(line) for line in rest if line.endswith("\n")]

    def go_on(self) -> None:
        """End its standard input, which is what it waits for."""
        self._pipe(self.process.stdin).close()

    def end(self) -> None:
        """Leave nothing behind."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            self._pipe(pipe).close()

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe
