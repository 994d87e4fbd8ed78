"""What Ctrl+C and other signals do while a model answers."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from g4tui.core import Cancel

# What does not end this long after it was told to is broken off; its text is kept.
PATIENCE_S = 3.0


class Stop:
    """What a signal does: ask the model to stop, and break the task off when it does not."""

    def __init__(self) -> None:
        self.cancel = Cancel()
        self.number: int | None = None
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()

    def __call__(self, number: int) -> None:
        if self.number is not None:
            self._break_off()
            return
        self.number = number
        self.cancel.request()
        self._loop.call_later(PATIENCE_S, self._break_off)

    def _break_off(self) -> None:
        if self._task is not None:
            self._task.cancel()


@contextmanager
def stop_signals() -> Iterator[Stop]:
    """Within: signals stop the task that runs now."""
    stop = Stop()
    loop = asyncio.get_running_loop()
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    if sys.platform == "win32":  # loops have no signals there: Ctrl+C cancels the task
        yield stop
        return
    for name in names:
        number = signal.Signals[name]
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup stays nohup
            loop.add_signal_handler(number, stop, number)
    try:
        yield stop
    finally:
        for name in names:
            loop.remove_signal_handler(signal.Signals[name])
