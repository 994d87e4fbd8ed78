"""The terminal: Esc is quick, a paste of any size is one event, and its going away is no end."""

import asyncio
import fcntl
import os
import re
import selectors
import signal
import struct
import sys
import termios
from codecs import getincrementaldecoder
from collections.abc import Callable, Generator, Iterator
from string import digits
from typing import IO, TYPE_CHECKING, Any, cast

from textual import events
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.message import Message

if TYPE_CHECKING:
    from io import TextIOWrapper

    from textual.app import App

_READ = 1 << 16
_BURST = 256
"""Printable characters that come at once are no typing: they are a paste without brackets."""

_OTHER_KEY = re.compile(r"\x1b\[27;(\d+);(9|13|27|127)~")
_ESCAPE_DIGIT = re.compile(r"(?<=\x1b)(?=[0-9])")
_IDLE_S = 0.1
_PASTE_LIMIT_S = 5.0
"""A paste whose end does not come within this is taken as it is: the keyboard must not die."""

_ESCAPE_S = 0.03
"""How long a lone Esc is waited on for the rest of a sequence, which ssh may split; `$ESCDELAY`, in
milliseconds, goes before."""


class Driver(LinuxDriver):
    """Textual's driver for Linux and macOS with another reader.

    Textual's own parses a paste character by character (5 MB take seconds), reads one without
    brackets as millions of keys, and notices a lone Esc only at its next tenth of a second. Its
    writing thread dies where the terminal is gone, and the loop then waits on it for ever. And of
    two changes of the window's size that come together it may tell the older one last.
    """

    def __init__(
        self,
        app: "App[Any]",
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        if sys.__stderr__ is not None:
            self._file = cast("TextIOWrapper", LastingFile(sys.__stderr__))

    def start_application_mode(self) -> None:
        """As Textual's; the loop tells sizes, where no signal comes in between."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        asyncio.get_running_loop().add_signal_handler(signal.SIGWINCH, self._tell_size)

    def _tell_size(self) -> None:
        if not self._in_band_window_resize:
            size = Size(*self._get_terminal_size())
            self.send_message(events.Resize(size, size))
            # Should it be the size that was drawn last: a terminal that was another in between has
            # lost what was drawn, and nothing else would draw it again.
            self._app.call_later(self._app.refresh)

    def run_input_thread(self) -> None:
        """Read and dispatch until the driver stops."""
        reader = InputReader(self._debug, typed_before=_waiting_bytes(self.fileno))
        escape_s = _escape_s(os.environ.get("ESCDELAY", ""))
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                ready = selector.select(escape_s if reader.waiting else _IDLE_S)
                data = os.read(self.fileno, _READ) if ready else b""
                if ready and not data:
                    break  # the terminal is gone
                for message in reader.read(data):
                    self.process_message(message)


class LastingFile:
    """A terminal to write to; what comes after it went away is dropped: nobody could see it."""

    def __init__(self, file: "IO[str]") -> None:
        self._file = file
        self.gone = False

    def write(self, text: str) -> int:
        """All of it, or nothing any more."""
        self._do(lambda: self._file.write(text))
        return len(text)

    def flush(self) -> None:
        """As `write`."""
        self._do(self._file.flush)

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._file.isatty()

    def fileno(self) -> int:
        """Its descriptor."""
        return self._file.fileno()

    def _do(self, action: Callable[[], object]) -> None:
        if not self.gone:
            try:
                action()
            except OSError:
                self.gone = True


class InputReader:
    """Bytes in, messages out. `waiting`: something may be complete if nothing more comes soon.

    `typed_before`: how many bytes were typed before the terminal was made raw; it has turned
    Enter into a newline in them.
    """

    def __init__(self, debug: bool = False, *, typed_before: int = 0) -> None:
        self._typed_before = typed_before
        self._parser = XTermParser(debug)
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._held = ""  # the beginning of what may become the mark of a paste
        self._paste: list[str] | None = None
        self._paste_end = ""  # the last characters of the paste, where its closing mark may begin
        self._idle = 0
        self._burst: list[str] = []
        self._after_escape = False
        self.waiting = False

    def read(self, data: bytes) -> Iterator[Message]:
        """The messages of what was read; nothing read lets what waits be complete."""
        if not data:
            yield from self._tick()
            return
        self._idle = 0
        if self._typed_before:
            early, later = data[: self._typed_before], data[self._typed_before :]
            self._typed_before -= len(early)
            data = early.replace(b"\n", b"\r") + later
        text, self._held = self._held + self._decode(data), ""
        while text:
            if self._paste is not None:
                text = yield from self._read_paste(text)
            elif (start := text.find(BRACKETED_PASTE_START)) >= 0:
                yield from self._keys(text[:start])
                yield from self._end_burst()
                self._paste, self._paste_end = [], ""
                text = text[start + len(BRACKETED_PASTE_START) :]
            else:
                held = _begun_mark(text)
                self._held = text[len(text) - held :]
                yield from self._keys(text[: len(text) - held])
                text = ""
        self.waiting = b"\x1b" in data or bool(self._burst or self._held)

    def _tick(self) -> Iterator[Message]:
        self.waiting = False
        yield from self._end_burst()
        if self._held:
            yield from self._parser.feed(self._held)
            self._held, self.waiting = "", True
            return
        yield from self._complete()  # nothing came for as long as we wait
        self._after_escape = False
        self._idle += 1
        if self._paste is not None and self._idle * _IDLE_S > _PASTE_LIMIT_S:
            pasted, self._paste = "".join(self._paste), None
            yield _paste(pasted)

    def _read_paste(self, text: str) -> Generator[Message, None, str]:
        """Collect up to the closing mark, which reads may split; returns what follows it."""
        assert self._paste is not None
        self._paste.append(text)
        recent = self._paste_end + text
        self._paste_end = recent[-len(BRACKETED_PASTE_END) :]
        if BRACKETED_PASTE_END not in recent:
            return ""
        pasted, _, rest = "".join(self._paste).partition(BRACKETED_PASTE_END)
        self._paste = None
        yield _paste(pasted)
        return rest

    def _keys(self, text: str) -> Iterator[Message]:
        if "\x1b" not in text and (len(text) >= _BURST or self._burst):
            self._burst.append(text)
            return
        yield from self._end_burst()
        if not text:
            return
        # tmux and ssh bring an Esc and the key after it together. With a digit that is no key of
        # its own: Textual would take it for a sign that nobody typed, as the trade mark's for 2.
        text = _in_one_spelling("\x1b" + text)[1:] if self._after_escape else _in_one_spelling(text)
        between = self._after_escape and text[0] in digits
        for part in _ESCAPE_DIGIT.split(text):
            if between:
                yield from self._complete()
            yield from self._parser.feed(part)
            between = True
        self._after_escape = text.endswith("\x1b")

    def _complete(self) -> Iterator[Message]:
        """What waits for more is complete as it is."""
        if self._parser._timeout_time is not None:
            self._parser._timeout_time = 0.0
        yield from self._parser.tick()

    def _end_burst(self) -> Iterator[Message]:
        if self._burst:
            pasted, self._burst = "".join(self._burst), []
            yield _paste(pasted.replace("\r", "\n"))


def _in_one_spelling(text: str) -> str:
    """Modified keys as Textual reads them.

    Alt+Enter is an escape and a carriage return in most terminals, and xterm and tmux have a
    sequence of their own for Shift+Enter and its like: it would read both as something else.
    """
    return _OTHER_KEY.sub("\x1b[\\2;\\1u", text.replace("\x1b\r", "\x1b[13;3u"))


def _escape_s(delay: str) -> float:
    return int(delay) / 1000 if delay.isascii() and delay.isdigit() and int(delay) else _ESCAPE_S


def _waiting_bytes(descriptor: int) -> int:
    try:
        answer = fcntl.ioctl(descriptor, termios.FIONREAD, struct.pack("i", 0))
    except OSError:
        return 0
    (count,) = struct.unpack("i", answer)
    return int(count)


def _paste(text: str) -> events.Paste:
    return events.Paste(text.replace("\x00", ""))


def _begun_mark(text: str) -> int:
    """How many characters at the end begin the mark of a paste; a lone Esc is no beginning."""
    lengths = range(len(BRACKETED_PASTE_START) - 1, 1, -1)
    return next((n for n in lengths if text.endswith(BRACKETED_PASTE_START[:n])), 0)
