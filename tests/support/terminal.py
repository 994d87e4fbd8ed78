"""A program in a real pseudo-terminal: keys go in, screen and raw bytes come out."""

import codecs
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyte

KEYS = {
    "enter": "\r",
    "esc": "\x1b",
    "tab": "\t",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    "end": "\x1b[F",
    "home": "\x1b[H",
    "f1": "\x1bOP",
    "f2": "\x1bOQ",
    "f7": "\x1b[18~",
    "backspace": "\x7f",
} | {f"ctrl+{letter}": chr(ord(letter) - 96) for letter in "abcdefghijklmnopqrstuvwxyz"}


class Terminal:
    """Use as a context manager: on leaving, the program is gone.

    `raw` is every byte that the program wrote, `reads` when how many of them were there (by
    `time.monotonic`); `text()` is what a person sees now.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str],
        columns: int = 120,
        rows: int = 40,
    ) -> None:
        self.raw = bytearray()
        self.reads: list[tuple[float, int]] = []
        self._shown = 0
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self._screen)
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._changed = threading.Condition()
        self._master, slave = pty.openpty()
        self._set_size(columns, rows)
        self.process = subprocess.Popen(
            [str(part) for part in command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
            | {"PATH": os.environ["PATH"]}
            | dict(environment),
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self._reader.join(10)
        os.close(self._master)

    def press(self, *keys: str) -> None:
        """Press keys by name (`ctrl+n`, `enter`), or a single character."""
        for key in keys:
            self.type(KEYS.get(key, key))

    def type(self, text: str) -> None:
        """Type text as it is."""
        data = text.encode()
        while data:
            data = data[os.write(self._master, data[:1024]) :]

    def paste(self, text: str) -> None:
        """Paste as a terminal does that brackets pastes."""
        self.type(f"\x1b[200~{text}\x1b[201~")

    def text(self) -> str:
        """The screen's rows."""
        with self._changed:
            return self._look()

    def wait_for(self, *wanted: str, seconds: float = 60.0) -> str:
        """Wait until every text is on the screen; the screen then."""
        return self._until(lambda seen: all(text in seen for text in wanted), wanted, seconds)

    def wait_gone(self, *unwanted: str, seconds: float = 60.0) -> str:
        """Wait until none of the texts is on the screen; the screen then."""
        return self._until(
            lambda seen: not any(text in seen for text in unwanted), unwanted, seconds
        )

    def wait_raw(self, *wanted: bytes, seconds: float = 60.0) -> None:
        """Wait until every one of these byte sequences was written."""
        self._until(lambda seen: all(each in self.raw for each in wanted), wanted, seconds)

    def wait_exit(self, seconds: float = 60.0) -> int:
        """The exit status; everything was read by then."""
        status = self.process.wait(seconds)
        self._reader.join(10)
        return status

    def resize(self, columns: int, rows: int) -> None:
        """Change the window's size, as a person drags it."""
        with self._changed:
            self._look()
            self._screen.resize(rows, columns)
        self._set_size(columns, rows)
        self.process.send_signal(signal.SIGWINCH)

    def line(self) -> list[Any]:
        """How the terminal's line is set: see `termios.tcgetattr`."""
        return termios.tcgetattr(self._master)

    def _until(self, holds, told, seconds: float) -> str:  # type: ignore[no-untyped-def]
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                seen = self._look()
                if holds(seen):
                    return seen
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"waited {seconds} s for {told}; the screen:\n{seen}")
                self._changed.wait(min(left, 0.5))

    def _look(self) -> str:
        """What nobody looks at is not drawn: drawing takes longer than reading."""
        data = bytes(self.raw[self._shown :])
        self._shown += len(data)
        self._stream.feed(self._decode(data))
        return "\n".join(row.rstrip() for row in self._screen.display)

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:  # the program closed its end
                data = b""
            with self._changed:
                self.raw += data
                self.reads.append((time.monotonic(), len(self.raw)))
                self._changed.notify_all()
            if not data:
                return

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
