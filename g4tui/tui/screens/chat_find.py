"""Finding in the chat on screen: `/`, then n and N from hit to hit."""

import asyncio
from typing import TYPE_CHECKING

from g4tui.tui.services import in_thread
from g4tui.tui.words import counted

if TYPE_CHECKING:
    from textual.events import Key

    from g4tui.store import MessageRow
    from g4tui.tui.marking import Needle
    from g4tui.tui.screens.chat_base import ChatBase
    from g4tui.tui.widgets.find_bar import FindBar

PAUSE_S = 0.08


class ChatFind:
    """Hits are messages of the whole line, loaded or not; inside of one, its rows on screen."""

    bar: "FindBar"

    def __init__(self, screen: "ChatBase") -> None:
        self._screen = screen
        self._line: tuple[tuple[str, str] | None, list[MessageRow]] = (None, [])
        self._hits: list[str] = []
        self._at = -1
        self._row = 0

    @property
    def is_open(self) -> bool:
        """Whether something is looked for."""
        return hasattr(self, "bar") and self.bar.is_open

    def open(self) -> None:
        """Ask what for."""
        if self._screen.conversation.session is None:
            self._screen.app.tell("This chat has no messages yet.")
            return
        self.bar.open(self.bar.field.value)
        self._screen.set_focus(self.bar.field)

    def take_key(self, event: "Key") -> None:
        """A key that the messages were given, and that is for whatever has the focus now."""
        if self.is_open and self._screen.focused is self.bar.field:
            self.bar.take_key(event)
        else:
            self._screen.prompt_box.take_key(event)

    def close(self) -> None:
        """No marks any more."""
        self.bar.close()
        self._hits, self._at = [], -1
        self._screen.transcript.mark(None)

    def begin(self, text: str, message: str | None) -> None:
        """Look for a text that was found elsewhere, from a message on."""
        self.bar.open(text)
        self._screen.do_latest("find", self.look, text, message)

    async def look(self, text: str, message: str | None = None) -> None:
        """Find every message with the text, and land on the nearest that is not below."""
        from g4tui.tui.marking import Needle

        await asyncio.sleep(PAUSE_S)
        needle = Needle(text)
        self._screen.transcript.mark(needle or None)
        if not needle:
            self._hits, self._at = [], -1
            self.bar.say("")
            return
        rows = await self._rows()
        self._hits = await in_thread(_with, rows, needle)
        at = message or self._cursor()
        places = {row.id: place for place, row in enumerate(rows)}
        here = places.get(at or "", len(rows))
        before = [place for place, hit in enumerate(self._hits) if places[hit] <= here]
        self._at = before[-1] if before else 0 if self._hits else -1
        await self._land(last=False)

    async def step(self, step: int) -> None:
        """To the next hit, or the one before; round at the ends."""
        if not self._hits:
            return
        places = self._screen.transcript.marked_rows(self._hits[self._at])
        if 0 <= self._row + step < len(places):
            self._row += step
            self._screen.transcript.land(self._hits[self._at], places[self._row])
            return
        self._at = (self._at + step) % len(self._hits)
        await self._land(last=step < 0)

    async def _land(self, *, last: bool) -> None:
        if self._at < 0:
            self.bar.say("nothing")
            return
        screen, hit = self._screen, self._hits[self._at]
        flow = screen.flow
        session = screen.conversation.id
        if screen.transcript.index_of(hit) is None and flow is not None and session is not None:
            await screen.conversation.open(flow.services.store, session, hit)
            screen.colour(screen.transcript)
        places = screen.transcript.marked_rows(hit)
        self._row = len(places) - 1 if last and places else 0
        screen.transcript.land(hit, places[self._row] if places else 0)
        self._tell()

    def settle(self) -> None:
        """From the field to the messages, where n and N walk."""
        self._screen.set_focus(self._screen.transcript)
        if self._at >= 0:
            self._tell()

    def _tell(self) -> None:
        is_typing = self._screen.focused is self.bar.field
        keys = "Enter, then n and N" if is_typing else "n next   N before   Esc ends"
        self.bar.say(f"{self._at + 1} of {counted(len(self._hits), 'message')}   {keys}")

    def _cursor(self) -> str | None:
        entry = self._screen.transcript.selected
        return entry.row.id if entry is not None else None

    async def _rows(self) -> "list[MessageRow]":
        """The line that is shown, read once for each head."""
        row, flow = self._screen.conversation.session, self._screen.flow
        if row is None or flow is None:
            return []
        row = await in_thread(flow.services.store.session, row.id)
        key = (row.id, row.head or "")
        if self._line[0] != key:
            self._line = (key, await in_thread(flow.services.store.path, row.id))
        return self._line[1]


def _with(rows: "list[MessageRow]", needle: "Needle") -> list[str]:
    return [row.id for row in rows if needle.is_in(row.message.text)]
