"""A text to edit: a correction of an answer, the reason of a vote."""

from collections.abc import Iterable
from pathlib import PurePath
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import TextArea

from g4tui.sanitize import clean
from g4tui.tui.bindings import bindings
from g4tui.tui.screens.dialog import Dialog


class TextScreen(Dialog[str]):
    """The text as edited; `None` when it stays as it is. `tall`: it takes the whole screen.

    Esc asks before it drops what was changed.
    """

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = ["dialog.tcss", "text.tcss"]
    AUTO_FOCUS = "TextArea"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("text"))

    def __init__(self, title: str, text: str, *, tall: bool = False) -> None:
        self.title_text = title
        self._text = text
        super().__init__()
        self.set_class(tall, "-whole")

    def body(self) -> Iterable[Widget]:
        yield TextArea(clean(self._text), soft_wrap=True, tab_behavior="focus")

    def on_mount(self) -> None:
        """One goes on where the text ends."""
        area = self.query_one(TextArea)
        area.move_cursor(area.document.end)

    @property
    def _edited(self) -> str | None:
        text = self.query_one(TextArea).text
        return None if text == clean(self._text) else text

    def action_save(self) -> None:
        """Take it."""
        self.dismiss(self._edited)

    def action_close(self) -> None:
        """Leave it, after a question where something was changed."""
        from g4tui.tui.screens.confirm import ConfirmScreen

        def answered(drop: bool | None) -> None:
            if drop:
                self.dismiss(None)

        if self._edited is None:
            self.dismiss(None)
            return
        question = ConfirmScreen("Drop what you wrote?", "Ctrl+S saves it.", "Drop", "Go on")
        self.app.push_screen(question, answered)
