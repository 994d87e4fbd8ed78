"""A clock that jumps, for one program: a library is loaded before libc's own functions."""

import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

from torture.chat import chatting
from torture.faults.registry import fault
from torture.world import STUDENT, SkippedError, World, pause

SOURCE = Path(__file__).with_name("clock.c")
DAY_S = 24 * 3600
JUMPS = (3600, -3600, 400 * DAY_S, -400 * DAY_S, -20_000 * DAY_S, 3_000 * DAY_S)
"""Seconds; one of them is before 1970."""


class Clock:
    """The wall clock of programs with this `environment`: the real one, and an offset."""

    def __init__(self, world: World) -> None:
        folder = world.folder / "tmp"
        library, self._offset = folder / "clock.so", folder / "clock.offset"
        self.environment = {"LD_PRELOAD": str(library), "TORTURE_CLOCK": str(self._offset)}
        compiler = shutil.which("cc") or shutil.which("gcc")
        if not sys.platform.startswith("linux") or compiler is None:
            raise SkippedError("a library before libc's needs Linux and a C compiler")
        self.jump(0)
        if not library.exists():
            made = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"]
            subprocess.run(made, check=True)
        self.jump(DAY_S)
        told = subprocess.run(
            [sys.executable, "-c", "import time; print(time.time())"],
            env={**world.environment, **self.environment},
            capture_output=True,
            check=True,
        )
        if float(told.stdout) < time.time() + DAY_S / 2:
            raise SkippedError("the clock of a program cannot be changed here")
        self.jump(0)

    def jump(self, seconds: int) -> None:
        """So far from the real time, from now on."""
        with self._offset.open("r+b" if self._offset.exists() else "wb") as file:
            file.write(struct.pack("<q", seconds))  # in place: it is mapped


@fault("the clock jumps", weight=2)
def jumped(world: World) -> None:
    """In the middle of an answer and between questions; back at the end."""
    clock = Clock(world)
    with chatting(world, STUDENT, environment=clock.environment) as chat:
        mark = chat.ask(300)
        chat.hears(mark)
        at = time.monotonic()
        for jump in world.chance.sample(JUMPS, 3):
            clock.jump(jump)
            pause(world.chance, 0.4)
        answer = chat.ended(mark)
        if answer.state != "complete" or len(answer.text.split()) != 300:
            world.wrong(f"while the clock jumped: {answer}"[:300])
        chat.works(at)
        session = answer.session
    clock.jump(0)
    with chatting(world, STUDENT, session=session) as chat:
        chat.works(time.monotonic())
