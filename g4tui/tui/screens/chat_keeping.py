"""Keeping house from the chat: what keys for pin, tags, archive, bin and privacy ask and say."""

from typing import TYPE_CHECKING

from g4tui.tui.services import in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from g4tui.store import SessionRow
    from g4tui.tui.flow import Flow
    from g4tui.tui.house import House
    from g4tui.tui.screens.chat_base import ChatBase

UPKEEP_S = 3600.0
"""Between two looks at whether the library needs something: a chat may be open for weeks."""


class ChatKeeping:
    """Each method is a coroutine that runs in a worker of the screen."""

    house: "House"

    def __init__(self, screen: "ChatBase") -> None:
        self._screen = screen
        self._told = ""

    def _undo_key(self) -> str:
        from g4tui.tui.commands import keys_of_action

        return keys_of_action(self._screen.app, "chat.undo")

    def begin_upkeep(self) -> None:
        """Look now and then whether the library needs something, for as long as it is open."""
        screen = self._screen
        screen.do(self._look_after)
        screen.set_interval(UPKEEP_S, lambda: screen.do(self._look_after))

    async def _look_after(self) -> None:
        from g4tui.core import G4tuiError

        try:
            await self.house.look_after()
        except G4tuiError as error:
            if str(error) != self._told:  # not every hour again
                self._told = str(error)
                self._screen.app.tell(self._told, warning=True)

    async def pin(self, row: "SessionRow") -> None:
        """At the top of the list, or no longer."""
        pinned = await self.house.pin(row)
        self._screen.app.tell("Pinned: it stays on top." if pinned else "No longer pinned.")

    async def tag(self, row: "SessionRow") -> None:
        """Edit all tags in one line."""
        from g4tui.tui.screens.line import ask_line

        flow = self._screen.flow
        known = await in_thread(flow.services.store.tags) if flow is not None else []
        note = f"In use: {', '.join(known)}" if known else "Commas part them."

        async def use(text: str) -> bool:
            tags = [tag for part in text.split(",") if (tag := part.strip().removeprefix("#"))]
            await self.house.set_tags(row, tags)
            return True

        await ask_line(
            self._screen.app,
            "Tags",
            ", ".join(row.tags),
            use,
            placeholder="work, recipes",
            note=note,
        )

    async def archive(self, row: "SessionRow") -> None:
        """Out of the list."""
        await self._put_away(row, self.house.archive)
        title = row.title or "New chat"
        self._screen.app.tell(f"Archived “{title}”. {self._undo_key()} undoes it.")

    async def delete(self, row: "SessionRow") -> None:
        """Into the bin."""
        from g4tui.tui.house import BIN_DAYS

        await self._put_away(row, self.house.delete)
        title = row.title or "New chat"
        self._screen.app.tell(
            f"Deleted “{title}”. {self._undo_key()} undoes it; "
            f"the bin keeps it for {BIN_DAYS} days."
        )

    async def _put_away(
        self, row: "SessionRow", put: "Callable[[SessionRow], Awaitable[None]]"
    ) -> None:
        """What was typed in it goes with it, and what was typed in a new chat comes back."""
        is_open = self._screen.conversation.id == row.id
        if is_open:
            self._screen.drafts.put_away()
        try:
            await put(row)
        finally:
            if is_open:
                self._screen.drafts.bring()

    async def undo(self) -> None:
        """Take back what was deleted or archived last, and show it again where it was shown."""
        from g4tui.tui.messages import SessionChosen

        step = await self.house.undo()
        if step is None:
            self._screen.app.tell("There is nothing to undo.")
        else:
            self._screen.sessions.expect(step.session)
            self._screen.sessions_changed()
            self._screen.app.tell(f"“{step.title or 'New chat'}” is back.")
            if step.was_open and self._screen.conversation.session is None:
                self._screen.post_message(SessionChosen(step.session))

    async def shelf(self) -> None:
        """Archive and bin."""
        from g4tui.tui.messages import SessionChosen
        from g4tui.tui.screens.shelf import ShelfScreen

        flow = await self._screen.opened()
        if flow is None:
            return
        screen = ShelfScreen(self.house, flow.services.store)
        session = await self._screen.app.push_screen_wait(screen)
        self._screen.sessions_changed()
        if session:
            self._screen.post_message(SessionChosen(session))

    async def private(self, row: "SessionRow") -> None:
        """Never sent elsewhere, never exported; or as others."""
        await self.house.set_private(row, not row.private)
        self._tell_private(not row.private)

    async def begin_private(self, flow: "Flow") -> None:
        """The same of a chat that has no message yet: it is so from its first one on."""
        flow.choice.private = not flow.choice.private
        await self._screen.welcome.find_place(flow)
        self._tell_private(flow.choice.private)

    def _tell_private(self, private: bool) -> None:
        self._screen.app.tell(
            "Private: never sent to another machine, never exported."
            if private
            else "No longer private."
        )
