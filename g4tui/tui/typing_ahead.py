"""Keys go where they were meant to: also those that come before a prompt or a dialog is there."""

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.driver import Driver
from textual.events import Event, Key, Paste
from textual.screen import Screen
from textual.worker import Worker

from g4tui.tui.telling import TellingApp

if TYPE_CHECKING:
    from g4tui.tui.screens.chat import ChatScreen

_CATCH_UP_S = 0.2
_COMES_S = 1.0
"""A dialog that is not drawn by then gets its keys all the same."""
_NEVER_HELD = ("ctrl+c", "ctrl+q")


class TypingAhead(TellingApp):
    """Holds keys while something that they may be for is on its way.

    That is the prompt at the start, and later a dialog: what a quick hand types for its field would
    land in the prompt, and Enter would send it.
    """

    def __init__(self, *, theme: str, few_colours: bool, driver_class: type[Driver] | None) -> None:
        super().__init__(theme=theme, few_colours=few_colours, driver_class=driver_class)
        self._held: list[Event] = []
        self._awaited: object = self
        """What the keys wait for; at the start the application itself."""

    @property
    def chat(self) -> "ChatScreen | None":
        """The chat screen, once it is there."""
        raise NotImplementedError

    async def on_event(self, event: Event) -> None:
        """Hold a key, or give it on."""
        if not isinstance(event, Key | Paste) or event.is_forwarded:
            await super().on_event(event)
            return
        if self._awaited is not None:
            if self._awaited is self or getattr(event, "key", "") not in _NEVER_HELD:
                self._held.append(event)
                return
            self._give_up()
        if self.screen.is_modal:
            if self._typed_past_panel(event):
                return
            await self._catch_up()
        await super().on_event(event)

    def _typed_past_panel(self, event: Key | Paste) -> bool:
        """Whether it was text, on a panel that came by itself: that is for the prompt below."""
        make_way = getattr(self.screen, "make_way", None)
        is_text = isinstance(event, Paste) or event.is_printable
        if make_way is None or self.chat is None or not is_text:
            return False
        make_way()
        self.chat.type_in_prompt(event)
        return True

    async def _catch_up(self) -> None:
        """Let a dialog's field take in the keys before this one, which may act on what it holds."""
        caught_up = asyncio.Event()
        if self.screen.focused is not None and self.screen.focused.call_later(caught_up.set):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(caught_up.wait(), _CATCH_UP_S)

    # holding and letting go

    def _give_up(self) -> None:
        """Neither the keys nor the dialog are wanted any more."""
        awaited, self._awaited, self._held = self._awaited, None, []
        if isinstance(awaited, Worker) and not self.screen.is_modal:
            awaited.cancel()

    def await_dialog(self, worker: "Worker[Any]") -> None:
        """Hold keys until `worker` has brought its dialog, or has ended without one."""
        self._awaited = worker

    def dialog_ended(self, worker: "Worker[Any]") -> None:
        """It is over, whether there was a dialog or not."""
        self.call_later(self.let_go, worker)

    def bring(self, dialog: Screen[Any]) -> None:
        """Put a dialog over the rest."""
        self._awaited = dialog
        self.push_screen(dialog)
        self.dialog_came()

    def dialog_came(self) -> None:
        """It lies over the rest, and gets the keys once it can take them."""
        awaited, screen = self._awaited, self.screen
        if awaited is not None and awaited is not self:
            screen.call_after_refresh(self.call_later, self.let_go, awaited)
            self.set_timer(_COMES_S, partial(self.let_go, awaited))  # should it be gone by then

    async def let_go(self, awaited: object) -> None:
        """Give on what was held for it, in the order in which it came."""
        if self._awaited is not awaited:
            return
        self._awaited = None
        held, self._held = self._held, []
        for event in held:
            await self.on_event(event)
