"""A short list to choose one thing from."""

from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import ClassVar, NamedTuple

from textual import events, on
from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from g4tui.sanitize import clean, clean_line
from g4tui.tui.bindings import bindings
from g4tui.tui.screens.dialog import Dialog
from g4tui.tui.widgets.line_list import LineList


class PickRow(NamedTuple):
    """One choice: its key, its name, and what else is to say of it. Without a key: a heading."""

    key: str
    title: str
    hint: str = ""

    @property
    def selectable(self) -> bool:
        return bool(self.key)

    def content(self, width: int) -> Content:
        title = Content(f"  {clean_line(self.title)}").truncate(width, ellipsis=True)
        if not self.key:
            return title.stylize("bold $foreground-muted")
        room = width - title.cell_length - 3
        hint = Content(clean_line(self.hint)).truncate(max(0, room), ellipsis=True)
        gap = " " * max(1, width - title.cell_length - hint.cell_length - 1)
        return Content.assemble(title, gap, hint.stylize("$foreground-muted"))


class PickScreen(Dialog[str]):
    """The key of the chosen row. A digit chooses the row with that key."""

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = ["dialog.tcss", "pick.tcss"]
    AUTO_FOCUS = "#rows"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("pick"))

    def __init__(
        self, title: str, rows: Sequence[PickRow], *, current: str | None = None, note: str = ""
    ) -> None:
        self.title_text = title
        self.choices = rows
        self._current = current
        self._note = clean(note)
        super().__init__()

    @property
    def rows(self) -> LineList[PickRow]:
        """The list."""
        return self.query_one("#rows", LineList)

    def body(self) -> Iterable[Widget]:
        yield LineList[PickRow](id="rows")
        if self._note:
            yield Static(self._note, markup=False, id="note", classes="muted")

    def on_mount(self) -> None:
        """List the choices."""
        self.show(self.choices, self._current)

    def show(self, rows: Sequence[PickRow], key: str | None = None) -> None:
        """List these."""
        self.choices = rows
        self.rows.show_rows(rows, key)

    def on_key(self, event: events.Key) -> None:
        """A digit is a choice."""
        digit = event.character if event.character and event.character.isdigit() else ""
        if digit and any(row.key == digit for row in self.choices):
            event.stop()
            self.dismiss(digit)

    @on(LineList.Chosen)
    def _chosen(self, event: LineList.Chosen) -> None:
        event.stop()
        self.dismiss(event.key)

    def action_choose(self) -> None:
        """What the cursor is on."""
        self.rows.action_choose()
