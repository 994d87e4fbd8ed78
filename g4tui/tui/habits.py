"""Words that are commands elsewhere: asked of a model they would only be a surprise."""

import re
from collections.abc import Callable

_COMMAND = re.compile(r"[/:][a-z]{1,16}[!?]?")
_LEAVING = {"exit", "quit", "bye", "/exit", "/quit", "/bye", ":q", ":q!", ":wq", ":x"}


class Habits:
    """Holds such a word back once, and says what does it here; sent again, it is meant."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._held = ""

    def may_send(self, text: str) -> bool:
        """Whether it is for the model."""
        if text == self._held or not (_COMMAND.fullmatch(text) or text in _LEAVING):
            self._held = ""
            return True
        self._held = text
        there = "Ctrl+Q quits" if text in _LEAVING else "Ctrl+P has every command"
        self._tell(f"{there}. Enter once more sends it.")
        return False
