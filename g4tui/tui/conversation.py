"""The session on screen: opened, paged through, and walked among its siblings."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from g4tui.tui.services import in_thread
from g4tui.tui.widgets.entries import Entry, PagesEntry, RuleEntry
from g4tui.tui.words import counted

if TYPE_CHECKING:
    from g4tui.store import MessageRow, SessionRow, Store
    from g4tui.store.veil import Veil
    from g4tui.tui.widgets.message_entry import MessageEntry
    from g4tui.tui.widgets.transcript import Transcript

FIRST_PAGE = 40
PAGE = 60
MOST_LOADED = 400
MEMORY = "memory"
PAGES = "pages"


class Conversation:
    """Loads windows of one session's line into a transcript; long sessions cost as short ones.

    `live` holds the entries of answers that are being written, by message id: they stand for
    their rows, since what streams is not all saved yet. `may_continue`: whether a model may go on
    with a part of an answer.
    """

    def __init__(self, transcript: "Transcript", live: "Mapping[str, MessageEntry]") -> None:
        self._transcript = transcript
        self._live = live
        self.session: SessionRow | None = None
        self.veil: Veil | None = None
        self.may_continue: Callable[[str], bool] = lambda model: True

    @property
    def id(self) -> str | None:
        """The session's id; `None` for a chat that has not begun."""
        return self.session.id if self.session is not None else None

    async def open(self, store: "Store", session: str, message: str | None = None) -> None:
        """Show a session at its end, or at one message."""
        row = await in_thread(store.session, session)
        if message is not None:
            head = await in_thread(store.head_showing, message)
            if head != row.head:
                row = await in_thread(store.set_head, session, head)
        rows = await in_thread(store.tail, session, None, FIRST_PAGE)
        more_after = False
        if message is not None and all(each.id != message for each in rows):
            target = await in_thread(store.message, message)
            earlier = await in_thread(store.before, message, FIRST_PAGE // 2)
            later = await in_thread(store.after, message, FIRST_PAGE)
            rows = [*earlier, target, *later]
            more_after = rows[-1].id != row.head
        self.veil = await in_thread(store.veil, session)
        entries = await in_thread(self._entries, rows)
        self.session = row
        self._transcript.more_before = bool(rows) and rows[0].depth > 1
        self._transcript.more_after = more_after
        self._transcript.show(entries, at=message)

    async def page(self, store: "Store", *, older: bool) -> None:
        """Load more at one end, and forget what is far away at the other."""
        shown = self.rows
        if not shown or self.session is None:
            return
        session = self.session.id
        if older:
            rows = await in_thread(store.before, shown[0].id, PAGE)
            entries = await in_thread(self._entries, rows)
            if self.id == session and self.rows[:1] == shown[:1]:
                self._transcript.put_before(entries, more=bool(rows) and rows[0].depth > 1)
                self._transcript.forget_after(MOST_LOADED)
            return
        rows = await in_thread(store.after, shown[-1].id, PAGE)
        entries = await in_thread(self._entries, rows, False)
        if self.id == session and self.rows[-1:] == shown[-1:]:
            self._transcript.put_after(entries, more=len(rows) == PAGE)
            self._transcript.forget_before(MOST_LOADED)

    async def to_sibling(self, store: "Store", row: "MessageRow", step: int) -> bool:
        """Show the version of a message that is `step` further, and what followed on it.

        Whether there are others at all.
        """
        siblings = await in_thread(store.siblings, row.id)
        place = next((i for i, each in enumerate(siblings) if each.id == row.id), 0) + step
        if not 0 <= place < len(siblings):
            return len(siblings) > 1
        target = siblings[place]
        head = await in_thread(store.head_showing, target.id)
        self.session = await in_thread(store.set_head, row.session, head)
        later = await in_thread(store.after, target.id, PAGE)
        entries = await in_thread(self._entries, [target, *later], False)
        index = self._transcript.index_of(row.id)
        if index is not None and self.id == row.session:
            self._transcript.replace_from(index, entries)
            self._transcript.more_after = len(later) == PAGE
        return True

    def put(self, rows: Sequence["MessageRow"]) -> bool:
        """Show new messages after their parent, in place of what stood there.

        False, where the parent is not loaded: the session must be opened again.
        """
        entries = self._entries(rows, False)
        parent = rows[0].parent
        index = self._transcript.index_of(parent)
        if parent is None:
            index = next(
                (i - 1 for i, e in enumerate(self._transcript.entries) if e.selectable),
                -1,
            )
        if index is None:
            return False
        self._transcript.replace_from(index + 1, entries)
        self._transcript.more_after = False
        return True

    def swap(self, entry: "MessageEntry") -> None:
        """An entry takes the place of the one with its key."""
        index = self._transcript.index_of(entry.key)
        if index is not None:
            later = list(self._transcript.entries[index + 1 :])
            self._transcript.replace_from(index, [entry, *later])

    def mark_memory(self, message: str, dropped: int) -> None:
        """Show where the model's memory begins now."""
        self._transcript.take_out(MEMORY)
        self._transcript.add(_memory(dropped), before=message)

    @property
    def rows(self) -> list["MessageRow"]:
        """The messages that are loaded."""
        entries = self._transcript.entries
        return [cast("MessageEntry", entry).row for entry in entries if entry.selectable]

    def _entries(self, rows: Sequence["MessageRow"], pages: bool = True) -> list[Entry]:
        """Entries for rows, parsed; safe in a thread. `pages`: with a line for what is above."""
        entries: list[Entry] = []
        rows = [self.shown(row) for row in rows]
        if pages and rows and rows[0].depth > 1:
            words = f"↑ {counted(rows[0].depth - 1, 'earlier message')}"
            entries.append(PagesEntry(PAGES, words))
        begins = next((row.memory_start for row in reversed(rows) if row.memory_start), None)
        for row in rows:
            if row.id == begins and row.depth > 1:
                entries.append(_memory(row.depth - 1))
            entry = self._live.get(row.id)
            if entry is None:
                entry = self.entry(row)
                entry.is_elsewhere = row.state == "streaming"
            entries.append(entry)
        return entries

    def entry(self, row: "MessageRow") -> "MessageEntry":
        """One for a row that may be shown, parsed."""
        from g4tui.tui.widgets.message_entry import MessageEntry

        entry = MessageEntry(row)
        entry.may_continue = self.may_continue
        return entry.prepare()

    def shown(self, row: "MessageRow") -> "MessageRow":
        """A message as it may be shown."""
        return row if self.veil is None else self.veil.over(row)

    def hides(self, row: "MessageRow") -> bool:
        """Whether nothing of an answer may tell who writes it, its pace neither."""
        return self.veil is not None and self.veil.hides(row)


def _memory(dropped: int) -> RuleEntry:
    count = counted(dropped, "message")
    return RuleEntry(MEMORY, f"memory begins here · the model no longer sees {count} above")
