"""The conversation on screen: what its keys do."""

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.binding import BindingType

from g4tui.tui.bindings import bindings
from g4tui.tui.messages import LinkAsked
from g4tui.tui.widgets.transcript_messages import EndWanted, RowActed, RowAction
from g4tui.tui.widgets.transcript_window import TranscriptWindow


class Transcript(TranscriptWindow):
    """Single keys act on the message at the cursor.

    `give_key` takes what is typed here but meant for the prompt.
    """

    BINDINGS: ClassVar[list[BindingType]] = list(bindings("transcript"))
    DEFAULT_CSS = (
        "Transcript { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1;"
        " scrollbar-gutter: stable; }"
    )

    def __init__(self, *, id: str | None = None, flush_s: float = 0.04) -> None:
        super().__init__(id=id, flush_s=flush_s)
        self.give_key: Callable[[events.Key], None] | None = None

    async def on_key(self, event: events.Key) -> None:
        """A printable key without a meaning here belongs to the prompt.

        So do keys that were typed before the focus had moved there. Keys that mean something act
        at once: what is typed right after `/` is looked for.
        """
        late = self.screen.focused is not self
        active = self.screen.active_bindings.get(event.key)
        bound = active is not None and not late
        if bound and active is not None and active.node is self:
            event.stop()
            event.prevent_default()
            await self.run_action(active.binding.action)
            return
        typed = event.is_printable and event.character is not None and not bound
        if self.give_key is not None and (typed or (late and event.key == "enter")):
            event.stop()
            event.prevent_default()
            self.give_key(event)

    def _act(self, action: RowAction) -> None:
        entry = self.selected
        if entry is not None:
            self.post_message(RowActed(action, entry.row, entry.text))

    def action_act(self, action: RowAction) -> None:
        """One of the keys that act on a message."""
        self._act(action)

    def action_thinking(self) -> None:
        """Fold or unfold the thinking of the message at the cursor."""
        entry = self.selected
        if entry is not None and entry.toggle_thinking():
            self._redraw()

    def action_log(self) -> None:
        """Fold or unfold the log of the process that failed, in the message at the cursor."""
        entry = self.selected
        if entry is not None and entry.toggle_log():
            self._redraw()

    def action_open_link(self, url: str) -> None:
        """A link was clicked."""
        self.post_message(LinkAsked(url))

    def action_move(self, step: int) -> None:
        """The cursor to the next message up or down; its first row comes into view."""
        place = self.cursor + step
        while 0 <= place < len(self._entries) and not self._entries[place].selectable:
            place += step
        if not 0 <= place < len(self._entries):
            if step > 0:
                self.action_end()
            return
        self.cursor = place
        top = self._tops[place]
        bottom = top + len(self.rows_of(self._entries[place]))
        y, height = self.scroll_offset.y, self.size.height
        if top < y or bottom > y + height:
            self.go_to(top if bottom - top > height or top < y else bottom - height)

    def action_home(self) -> None:
        """To the first message that is loaded; older ones follow."""
        self.go_to(0)

    def action_end(self) -> None:
        """To the newest text."""
        if self.more_after:
            self.post_message(EndWanted())
        self.follow()
        self.refresh()
