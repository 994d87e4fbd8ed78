"""What is not in the list: archived sessions, and the bin."""

import math
import time
from collections.abc import Awaitable, Iterable
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import Static

from g4tui.core import G4tuiError
from g4tui.sanitize import clean
from g4tui.tui.bindings import bindings
from g4tui.tui.house import BIN_DAYS
from g4tui.tui.screens.confirm import ConfirmScreen
from g4tui.tui.screens.dialog import Dialog
from g4tui.tui.screens.pick import PickRow
from g4tui.tui.services import in_thread
from g4tui.tui.widgets.line_list import LineList
from g4tui.tui.words import counted

if TYPE_CHECKING:
    from g4tui.store import SessionRow, Store
    from g4tui.tui.house import House

DAY_S = 24 * 3600.0


class ShelfScreen(Dialog[str]):
    """The id of a session to open. Sessions are taken back and deleted for good here."""

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = ["dialog.tcss", "pick.tcss"]
    AUTO_FOCUS = "#rows"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("shelf"))
    title_text = "Archive and bin"

    def __init__(self, house: "House", store: "Store") -> None:
        self._house = house
        self._store = store
        self._rows: dict[str, SessionRow] = {}
        super().__init__()

    @property
    def _list(self) -> LineList[PickRow]:
        return self.query_one("#rows", LineList)

    def body(self) -> Iterable[Widget]:
        yield LineList[PickRow](id="rows")
        note = f"What is in the bin for {BIN_DAYS} days is deleted for good."
        yield Static(note, id="note", classes="muted")

    def on_mount(self) -> None:
        """List both."""
        self._read()

    @work(exclusive=True, group="read", exit_on_error=False)
    async def _read(self) -> None:
        archived = await in_thread(self._store.sessions, shelf="archived")
        binned = await in_thread(self._store.sessions, shelf="bin")
        self._rows = {row.id: row for row in (*archived, *binned)}
        rows = [PickRow("", "Archived")]
        rows += [PickRow(row.id, row.title or "New chat", _messages(row)) for row in archived]
        if not archived:
            rows.append(PickRow("", "  nothing"))
        rows.append(PickRow("", "Bin"))
        rows += [PickRow(row.id, row.title or "New chat", _days_left(row)) for row in binned]
        if not binned:
            rows.append(PickRow("", "  nothing"))
        self._list.show_rows(rows)
        self.refresh_bindings()

    @property
    def _at_cursor(self) -> "SessionRow | None":
        row = self._list.row
        return self._rows.get(row.key) if row is not None else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only the keys that do something now."""
        if not self.is_mounted:
            return True
        if action in ("open", "take_back", "destroy"):
            return self._at_cursor is not None
        if action == "empty":
            return any(row.deleted is not None for row in self._rows.values())
        return True

    @on(LineList.Moved)
    def _moved(self) -> None:
        self.refresh_bindings()

    @on(LineList.Chosen)
    async def _chosen(self) -> None:
        await self.run_action("open")

    @work(exclusive=True, group="change", exit_on_error=False)
    async def action_open(self) -> None:
        """Look at it; what was in the bin is taken out."""
        row = self._at_cursor
        if row is None:
            return
        if row.deleted is not None and not await self._done(self._house.take_back(row.id)):
            return
        self.dismiss(row.id)

    @work(exclusive=True, group="change", exit_on_error=False)
    async def action_take_back(self) -> None:
        """Into the list again."""
        row = self._at_cursor
        if row is not None and await self._done(self._house.take_back(row.id)):
            self._read()

    @work(exclusive=True, group="change", exit_on_error=False)
    async def action_destroy(self) -> None:
        """Delete for good, after a question."""
        row = self._at_cursor
        if row is None:
            return
        title = row.title or "New chat"
        detail = f"“{title}” and all its messages cannot be had back, but out of a backup."
        question = ConfirmScreen("Delete for good?", detail, "Delete", "Cancel")
        if await self.app.push_screen_wait(question) and await self._done(
            self._house.destroy(row.id)
        ):
            self._read()

    @work(exclusive=True, group="change", exit_on_error=False)
    async def action_empty(self) -> None:
        """Delete all that is in the bin for good, after a question."""
        count = sum(row.deleted is not None for row in self._rows.values())
        detail = f"{counted(count, 'chat')} cannot be had back, but out of a backup."
        question = ConfirmScreen("Empty the bin?", detail, "Empty", "Cancel")
        if await self.app.push_screen_wait(question) and await self._done(
            self._house.empty_bin(0.0)
        ):
            self._read()

    async def _done(self, change: Awaitable[object]) -> bool:
        try:
            await change
        except G4tuiError as error:
            self.notify(clean(str(error)), severity="error", markup=False)
            return False
        return True


def _messages(row: "SessionRow") -> str:
    return counted(row.messages, "message")


def _days_left(row: "SessionRow") -> str:
    since = time.time() - (row.deleted or 0.0)
    return f"{counted(max(0, math.ceil(BIN_DAYS - since / DAY_S)), 'day')} left"
