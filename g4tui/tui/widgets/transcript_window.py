"""A window of a conversation's messages: what is loaded, where the cursor is, text that streams."""

from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING, cast

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.reactive import reactive
from textual.strip import Strip
from textual.timer import Timer

from g4tui.tui.markdown.lines import Line
from g4tui.tui.widgets.entries import BETWEEN, WAY, Entry, PagesEntry
from g4tui.tui.widgets.row_view import RowView
from g4tui.tui.widgets.transcript_messages import CodeClosed, PageWanted

if TYPE_CHECKING:
    from g4tui.tui.marking import Needle
    from g4tui.tui.widgets.message_entry import MessageEntry

_PAGE_AT = 30
"""Rows from the end of what is loaded at which more is asked for."""


class TranscriptWindow(RowView):
    """Shows messages. It follows its end unless the person scrolled up.

    `flush_s`: seconds between two repaints of text that streams; a repaint that takes long makes
    the next one wait for longer, so that drawing never takes more than a part of a core.
    `more_before`, `more_after`: whether there are messages that are not loaded.
    """

    cursor: reactive[int] = reactive(-1)

    def __init__(self, *, id: str | None = None, flush_s: float = 0.04) -> None:
        super().__init__(id=id)
        self.flush_s = flush_s
        self.more_before = False
        self.more_after = False
        self.following = True
        self._growing: set[Entry] = set()
        self._timer: Timer | None = None
        self._cost_s = 0.0
        self._unseen = False
        self._page_asked = False

    # what it holds

    def show(self, entries: Sequence[Entry], *, at: str | None = None) -> None:
        """Show these entries instead: at their end, or with the entry `at` on top."""
        self._entries = list(entries)
        self._growing.clear()
        self._unseen = self._page_asked = False
        self.screen.clear_selection()
        self.cursor = self._last_message()
        index = self.index_of(at)
        self.following = index is None
        if index is not None:
            self.lay_out()
            self.cursor = index
            self.go_to(self._tops[index] if self._tops else 0)
        self._redraw()

    def add(self, entry: Entry, *, before: str | None = None) -> None:
        """Put an entry at the end, or before another; the cursor goes along at the end."""
        place = self.index_of(before)
        at_end = self.cursor == self._last_message()
        self._entries.insert(len(self._entries) if place is None else place, entry)
        if place is not None and self.cursor >= place:
            self.cursor += 1
        elif place is None and at_end and entry.selectable:
            self.cursor = len(self._entries) - 1
        self._redraw()

    def replace_from(self, index: int, entries: Sequence[Entry]) -> None:
        """Everything from entry `index` on becomes these; the cursor stays where it is."""
        self._entries[index:] = entries
        self.cursor = min(self.cursor, self._last_message())
        self._redraw()

    def take_out(self, key: str) -> None:
        """Take an entry out, if it is there."""
        index = self.index_of(key)
        if index is None:
            return
        del self._entries[index]
        if self.cursor >= index:
            self.cursor -= 1
        self._redraw()

    def put_before(self, entries: Sequence[Entry], *, more: bool) -> None:
        """Older entries, above all others; what is on screen stays where it is."""
        height = self._height
        told = bool(self._entries) and isinstance(self._entries[0], PagesEntry)
        self._entries[: int(told)] = entries
        self.more_before, self._page_asked = more, False
        self.cursor += len(entries) - int(told)
        self.screen.clear_selection()
        self.lay_out()
        self.go_to(self.scroll_offset.y + self._height - height)

    def put_after(self, entries: Sequence[Entry], *, more: bool) -> None:
        """Newer entries, below all others."""
        self._entries += entries
        self.more_after, self._page_asked = more, False
        self.lay_out()
        self.refresh()

    def forget_after(self, limit: int) -> None:
        """Drop what lies furthest below when more than `limit` entries are loaded."""
        if len(self._entries) > limit:
            del self._entries[limit:]
            self.more_after = True
            self.cursor = min(self.cursor, self._last_message())
            self.lay_out()

    def forget_before(self, limit: int) -> None:
        """Drop what lies furthest above when more than `limit` entries are loaded."""
        excess = len(self._entries) - limit
        if excess > 0:
            height = self._height
            del self._entries[:excess]
            self.more_before = True
            self.cursor = max(0, self.cursor - excess)
            self.screen.clear_selection()
            self.lay_out()
            self.go_to(max(0, self.scroll_offset.y - height + self._height))

    @property
    def selected(self) -> "MessageEntry | None":
        """The message that single keys act on."""
        if 0 <= self.cursor < len(self._entries):
            entry = self._entries[self.cursor]
            return cast("MessageEntry", entry) if entry.selectable else None
        return None

    def _last_message(self) -> int:
        places = range(len(self._entries) - 1, -1, -1)
        return next((i for i in places if self._entries[i].selectable), -1)

    @property
    def way(self) -> str:
        """How to get to where single keys act on messages; empty, where they do now."""
        return "" if self.has_focus else WAY

    def lay_out(self) -> None:
        """Find every entry's place; messages say which keys act on them now."""
        for entry in self._entries:
            if entry.way != self.way:
                entry.way = self.way
                if entry.offers_keys:
                    entry.touch()
        super().lay_out()

    def _redraw(self) -> None:
        for entry in self._entries:
            if entry.streaming:
                self.grew(entry)  # it may have grown while it was not on screen
        self.lay_out()
        self.settle()
        self.refresh()

    # text that streams

    def grew(self, entry: Entry) -> None:
        """`entry` took in a delta: it is drawn at the next flush."""
        self._growing.add(entry)
        if self._timer is None:
            self._timer = self.set_timer(max(self.flush_s, 4 * self._cost_s), self._flush)

    def follow(self) -> None:
        """Go to the end and stay there, the cursor on the last message."""
        self.cursor = self._last_message()
        self.following = True
        self._unseen = False
        self.settle()

    def changed(self, entry: Entry) -> None:
        """Lay out and draw an entry anew, now."""
        self._growing.discard(entry)
        entry.touch()
        self._redraw()

    def _flush(self) -> None:
        self._timer = None
        started = perf_counter()
        growing, self._growing = self._growing, set()
        for entry in growing:
            index = self.index_of(entry.key)
            if index is None or self._entries[index] is not entry or not self._tops:
                entry.grow()
                continue
            before = self.rows_of(entry)
            entry.grow()
            self.relay(index, before)
            if code := entry.code_to_colour():
                self.post_message(CodeClosed(entry, code))
        if not self.following and not self._unseen:
            self._unseen = True
            self.refresh()
        self.settle()
        self._cost_s = perf_counter() - started

    def settle(self) -> None:
        """Stay at the end."""
        if self.following:
            # by force: a scroll bar comes only with the next layout
            self.scroll_end(animate=False, immediate=True, x_axis=False, force=True)

    def stay_at(self, y: int) -> None:
        """Only where a person reads; else at the end."""
        if not self.following:
            super().stay_at(y)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolling up stops following, the end takes it up again."""
        super().watch_scroll_y(old_value, new_value)
        at_end = round(new_value) >= self.max_scroll_y and not self.more_after
        if at_end or new_value < old_value:
            self.following = at_end
        if at_end and self._unseen:
            self._unseen = False
            self.refresh()
        self._ask_for_page(round(new_value))

    def _ask_for_page(self, y: int) -> None:
        below = self._height - y - self.size.height
        older = self.more_before and y < _PAGE_AT
        newer = self.more_after and below < _PAGE_AT
        if self._tops and not self._page_asked and (older or newer):
            self._page_asked = True
            self.post_message(PageWanted(older))

    # drawing

    def bar(self, index: int, row: Line) -> str:
        """A bar at a person's messages, a stronger one at the cursor."""
        if row is BETWEEN:
            return ""
        at_cursor = index == self.cursor and self.has_focus
        return "cursor-bar" if at_cursor else self._entries[index].mark

    def decorate(self, strip: Strip, y: int) -> Strip:
        """The badge for text below, on the last row."""
        if not self._unseen or y != self.size.height - 1:
            return strip
        label = " ↓ new text · End "
        style = self.palette.style("badge").rich_style + RichStyle.from_meta(
            {"@click": ("end", ())}
        )
        room = self.size.width - len(label) - 2
        if room < 4:
            return strip
        left = strip.adjust_cell_length(self.size.width).crop(0, room)
        return Strip([*left, Segment(label, style)]).adjust_cell_length(self.size.width)

    def watch_cursor(self) -> None:
        """The bar moves."""
        self.refresh()

    def watch_has_focus(self, has_focus: bool) -> None:
        """The cursor shows only where keys act."""
        super().watch_has_focus(has_focus)
        self._redraw()

    # finding

    def mark(self, needle: "Needle | None") -> None:
        """Mark this text wherever it stands."""
        self.needle = needle
        self.forget_drawn()

    def marked_rows(self, key: str) -> list[int]:
        """The rows of an entry, from 0, that hold what is marked."""
        entry = self.entry(key)
        if entry is None or self.needle is None:
            return []
        rows = enumerate(self.rows_of(entry))
        return [number for number, row in rows if self.needle.spans(row.text)]

    def land(self, key: str, row: int) -> None:
        """The cursor to a message, one of its rows into the upper part of the view."""
        index = self.index_of(key)
        if index is None or not self._tops:
            return
        self.cursor = index
        self.following = False
        self.go_to(max(0, self._tops[index] + row - self.size.height // 3))
