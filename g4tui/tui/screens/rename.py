"""Another title for a chat."""

from collections.abc import Iterable
from pathlib import PurePath
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import Input, Static

from g4tui.sanitize import clean_line
from g4tui.tui.bindings import bindings
from g4tui.tui.screens.dialog import Dialog

LONGEST = 200
"""Characters of a title: longer ones are a pasted text, not a name."""


class RenameScreen(Dialog[str]):
    """The new title, trimmed; `None` when it stays as it is."""

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = [
        "dialog.tcss",
        "rename.tcss",
    ]
    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("rename"))
    title_text = "Rename chat"

    def __init__(self, title: str) -> None:
        self._title = clean_line(title)
        super().__init__()

    def body(self) -> Iterable[Widget]:
        yield Input(self._title, max_length=LONGEST, placeholder="A title")
        yield Static("", id="complaint", classes="error")

    @on(Input.Changed)
    def _changed(self) -> None:
        self.query_one("#complaint", Static).update("")

    def action_save(self) -> None:
        """Take the title, unless it is empty."""
        title = clean_line(self.query_one(Input).value).strip()
        if not title:
            self.query_one("#complaint", Static).update("A chat needs a title.")
            return
        self.dismiss(title if title != self._title else None)
