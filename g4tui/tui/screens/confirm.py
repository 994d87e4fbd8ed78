"""A question before something is lost. The safe answer has the focus."""

from collections.abc import Iterable
from pathlib import PurePath
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Static

from g4tui.sanitize import clean
from g4tui.tui.bindings import bindings
from g4tui.tui.screens.dialog import Dialog


class ConfirmScreen(Dialog[bool]):
    """True when the person says yes; False for no and for Esc. The texts may be untrusted."""

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = [
        "dialog.tcss",
        "confirm.tcss",
    ]
    AUTO_FOCUS = "#no"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("confirm"),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]

    def __init__(self, title: str, detail: str, yes: str = "Yes", no: str = "No") -> None:
        self.title_text = title
        self._detail = detail
        self._yes = yes
        self._no = no
        super().__init__()

    def body(self) -> Iterable[Widget]:
        yield VerticalScroll(Static(clean(self._detail), markup=False), can_focus=False)
        yield Horizontal(
            Button(Content(clean(self._no)), id="no"),
            Button(Content(clean(self._yes)), id="yes", variant="error"),
            id="buttons",
        )

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Yes or no by its letter."""
        self.dismiss(answer)

    def action_close(self) -> None:
        """Esc is no."""
        self.dismiss(False)
