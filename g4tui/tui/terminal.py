"""Signals: whatever ends the program leaves the text saved and the terminal as it was."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable

RESTORE = (
    "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l\x1b[?2004l\x1b[?2048l"
    "\x1b[<u\x1b[?1004l\x1b[?7h\x1b[?1049l\x1b[?25h\x1b[0m"
)
"""Mouse, paste marks, resize reports, kitty keys and focus reports off, wrap on, the normal screen
and the cursor back."""

_GRACE_S = 5.0
ENDING = ("SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT")


class Signals:
    """Ends the program in order on SIGTERM, SIGHUP, SIGINT and SIGQUIT; a second ends it at once.

    `stop` is called on the loop with the exit status (128 + signal). If the program has not ended
    five seconds later, or another such signal comes, the terminal is restored by force.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, stop: Callable[[int], None]) -> None:
        self._loop = loop
        self._stop = stop
        self._asked = False

    def install(self) -> None:
        """Take the signals over; on platforms without one of them, the others."""
        for name in ENDING:
            number = getattr(signal, name, None)
            if number is None:
                continue
            try:
                self._loop.add_signal_handler(number, self._received, int(number))
            except (NotImplementedError, RuntimeError, ValueError):  # Windows; not the main thread
                signal.signal(number, lambda received, frame: self._from_handler(received))

    def _from_handler(self, number: int) -> None:
        self._loop.call_soon_threadsafe(self._received, number)

    def _received(self, number: int) -> None:
        if self._asked:
            leave_by_force(128 + number)
        self._asked = True
        grace = threading.Timer(_GRACE_S, leave_by_force, (128 + number,))
        grace.daemon = True  # beside the loop, which may be what hangs
        grace.start()
        self._stop(128 + number)


def leave_by_force(status: int) -> None:
    """Restore the terminal without anybody's help and end the process."""
    restore_terminal()
    os._exit(status)


def restore_terminal() -> None:
    """Write what undoes the application mode, and cooked input; a terminal that is gone is fine."""
    for stream in (sys.__stderr__, sys.__stdout__):
        try:
            if stream is not None and stream.isatty():
                os.write(stream.fileno(), RESTORE.encode())
                break
        except (OSError, ValueError):
            continue
    try:
        import termios

        descriptor = sys.__stdin__.fileno() if sys.__stdin__ else 0
        mode = termios.tcgetattr(descriptor)
        mode[3] |= termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG
        mode[0] |= termios.ICRNL | termios.IXON
        termios.tcsetattr(descriptor, termios.TCSANOW, mode)
    except (ImportError, OSError, ValueError):
        return
    except Exception as error:  # termios.error has no better base
        if type(error).__name__ != "error":
            raise
