"""Ways through sessions: find, branches, forks, other answers, parts of an answer."""

from pathlib import Path
from typing import TYPE_CHECKING

from g4tui.sanitize import clean
from g4tui.tui.messages import SessionChosen
from g4tui.tui.services import in_thread

if TYPE_CHECKING:
    from g4tui.store import MessageRow
    from g4tui.tui.flow import Flow
    from g4tui.tui.screens.chat_base import ChatBase
    from g4tui.tui.screens.find import Query
    from g4tui.tui.widgets.message_entry import MessageEntry


class ChatWays:
    """Each method is a coroutine that runs in a worker of the screen."""

    def __init__(self, screen: "ChatBase") -> None:
        self._screen = screen
        self._query: Query | None = None

    async def find(self) -> bool:
        """Find in all sessions, and go there; whether anything was chosen."""
        from g4tui.tui.screens.find import FindScreen, Query

        flow = await self._screen.opened()
        if flow is None:
            return False
        screen = FindScreen(flow.services.store, self._query or Query())
        found = await self._screen.app.push_screen_wait(screen)
        if found is not None:
            self._query = found.query
            self._screen.post_message(SessionChosen(found.session, found.message, found.words))
        return found is not None

    async def tree(self) -> None:
        """All branches of the chat on screen, and to one of its messages."""
        from g4tui.tui.screens.tree import TreeScreen

        flow, session = self._screen.flow, self._screen.conversation.id
        if flow is None or session is None:
            self._screen.app.tell("This chat has no messages yet.")
            return
        store = flow.services.store
        veil = await in_thread(store.veil, session)
        rows = [veil.over(row) for row in await in_thread(store.all_messages, session)]
        line = await in_thread(store.path_ids, session)
        entry = self._screen.transcript.selected
        at = entry.row.id if entry is not None else None
        chosen = await self._screen.app.push_screen_wait(TreeScreen(rows, line, at))
        if chosen is not None:
            self._screen.post_message(SessionChosen(session, chosen))

    async def again(self, flow: "Flow", row: "MessageRow") -> None:
        """Another answer, by another model or with other parameters."""
        from g4tui.store.veil import BLIND
        from g4tui.tui.screens.again import AgainScreen

        known = row.model and not row.model.startswith(BLIND)
        model = row.model if known else flow.choice.model
        params = flow.services.settings.chat.params.merged(flow.choice.options.params)
        again = await self._screen.app.push_screen_wait(AgainScreen(flow.services, model, params))
        if again is not None:
            await flow.regenerate(row, again.model, again.params)

    async def fork(self, flow: "Flow", row: "MessageRow") -> None:
        """A chat of its own that goes on from here."""
        forked = await in_thread(flow.services.store.fork, row.session, row.id)
        self._screen.sessions_changed()
        self._screen.post_message(SessionChosen(forked.id))
        self._screen.app.tell("A new chat goes on from here; the other stays as it is.")

    async def star(self, flow: "Flow", row: "MessageRow") -> None:
        """Mark a message, or take the mark away."""
        from msgspec.structs import replace

        starred = not row.starred
        await in_thread(flow.services.store.star, row.id, starred)
        entry = self._message(row)
        if entry is not None:
            entry.row = replace(entry.row, starred=starred)
            self._screen.transcript.changed(entry)

    def _message(self, row: "MessageRow") -> "MessageEntry | None":
        entry = self._screen.transcript.entry(row.id)
        return entry if entry is not None and entry.selectable else None  # type: ignore[return-value]

    async def parts(self, row: "MessageRow") -> None:
        """Copy the whole, or one code block by its number; or save it to a file."""
        from g4tui.tui.screens.parts import PartsScreen, parts_of

        entry = self._message(row)
        if entry is None:
            return
        parts = parts_of(entry.text, entry.code)
        choice = await self._screen.app.push_screen_wait(PartsScreen(parts))
        part = next((part for part in parts if choice and part.key == choice.key), None)
        if part is None or choice is None:
            return
        if choice.save:
            await self._save(clean(part.text), part.file_name)
        else:
            await self._screen.app.copy_text(clean(part.text))

    async def _save(self, text: str, name: str) -> None:
        from g4tui.exchange import free_path, new_file, place
        from g4tui.tui.screens.line import ask_line

        app = self._screen.app
        free = await in_thread(free_path, Path.cwd(), name)

        def written(entered: str) -> Path:
            path = place(free.parent, entered, name)
            with new_file(path) as out:
                out.write((text if text.endswith("\n") else text + "\n").encode())
            return path

        async def save(entered: str) -> bool:
            if entered:
                app.tell(f"Saved to {await in_thread(written, entered)}")
            return bool(entered)

        note = f"In {free.parent}, or give a path."
        await ask_line(app, "Save to a file", free.name, save, note=note)
