"""One line that a screen asks for: tags, the name of a file."""

from collections.abc import Iterable
from pathlib import PurePath
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import Input, Static

from g4tui.sanitize import clean, clean_line
from g4tui.tui.bindings import bindings
from g4tui.tui.screens.dialog import Dialog


class LineScreen(Dialog[str]):
    """What was entered, trimmed; `None` for Esc. `note` stands below the field."""

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = ["dialog.tcss"]
    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("line"))

    def __init__(self, title: str, value: str, *, placeholder: str = "", note: str = "") -> None:
        self.title_text = title
        self._value = clean_line(value)
        self._placeholder = placeholder
        self._note = clean(note)
        super().__init__()

    def body(self) -> Iterable[Widget]:
        yield Input(self._value, placeholder=self._placeholder, select_on_focus=False)
        if self._note:
            yield Static(self._note, markup=False, classes="muted")

    def action_use(self) -> None:
        """Take it."""
        self.dismiss(self.query_one(Input).value.strip())
