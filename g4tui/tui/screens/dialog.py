"""What the modal screens share: one frame with a title, a body, and the keys at the bottom."""

from collections.abc import Iterable
from pathlib import PurePath
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget

from g4tui.sanitize import clean_line
from g4tui.tui.bindings import bindings
from g4tui.tui.widgets.key_line import KeyLine

Result = TypeVar("Result")


class Dialog(ModalScreen[Result | None], Generic[Result]):
    """Esc closes with `None`. A subclass gives `title_text` and composes its `body`."""

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = ["dialog.tcss"]
    AUTO_FOCUS = "*"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]  # noqa: RUF012  (so typed by Textual)
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("dialog"),
        # At once, before the next key is given to whatever has the focus then.
        Binding("tab", "app.focus_next", show=False, priority=True),
        Binding("shift+tab", "app.focus_previous", show=False, priority=True),
    ]

    title_text: str = ""

    def body(self) -> Iterable[Widget]:
        """The widgets between title and keys."""
        return ()

    def compose(self) -> ComposeResult:
        with Vertical(id="frame") as frame:
            frame.border_title = Content(f" {clean_line(self.title_text)} ")
            yield from self.body()
            yield KeyLine(id="keys")

    def action_close(self) -> None:
        """Leave without a result."""
        self.dismiss(None)
