"""What Ctrl+C does: the first lets what is in flight end, the second does not."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stopping:
    """`requested`: somebody asked to stop, by a signal or otherwise."""

    def __init__(self, gently: Callable[[], object], at_once: Callable[[], object]) -> None:
        self.requested = False
        self._gently = gently
        self._at_once = at_once

    def ask(self) -> None:
        """Stop; asked again, at once."""
        if self.requested:
            self._at_once()
            return
        self.requested = True
        self._gently()

    def now(self) -> None:
        """Stop at once."""
        self.requested = True
        self._at_once()


@contextmanager
def on_signals(stopping: Stopping) -> Iterator[None]:
    """SIGINT asks, SIGTERM and SIGHUP stop at once, as long as the block runs."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    handlers = {
        signal.SIGINT: stopping.ask,
        signal.SIGTERM: stopping.now,
        signal.SIGHUP: stopping.now,
    }
    ours = [number for number in handlers if signal.getsignal(number) is not signal.SIG_IGN]
    for number in ours:
        loop.add_signal_handler(number, handlers[number])
    try:
        yield
    finally:
        for number in ours:
            loop.remove_signal_handler(number)
