"""The child's log: what native code prints, kept short, read when something went wrong."""

import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

MAX_BYTES = 256 * 1024
KEPT_BYTES = 64 * 1024
TAIL_BYTES = 16 * 1024
TAIL_LINES = 6
TAIL_FRAMES = 2
TAIL_LINE_LENGTH = 200
FLAGS = os.O_RDWR | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
FRAME = re.compile(r'  File ".*", line \d+ in ')
THREAD = re.compile(r"(Current thread|Thread) 0x\w+ .*\(most recent call first\):$")


class LogFile:
    """A file that the child appends to and the host keeps within `MAX_BYTES`, more or less.

    The host holds its own descriptor, so the log can be read and cut while the child hangs, after
    it died, and when another g4tui put a new file in its place. The log before is kept as `.1`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.descriptor = _fresh(path)
        except OSError:
            # A cache that cannot be written is no reason not to answer.
            made, name = tempfile.mkstemp(prefix="g4tui-worker-")
            os.close(made)
            self.descriptor = os.open(name, FLAGS)
            with suppress(OSError):
                Path(name).unlink()
        self._asked_at = 0

    def question_asked(self) -> None:
        """`tail` begins here: what was said before, such as how a model was loaded, is no news."""
        self._asked_at = os.fstat(self.descriptor).st_size

    def bound(self) -> None:
        """Drop the older part when the log outgrew its limit."""
        size = os.fstat(self.descriptor).st_size
        if size <= MAX_BYTES:
            return
        kept = _read_end(self.descriptor, size, KEPT_BYTES)
        os.ftruncate(self.descriptor, 0)
        self._asked_at = 0
        os.write(self.descriptor, b"[older lines were dropped]\n" + kept)

    def tail(self) -> str:
        """The last lines since something was asked, each of bearable length."""
        size = os.fstat(self.descriptor).st_size
        wanted = min(TAIL_BYTES, max(0, size - self._asked_at))
        text = _read_end(self.descriptor, size, wanted).decode(errors="replace")
        lines = [line.rstrip()[:TAIL_LINE_LENGTH] for line in text.splitlines() if line.strip()]
        return "\n".join(_without_stacks(lines)[-TAIL_LINES:])

    def close(self) -> None:
        """Let go of the file; it stays on the disk."""
        os.close(self.descriptor)


def _fresh(path: Path) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size:
        path.replace(path.with_name(path.name + ".1"))
    return os.open(path, FLAGS | os.O_CREAT, 0o600)


def _read_end(descriptor: int, size: int, wanted: int) -> bytes:
    """The last `wanted` bytes. Windows has no `pread`; a position means nothing to an appender."""
    os.lseek(descriptor, max(0, size - wanted), os.SEEK_SET)
    return os.read(descriptor, wanted)


def _without_stacks(lines: list[str]) -> list[str]:
    """After a crash Python lists the stacks of all threads, which would push out what was said.

    Of the thread that crashed the innermost calls stay.
    """
    kept: list[str] = []
    frames = 0
    for line in lines:
        if thread := THREAD.match(line):
            frames = 0 if thread[1] == "Current thread" else TAIL_FRAMES
        elif FRAME.match(line):
            frames += 1
            if frames <= TAIL_FRAMES:
                kept.append(line)
        elif not line.startswith("Extension modules: ") and line != "  ...":
            kept.append(line)
            frames = 0
    return kept
