"""The sidebar: every saved chat, newest first, grouped by day, filtered by title."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual import events, on
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from g4tui.sanitize import clean_line
from g4tui.tui.bindings import bindings
from g4tui.tui.messages import (
    NewSessionAsked,
    SessionChosen,
    SessionDeleteAsked,
    SessionRenameAsked,
)
from g4tui.tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from g4tui.store import SessionRow

UNTITLED = "New chat"
PINNED = "Pinned"
NONE_YET, NO_HIT = "Chats are kept here.", "No title has that."
NEW = "+"
"""The key of the row that starts a chat (a session's id is never that)."""


class _Line(NamedTuple):
    """A session, the row for a new chat, or without a key a heading (with a mark: a remark)."""

    key: str
    title: str
    current: bool = False
    mark: str = ""
    tags: str = ""

    @property
    def selectable(self) -> bool:
        return bool(self.key)

    def content(self, width: int) -> Content:
        if not self.key:
            style = "$foreground-muted" if self.mark else "$foreground-muted bold"
            return Content.styled(f" {self.title}", style)
        if self.key == NEW:
            return Content.styled(f" + {self.title}", "$text-accent")
        lead = " › " if self.current else "   "
        room = width - len(lead) - (2 if self.mark else 0)
        tags = Content(f" {self.tags}" if self.tags else "").truncate(room // 3, ellipsis=True)
        title = Content(self.title or UNTITLED).truncate(room - tags.cell_length, ellipsis=True)
        title = title.stylize("bold" if self.current else "" if self.title else "italic")
        if self.tags:
            tags = Content(f" {self.tags}").truncate(room - title.cell_length, ellipsis=True)
            title = Content.assemble(title, tags.stylize("$foreground-muted"))
        if not self.mark:
            return Content.assemble(lead, title)
        gap = " " * (room - title.cell_length + 1)
        return Content.assemble(lead, title, gap, (self.mark, "$text-accent"))


class SessionList(Vertical):
    """`show` says what to list; what the person wants comes as messages.

    `focus()` goes to the rows. `working` and `unread` are ids of sessions that get a mark:
    … an answer is being written, • an answer came while another chat was open.
    """

    BINDINGS: ClassVar[list[BindingType]] = list(bindings("sessions"))
    DEFAULT_CSS = """
    SessionList {
        #session-filter {
            border: none; padding: 0 1; height: 1; margin-bottom: 1;
            background: $surface;
        }
        #session-rows { padding: 0 1 0 0; }
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._sessions: Sequence[SessionRow] = ()
        self._titles: list[str] = []
        self._tags: list[str] = []
        self._current: str | None = None
        self._coming: str | None = None
        self._working: frozenset[str] = frozenset()
        self._unread: frozenset[str] = frozenset()

    def compose(self) -> ComposeResult:
        yield Input(placeholder="/ filter chats", id="session-filter", select_on_focus=False)
        yield LineList[_Line](id="session-rows")

    @property
    def rows(self) -> LineList[_Line]:
        """The list itself."""
        return self.query_one("#session-rows", LineList)

    @property
    def filter(self) -> Input:
        """Where titles are filtered."""
        return self.query_one("#session-filter", Input)

    def focus(self, scroll_visible: bool = True) -> "SessionList":
        """Give the keyboard to the rows."""
        self.rows.focus(scroll_visible)
        return self

    @property
    def current(self) -> str | None:
        """The session on screen."""
        return self._current

    @current.setter
    def current(self, session_id: str | None) -> None:
        if session_id != self._current:
            self._current = session_id
            self._list(session_id)

    @property
    def working(self) -> Collection[str]:
        """Sessions whose answer is being written."""
        return self._working

    @working.setter
    def working(self, ids: Collection[str]) -> None:
        if frozenset(ids) != self._working:
            self._working = frozenset(ids)
            self._list()

    @property
    def unread(self) -> Collection[str]:
        """Sessions with an answer that was not seen."""
        return self._unread

    @unread.setter
    def unread(self, ids: Collection[str]) -> None:
        if frozenset(ids) != self._unread:
            self._unread = frozenset(ids)
            self._list()

    def expect(self, session_id: str) -> None:
        """Put the cursor on it when it is listed the next time."""
        self._coming = session_id

    def show(self, rows: "Sequence[SessionRow]", current: str | None) -> None:
        """List these sessions, newest first. The cursor stays on its session."""
        listed = any(row.id == current for row in self._sessions)
        moved = current != self._current or not listed  # a chat that has just begun
        self._sessions = rows
        self._titles = [clean_line(row.title) for row in rows]
        self._tags = [" ".join(f"#{clean_line(tag)}" for tag in row.tags) for row in rows]
        self._current = current
        coming, self._coming = self._coming, None
        self._list(coming or (current if moved else None))

    def _list(self, key: str | None = None) -> None:
        if not self.is_attached:
            return
        wanted = self._wanted()
        found = [
            (row, title, tags)
            for row, title, tags in self._listed()
            if _has_all(f"{title} {tags}", wanted)
        ]
        lines = list(self._lines(found))
        if not wanted:
            lines.insert(0, _Line(NEW, "New chat"))
        if not found:
            lines += [_Line("", ""), _Line("", NO_HIT if wanted else NONE_YET, mark="note")]
        self.rows.show_rows(lines, key)

    def _listed(self) -> "Iterator[tuple[SessionRow, str, str]]":
        return zip(self._sessions, self._titles, self._tags, strict=True)

    def _lines(self, found: "Sequence[tuple[SessionRow, str, str]]") -> Iterator[_Line]:
        heading = ""
        starts = _group_starts(date.today())
        for row, title, tags in found:
            group = next((name for name, start in starts if row.updated >= start), "Older")
            group = PINNED if row.pinned else group
            if group != heading:
                heading = group
                yield _Line("", group)
            mark = "…" if row.id in self._working else "•" if row.id in self._unread else ""
            yield _Line(row.id, title, row.id == self._current, mark, tags)

    async def on_key(self, event: events.Key) -> None:
        """Keys that are bound here act at once: what is typed right after `/` is for the filter."""
        filtering = self.screen.focused is self.filter
        active = self.screen.active_bindings.get(event.key)
        if filtering and event.is_printable and event.character is not None:
            self.filter.insert_text_at_cursor(event.character)
        elif filtering or active is None or active.node is not self:
            return
        else:
            await self.run_action(active.binding.action)
        event.stop()
        event.prevent_default()

    @on(Input.Changed, "#session-filter")
    def _filtered(self, event: Input.Changed) -> None:
        event.stop()
        # The first hit; without a filter back to the chat on screen.
        self._list(self._current if not event.value else self._first_hit())

    def _first_hit(self) -> str | None:
        wanted = self._wanted()
        hits = (
            row.id for row, title, tags in self._listed() if _has_all(f"{title} {tags}", wanted)
        )
        return next(hits, None)

    def _wanted(self) -> list[str]:
        return self.filter.value.casefold().split()

    @on(Input.Submitted, "#session-filter")
    def _opened_from_filter(self, event: Input.Submitted) -> None:
        event.stop()
        self.rows.action_choose()

    @on(LineList.Moved)
    def _moved(self, event: LineList.Moved) -> None:
        event.stop()

    @on(LineList.Chosen)
    def _chosen(self, event: LineList.Chosen) -> None:
        event.stop()
        self.filter.value = ""
        wanted = NewSessionAsked() if event.key == NEW else SessionChosen(event.key)
        self.post_message(wanted)

    def at_cursor(self) -> "SessionRow | None":
        """The session that the cursor is on."""
        row = self.rows.row
        return next((s for s in self._sessions if row and s.id == row.key), None)

    def action_rename(self) -> None:
        """Ask for another title of the session at the cursor."""
        if session := self.at_cursor():
            self.post_message(SessionRenameAsked(session.id, session.title))

    def action_delete(self) -> None:
        """Put the session at the cursor into the bin."""
        if session := self.at_cursor():
            self.post_message(SessionDeleteAsked(session))

    def action_filter(self) -> None:
        """Type into the filter."""
        self.screen.set_focus(self.filter)

    def action_move(self, step: int) -> None:
        """Move the cursor while the filter has the keyboard."""
        self.rows.action_move(step)

    def action_leave(self) -> None:
        """Clear the filter and go back to the rows; without a filter Esc is somebody else's."""
        focused: Widget | None = self.screen.focused
        if not self.filter.value and focused is not self.filter:
            raise SkipAction
        self.filter.value = ""
        self.rows.focus()


def _has_all(title: str, words: Sequence[str]) -> bool:
    folded = title.casefold()
    return all(word in folded for word in words)


def _group_starts(today: date) -> list[tuple[str, float]]:
    """Each group's name and the time (seconds, local midnight) from which it counts."""

    def midnight(days: int) -> float:
        return datetime.combine(today - timedelta(days), time.min).timestamp()

    return [("Today", midnight(0)), ("Yesterday", midnight(1)), ("Previous 7 days", midnight(7))]
