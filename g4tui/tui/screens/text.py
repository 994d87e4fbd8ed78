"""A text to edit: a correction of an answer, the reason of a vote."""

from collections.abc import Iterable
from pathlib import PurePath
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import TextArea

from g4tui.sanitize import clean
from g4tui.tui.bindings import bindings
from g4tui.tui.commands import keys_of_action
from g4tui.tui.screens.dialog import Dialog
from g4tui.tui.widgets.prompt import without_blank_ends


class TextScreen(Dialog[str]):
    """The text as edited, without blank ends; `None` when it stays as it is.

    Esc asks before it drops what was changed.
    """

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = ["dialog.tcss", "text.tcss"]
    AUTO_FOCUS = "TextArea"
    saving_key = "reason.save"

    def __init__(self, title: str, text: str) -> None:
        self.title_text = title
        self._text = text
        super().__init__()

    def body(self) -> Iterable[Widget]:
        yield TextArea(clean(self._text), soft_wrap=True, tab_behavior="focus")

    def on_mount(self) -> None:
        """One goes on where the text ends."""
        area = self.query_one(TextArea)
        area.move_cursor(area.document.end)

    @property
    def _edited(self) -> str | None:
        before, text = clean(self._text), self.query_one(TextArea).text
        edited = without_blank_ends(text)
        return None if before in (text, edited) else edited

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
        saves = f"{keys_of_action(self.app, self.saving_key).split()[0]} saves it."
        question = ConfirmScreen("Drop what you wrote?", saves, "Drop", "Go on")
        self.app.push_screen(question, answered)


class ReasonScreen(TextScreen):
    """A line or two: Enter saves."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings("reason"))

    def action_newline(self) -> None:
        """A line break at the cursor."""
        self.query_one(TextArea).insert("\n")


class CorrectionScreen(TextScreen):
    """A text of any length, on the whole screen."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings("text"))
    saving_key = "text.save"

    def __init__(self, title: str, text: str) -> None:
        super().__init__(title, text)
        self.set_class(True, "-whole")
