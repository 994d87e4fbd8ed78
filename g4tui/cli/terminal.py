"""What the terminal can show: a whole screen, a line that replaces itself, or lines alone."""

import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from g4tui.core import ErrorInfo

DUMB = ("dumb", "unknown")
"""Values of TERM for what can neither move its cursor nor erase a line."""


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person is at its end; a stream that was closed has none."""
    return stream is not None and stream.isatty()


def can_erase(stream: TextIO | None) -> bool:
    """Whether a line that was written there can be replaced."""
    return is_terminal(stream) and os.environ.get("TERM") not in DUMB


def lacking() -> "ErrorInfo | None":
    """What keeps the screen from being drawn here. Imports nothing where all is well."""
    if not (is_terminal(sys.stdin) and is_terminal(sys.stdout)):
        return _usage(
            "There is no terminal to draw on",
            "g4tui opens a screen, which needs standard input and output to be a terminal.",
            "In a pipe or a script, use: g4tui ask",
        )
    if os.environ.get("TERM") in DUMB:
        return _usage(
            "This terminal cannot be drawn on",
            f"TERM is {os.environ['TERM']}: it shows lines, but no screen.",
            "Use g4tui ask; with --continue it goes on with the latest session.",
        )
    encoding = getattr(sys.stderr, "encoding", "utf-8")  # the screen is written there
    if encoding.lower().replace("_", "-") not in ("utf-8", "utf8"):
        forced = "PYTHONIOENCODING" in os.environ
        return _usage(
            "This terminal is not set to UTF-8",
            f"It is said to take {encoding}, which lacks the signs that the screen is drawn with.",
            "If it can do UTF-8, start it with: "
            + ("PYTHONIOENCODING=utf-8 g4tui" if forced else "LC_ALL=C.UTF-8 g4tui"),
        )
    return None


def _usage(title: str, detail: str, remedy: str) -> "ErrorInfo":
    from g4tui.core import ErrorInfo

    return ErrorInfo("usage", title, detail, remedy)
