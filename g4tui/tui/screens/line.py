"""One line that a screen asks for: tags, the name of a file."""

from collections.abc import Awaitable, Callable, Iterable
from pathlib import PurePath
from typing import ClassVar, TypeVar

from textual.app import App
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import Input, Static

from g4tui.core import G4tuiError
from g4tui.sanitize import clean, clean_line
from g4tui.tui.bindings import bindings
from g4tui.tui.screens.dialog import Dialog

Ended = TypeVar("Ended")


class LineScreen(Dialog[str]):
    """What was entered, trimmed; `None` for Esc.

    Below the field stands `wrong`, why it is asked for again, and `note`.
    """

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = ["dialog.tcss"]
    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("line"))

    def __init__(
        self, title: str, value: str, *, placeholder: str = "", note: str = "", wrong: str = ""
    ) -> None:
        self.title_text = title
        self._value = clean_line(value)
        self._placeholder = placeholder
        self._note = clean(note)
        self._wrong = clean(wrong)
        super().__init__()

    def body(self) -> Iterable[Widget]:
        yield Input(self._value, placeholder=self._placeholder, select_on_focus=False)
        if self._wrong:
            yield Static(self._wrong, markup=False, classes="error")
        if self._note:
            yield Static(self._note, markup=False, classes="muted")

    def action_use(self) -> None:
        """Take it."""
        self.dismiss(self.query_one(Input).value.strip())


async def ask_line(
    app: App[Ended],
    title: str,
    value: str,
    use: Callable[[str], Awaitable[bool]],
    *,
    placeholder: str = "",
    note: str = "",
) -> None:
    """Ask for a line until `use` takes it, or for Esc.

    Where `use` raises a `G4tuiError` (which is told) or gives False, what was typed can be mended.
    """
    wrong = ""
    while True:
        screen = LineScreen(title, value, placeholder=placeholder, note=note, wrong=wrong)
        entered = await app.push_screen_wait(screen)
        if entered is None:
            return
        value, wrong = entered, ""
        try:
            if await use(entered):
                return
        except G4tuiError as error:
            wrong = str(error)
