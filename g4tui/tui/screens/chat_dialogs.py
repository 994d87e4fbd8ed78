"""What the chat screen asks in the way of other screens, and what keys on messages do."""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from g4tui.sanitize import clean
from g4tui.tui.services import in_thread
from g4tui.tui.widgets.entries import Entry
from g4tui.tui.widgets.transcript_messages import RowActed

if TYPE_CHECKING:
    from g4tui.tui.app import G4tuiApp
    from g4tui.tui.flow import Flow
    from g4tui.tui.markdown.blocks import CodeBlock
    from g4tui.tui.screens.chat_base import ChatBase
    from g4tui.tui.widgets.message_entry import MessageEntry
    from g4tui.tui.widgets.transcript import Transcript


class ChatDialogs:
    """Each method is a coroutine that runs in a worker of the screen."""

    def __init__(self, screen: "ChatBase") -> None:
        self._screen = screen
        self._walking = asyncio.Lock()

    @property
    def _app(self) -> "G4tuiApp":
        return self._screen.app

    async def confirm(self, title: str, detail: str, yes: str) -> bool:
        """Yes or no."""
        from g4tui.tui.screens.confirm import ConfirmScreen

        answer = await self._app.push_screen_wait(ConfirmScreen(title, detail, yes, "Cancel"))
        return answer is True

    async def rename(self, session: str, title: str) -> None:
        """Another title."""
        from g4tui.tui.screens.rename import RenameScreen

        new = await self._app.push_screen_wait(RenameScreen(title))
        if new and self._screen.flow is not None:
            await self._screen.flow.rename(session, new)

    async def first_run(self, flow: "Flow") -> None:
        """Help along where no model is ready, or none was chosen and the usual one is not here.

        Never in the way of a chat, nor of somebody who types.
        """
        from g4tui.config import Settings

        runtime = flow.services.runtime
        ready = {model.id for model in await runtime.list_models() if model.ready}
        held = await in_thread(runtime.quarantine.held)
        chosen = flow.choice.model
        somebodys_choice = chosen != Settings().chat.model
        if chosen in ready or (somebodys_choice and (ready or _is_a_file(chosen))):
            return
        if held or self._screen.is_begun or self._app.screen is not self._screen:
            return
        from g4tui.tui.screens.first_run import FirstRunScreen

        model = await self._app.push_screen_wait(FirstRunScreen())
        if model:
            await flow.choose(model)

    async def choose_model(self) -> None:
        """The picker."""
        from g4tui.tui.screens.models import ModelsScreen

        flow = await self._screen.opened()
        if flow is None:
            return
        model = await self._app.push_screen_wait(ModelsScreen(flow.choice.model))
        if model:
            self._screen.to_prompt()
            await flow.choose(model)

    async def parameters(self) -> None:
        """How this chat is answered."""
        from g4tui.tui.screens.parameters import ParametersScreen

        flow = await self._screen.opened()
        if flow is None:
            return
        choice = flow.choice
        options = await self._app.push_screen_wait(ParametersScreen(choice.options, choice.model))
        if options is not None:
            self._screen.to_prompt()
            await flow.set_options(options)

    async def open_link(self, url: str) -> None:
        """Open a page, after its address was shown."""
        if await self.confirm("Open this address?", url, "Open"):
            await self._app.open_address(url)

    async def act(self, flow: "Flow", event: RowActed) -> None:
        """A key on a message."""
        match event.action:
            case "copy":
                await self._app.copy_text(clean(event.text))
            case "again":
                await self._screen.ways.again(flow, event.row)
            case "fork":
                await self._screen.ways.fork(flow, event.row)
            case "star":
                await self._screen.ways.star(flow, event.row)
            case "parts":
                await self._screen.ways.parts(event.row)
            case "regenerate":
                await flow.regenerate(event.row)
            case "resume":
                await flow.resume(event.row)
            case "release":
                await flow.release(event.row)
            case "keep":
                row = await flow.keep(event.row)
                entry = self._screen.transcript.entry(event.row.id)
                if row is not None and entry is not None:
                    cast("MessageEntry", entry).finished(flow.conversation.shown(row))
                    self._screen.transcript.changed(entry)
            case "back" | "on":
                await self._walk(flow, 1 if event.action == "on" else -1)
            case "edit":
                await self._edit(flow, event)

    async def _walk(self, flow: "Flow", step: int) -> None:
        transcript = self._screen.transcript
        async with self._walking:  # each step from where the one before it led
            entry = transcript.selected
            if entry is None:
                return
            store = flow.services.store
            if await flow.conversation.to_sibling(store, entry.row, step):
                self._screen.colour(transcript)
            else:
                self._app.tell("This is the only version: editing or regenerating makes another.")

    async def _edit(self, flow: "Flow", event: RowActed) -> None:
        row = event.row
        if row.message.role == "assistant" and row.parent is not None:
            row = await in_thread(flow.services.store.message, row.parent)
        if row.message.role == "user":
            message = row.message
            self._screen.prompt_box.edit(row.id, message.text, message.attachments)

    def colour_entries(self, entries: Iterable[Entry], transcript: "Transcript") -> None:
        """Colour the code of messages that are whole."""
        for entry in entries:
            if code := entry.code_to_colour():
                self._screen.do(self.colour, entry, code, transcript)

    async def colour(
        self, entry: Entry, code: "Sequence[CodeBlock]", transcript: "Transcript"
    ) -> None:
        """Compute colours in a thread, then show them."""
        from g4tui.tui.markdown.highlight import all_highlighted

        coloured = await in_thread(all_highlighted, code)
        for block, content in zip(code, coloured, strict=True):
            if content is not None and content.plain == block.code:
                block.highlighted = content
                block.laid = None
        if transcript.entry(entry.key) is entry:
            transcript.changed(entry)


def _is_a_file(model: str) -> bool:
    """Whether a model's name is that of a file, which no list has."""
    return Path(model.partition(":")[2].partition("+")[0]).is_file()
