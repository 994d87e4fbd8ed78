"""Telling how far a long step is, without flooding a log."""

import sys
import time
from collections.abc import Callable


class Ticker:
    """Tells at most once in `every_s` seconds; a stage calls `tick` as often as it likes."""

    def __init__(
        self,
        say: Callable[[str], None],
        every_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say = say
        self._every_s = every_s
        self._clock = clock
        self._last = clock()

    def tick(self, text: Callable[[], str]) -> None:
        """Tell `text()` if it is time."""
        now = self._clock()
        if now - self._last >= self._every_s:
            self._last = now
            self._say(text())


def is_terminal() -> bool:
    """Whether a person looks at stderr."""
    return sys.stderr.isatty()
