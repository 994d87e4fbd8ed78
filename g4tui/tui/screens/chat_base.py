"""What every part of the chat screen works with: its widgets."""

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical

from g4tui.tui.answering import Answering
from g4tui.tui.bindings import bindings
from g4tui.tui.conversation import Conversation
from g4tui.tui.screens.asking import AskingScreen
from g4tui.tui.screens.chat_dialogs import ChatDialogs
from g4tui.tui.screens.chat_drafts import ChatDrafts
from g4tui.tui.screens.chat_find import ChatFind
from g4tui.tui.screens.chat_keeping import ChatKeeping
from g4tui.tui.screens.chat_making import ChatMaking
from g4tui.tui.screens.chat_sidebar import ChatSidebar
from g4tui.tui.screens.chat_turns import ChatTurns
from g4tui.tui.screens.chat_ways import ChatWays
from g4tui.tui.screens.chat_welcome import ChatWelcome
from g4tui.tui.widgets.status import StatusLine
from g4tui.tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from g4tui.core import ErrorInfo
    from g4tui.tui.flow import Flow
    from g4tui.tui.widgets.session_list import SessionList


class ChatBase(AskingScreen):
    """The widgets, and what works on them. `flow` exists once the services do."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings("chat"))

    sessions: "SessionList"

    def __init__(self) -> None:
        super().__init__(StatusLine(id="status"))
        self.flow: Flow | None = None
        self.sidebar = ChatSidebar(self)
        self.transcript = Transcript(id="transcript")
        self.finding = ChatFind(self)
        self.transcript.give_key = self.finding.take_key
        self.turns = ChatTurns(self)
        self.answering = Answering(self.transcript, self.turns)
        self.conversation = Conversation(self.transcript, self.answering.live)
        self.answering.conversation = self.conversation
        self.dialogs = ChatDialogs(self)
        self.ways = ChatWays(self)
        self.keeping = ChatKeeping(self)
        self.making = ChatMaking(self)
        self.drafts = ChatDrafts(self)
        self.welcome = ChatWelcome(self)
        self.unread: set[str] = set()
        self.settled = asyncio.Event()
        """Whether the library is open, or could not be opened."""

    def compose(self) -> ComposeResult:
        yield self.header
        with Horizontal(id="body"):
            yield self.sidebar.widget
            with Vertical(id="main"):
                yield self.transcript
                yield self.prompt_box
        yield self.status

    async def opened(self) -> "Flow | None":
        """The flow, once the library is open; none where it cannot be opened, which is told."""
        if not self.settled.is_set():
            self.status.note = "opening the library"
            await self.settled.wait()
        if self.flow is None:
            self.tell("The library is not open: Ctrl+R tries again.", warning=True)
        return self.flow

    def failed(self, error: "ErrorInfo") -> None:
        """An error that belongs to no message."""
        if error.kind == "missing":
            self.do(self.turns.tell_missing, error)
        else:
            super().failed(error)

    def to_prompt(self) -> None:
        """To where one types: what was chosen is for the next message."""
        self.sidebar.fold_floating()
        self.prompt_box.prompt.focus()

    def sessions_changed(self) -> None:
        """Read the list of sessions again."""
        raise NotImplementedError

    @property
    def is_begun(self) -> bool:
        """Whether there is a chat on screen, or something typed or sent that will be one."""
        raise NotImplementedError
