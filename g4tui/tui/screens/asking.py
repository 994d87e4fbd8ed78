"""What the chat and the compare screen share: a prompt whose text is sent, and work beside it."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, ParamSpec

from textual import on
from textual.screen import Screen
from textual.widgets import TextArea
from textual.worker import Worker, WorkerState

from g4tui.tui import messages as told
from g4tui.tui.services import in_thread
from g4tui.tui.startup import error_of
from g4tui.tui.widgets.header import Header
from g4tui.tui.widgets.prompt import PromptBox
from g4tui.tui.widgets.status import StatusLine
from g4tui.tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from g4tui.core import Attachment, ErrorInfo
    from g4tui.tui.app import G4tuiApp
    from g4tui.tui.screens.chat_dialogs import ChatDialogs
    from g4tui.tui.screens.chat_drafts import ChatDrafts

P = ParamSpec("P")


class AskingScreen(Screen[None]):
    """A header, a prompt and a bottom line; workers for coroutines; failures are told.

    `drafts` and `dialogs` are those of the chat.
    """

    AUTO_FOCUS = "#prompt"

    app: "G4tuiApp"
    drafts: "ChatDrafts"
    dialogs: "ChatDialogs"

    def __init__(self, status: StatusLine) -> None:
        super().__init__()
        self.header = Header(id="header")
        self.prompt_box = PromptBox(id="prompt-box")
        self.status = status
        self._sending = asyncio.Lock()

    # running work

    def do(
        self, work: Callable[P, Coroutine[object, object, object]], *args: P.args, **named: P.kwargs
    ) -> None:
        """Run a coroutine function beside everything else."""
        self.run_worker(partial(work, *args, **named), group="beside", exit_on_error=False)

    def do_latest(
        self,
        group: str,
        work: Callable[P, Coroutine[object, object, object]],
        *args: P.args,
        **named: P.kwargs,
    ) -> None:
        """The same, in place of what runs in that group."""
        worker = self.run_worker(
            partial(work, *args, **named), group=group, exclusive=True, exit_on_error=False
        )
        if group == "dialog":
            self.app.await_dialog(worker)

    def on_screen_suspend(self) -> None:
        """Something lies over this screen."""
        self.app.dialog_came()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """What failed is told."""
        if event.worker.is_finished:
            self.app.dialog_ended(event.worker)
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.failed(error_of(event.worker.error))

    def failed(self, error: "ErrorInfo") -> None:
        """An error that belongs to no message."""
        self.app.tell(str(error), error=True)

    def tell(self, text: str, *, warning: bool = False) -> None:
        """A passing remark."""
        self.app.tell(text, warning=warning)

    # asking

    async def send(self, event: told.PromptSent) -> None:
        """Ask what was typed; it comes back where it was not sent."""
        from g4tui.tui.mentions import with_mentioned

        sent, session = False, self.drafts.session
        self.drafts.sent()
        try:
            async with self._sending:
                said = await in_thread(with_mentioned, event.text, event.attachments)
                sent = await self.put(event.text, said.attachments, event.editing)
                if sent and said.missed:
                    self.tell(f"No file, only words: @{', @'.join(said.missed)}", warning=True)
        finally:
            if not sent:
                self.drafts.came_back(session, event)

    async def put(
        self, text: str, attachments: "tuple[Attachment, ...]", editing: str | None
    ) -> bool:
        """Ask; false, where it was not sent or saved."""
        raise NotImplementedError

    @on(TextArea.Changed, "#prompt")
    def _on_typed(self) -> None:
        self.drafts.changed()

    def stop_all(self) -> bool:
        """Silence what is being written here; whether there was anything."""
        raise NotImplementedError

    def action_interrupt(self) -> None:
        """Stop, else clear the prompt, else say how to quit."""
        if self.stop_all():
            return
        if not self.prompt_box.is_empty:
            self.prompt_box.put_away()
            self.tell("Cleared: Up brings it back.")
        else:
            self.tell("Ctrl+Q quits.")

    @property
    def answers(self) -> Transcript:
        """Where keys that act on an answer act."""
        raise NotImplementedError

    def retry(self) -> None:
        """Ask again for an answer that failed."""
        entry = self.answers.selected
        if entry is not None and entry.row.error is not None:
            self.answers.action_act("regenerate")
        else:
            self.tell("The answer at the cursor did not fail.")

    # what is on screen

    @on(told.LinkAsked)
    def _on_link_asked(self, event: told.LinkAsked) -> None:
        self.do(self.dialogs.open_link, event.url)

    def colour(self, transcript: Transcript) -> None:
        """Colour the code of messages that are whole."""
        self.dialogs.colour_entries(transcript.entries, transcript)
