"""Every process of the campaign's programs, found by a folder in its environment."""

import os
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

EVERY_S = 0.1


class Process(NamedTuple):
    """One that runs."""

    pid: int
    parent: int
    state: str
    command: str

    @property
    def is_worker(self) -> bool:
        """Whether it holds a model."""
        return "g4tui.worker" in self.command


class Watch(threading.Thread):
    """Looks every tenth of a second whether a worker has one of the secrets in its environment.

    `mark`: what is in the environment of all of ours and of no other. `workers`: how many were
    looked into; `leaks`: what was found.
    """

    def __init__(self, mark: str, secrets: Sequence[bytes]) -> None:
        super().__init__(name="watch", daemon=True)
        self._mark = mark.encode()
        self._secrets = secrets
        self._over = threading.Event()
        self.workers: set[int] = set()
        self.leaks: list[str] = []

    def run(self) -> None:
        """Until `stop`."""
        while not self._over.wait(EVERY_S):
            self.alive()

    def stop(self) -> None:
        """End the thread."""
        self._over.set()
        self.join(5)

    def alive(self) -> list[Process]:
        """Those of ours that run now."""
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and int(folder.name) != os.getpid():
                try:
                    found += self._look(folder)
                except OSError:  # it has ended meanwhile, or is none of ours to look into
                    continue
        return found

    def _look(self, folder: Path) -> list[Process]:
        environment = (folder / "environ").read_bytes()
        if self._mark not in environment:
            return []
        command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        process = Process(int(folder.name), int(parent), state, command.strip())
        if process.is_worker:
            self.workers.add(process.pid)
            environment = (folder / "environ").read_bytes()  # before it was its parent's, perhaps
            if any(secret in environment + command.encode() for secret in self._secrets):
                self.leaks.append(f"the environment of worker {process.pid}")
        return [] if state == "Z" else [process]

    def workers_of(self, parent: int) -> list[int]:
        """The workers that a program started."""
        return [one.pid for one in self.alive() if one.parent == parent and one.is_worker]

    def left_over(self, seconds: float) -> list[Process]:
        """Those of ours that are still there after so long, and are ended then."""
        deadline = time.monotonic() + seconds
        while (alive := self.alive()) and time.monotonic() < deadline:
            self._over.wait(0.02)
        for process in alive:
            os.kill(process.pid, signal.SIGKILL)
        return alive
