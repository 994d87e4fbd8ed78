"""The processes that do the jobs of `clean`: this one, or several of its kind.

A process gets one JSON line a job and answers with one. It ends with its standard input, so that
`kill -9` of the parent leaves nothing at work for longer than a job takes.
"""

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import IO

import msgspec

from g4tui.core import ErrorInfo, G4tuiError
from g4tui.worker.process import environment
from g4tui_training.clean.jobs import Done, Job, Plan
from g4tui_training.clean.worker import Hands


class Reply(msgspec.Struct, frozen=True):
    """What a process answers: a result, or an error."""

    done: Done | None = None
    error: ErrorInfo | None = None


class Crew:
    """Does jobs, `count` at a time; use as a context manager. One: in this process."""

    def __init__(self, plan: Plan, count: int) -> None:
        self._hands = Hands(plan, "0") if count <= 1 else None
        self._others = [] if count <= 1 else [_Other(plan, str(at)) for at in range(count)]

    def __enter__(self) -> "Crew":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for other in self._others:
            other.end()

    def do(self, jobs: Iterable[Job], check: Callable[[], None]) -> Iterator[Done]:
        """The results, as they come. `check` is called between jobs and may raise."""
        if self._hands is not None:
            for job in jobs:
                check()
                yield self._hands.do(job)
            return
        yield from self._together(iter(jobs), check)

    def _together(self, jobs: Iterator[Job], check: Callable[[], None]) -> Iterator[Done]:
        with ThreadPoolExecutor(len(self._others)) as threads:
            free = list(self._others)
            running: dict[Future[Done], _Other] = {}
            try:
                while True:
                    check()
                    while free and (job := next(jobs, None)) is not None:
                        other = free.pop()
                        running[threads.submit(other.do, job)] = other
                    if not running:
                        return
                    ended, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in ended:
                        free.append(running.pop(future))
                        yield future.result()
            except BaseException:
                for other in self._others:
                    other.end()  # the threads wait for their answers
                raise


class _Other:
    """Another process."""

    def __init__(self, plan: Plan, name: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "g4tui_training.clean.worker", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
            start_new_session=True,  # Ctrl+C is for the parent, which ends its children
        )
        self._in, self._out = _pipe(self._process.stdin), _pipe(self._process.stdout)
        self._send(plan)

    def do(self, job: Job) -> Done:
        """Wait for one job's result; raises what the process raised."""
        self._send(job)
        line = self._out.readline()
        if not line:
            raise _died(self._process.wait())
        reply = msgspec.json.decode(line, type=Reply)
        if reply.error is not None:
            raise G4tuiError.of(reply.error)
        assert reply.done is not None
        return reply.done

    def end(self) -> None:
        """End it at once; calling again does nothing."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._in, self._out):
            try:
                pipe.close()
            except BrokenPipeError:
                continue  # what was not read is not needed

    def _send(self, value: object) -> None:
        try:
            self._in.write(msgspec.json.encode(value) + b"\n")
            self._in.flush()
        except BrokenPipeError as error:
            raise _died(self._process.wait()) from error


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def _died(code: int) -> G4tuiError:
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return G4tuiError(
        "crashed",
        "A process of clean ended",
        f"It ended with {how}; if that is signal 9, memory may have run out.",
        "Run it again; with --jobs 1 it takes the least memory.",
    )
