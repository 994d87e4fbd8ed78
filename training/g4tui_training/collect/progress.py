"""Telling how a collection goes: a line that changes in a terminal, plain lines elsewhere."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from g4tui.sanitize import clean_line
from g4tui_training.progress import is_terminal

LIVE_S, PLAIN_S = 0.5, 10.0
_ERASE = "\r\x1b[2K"


class Reporter:
    """`tell` says a line for good; `line` gives the one that changes."""

    def __init__(self, tell: Callable[[str], None], line: Callable[[], str]) -> None:
        self._tell = tell
        self._line = line
        self._live = is_terminal()

    def say(self, text: str) -> None:
        """A line that stays."""
        self._erase()
        self._tell(text)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Report while the block runs, and once more in the end."""
        task = asyncio.create_task(self._report())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            self.say(self._line())

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(LIVE_S if self._live else PLAIN_S)
            if not self._live:
                self._tell(self._line())
                continue
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(_ERASE + clean_line(self._line())[:width])
            sys.stderr.flush()

    def _erase(self) -> None:
        if self._live:
            sys.stderr.write(_ERASE)
            sys.stderr.flush()
