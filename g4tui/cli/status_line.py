"""A line on stderr that tells how far something is, where that is a terminal."""

import shutil
import sys
import time

from g4tui.cli.terminal import can_erase

EVERY_S = 0.2
BAR = 30


def bar(share: float) -> str:
    """How much of something is done, of 0 to 1: `[####      ]  40 %`."""
    return f"[{'#' * int(BAR * share):{BAR}}] {share:4.0%}".replace("%", " %")


class StatusLine:
    """Shown a few times a second; `close` leaves the line clean."""

    def __init__(self) -> None:
        self._shown = 0.0
        self._lively = can_erase(sys.stderr)

    def show(self, text: str, *, last: bool = False) -> None:
        """Replace what it says. `last`: show it though the former was shown just now."""
        now = time.monotonic()
        if not self._lively or (now - self._shown < EVERY_S and not last):
            return
        from rich.cells import cell_len, set_cell_size

        from g4tui.sanitize import clean_line

        self._shown = now
        line, width = clean_line(text), shutil.get_terminal_size().columns - 1
        if cell_len(line) > width:  # what goes on in the next line cannot be taken back
            line = set_cell_size(line, width)
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()

    def close(self) -> None:
        """Leave the line clean."""
        if self._lively and self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
