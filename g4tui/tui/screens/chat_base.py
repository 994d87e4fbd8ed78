"""What every part of the chat screen works with: its widgets, and how its work runs."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, ClassVar, ParamSpec

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from g4tui.tui.answering import Answering
from g4tui.tui.bindings import bindings
from g4tui.tui.conversation import Conversation
from g4tui.tui.screens.chat_dialogs import ChatDialogs
from g4tui.tui.screens.chat_drafts import ChatDrafts
from g4tui.tui.screens.chat_find import ChatFind
from g4tui.tui.screens.chat_keeping import ChatKeeping
from g4tui.tui.screens.chat_making import ChatMaking
from g4tui.tui.screens.chat_sidebar import ChatSidebar
from g4tui.tui.screens.chat_turns import ChatTurns
from g4tui.tui.screens.chat_ways import ChatWays
from g4tui.tui.screens.chat_welcome import ChatWelcome
from g4tui.tui.startup import error_of
from g4tui.tui.widgets.header import Header
from g4tui.tui.widgets.prompt import PromptBox
from g4tui.tui.widgets.status import StatusLine
from g4tui.tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from g4tui.core import ErrorInfo
    from g4tui.tui.app import G4tuiApp
    from g4tui.tui.flow import Flow
    from g4tui.tui.widgets.session_list import SessionList

P = ParamSpec("P")


class ChatBase(Screen[None]):
    """The widgets, and workers for coroutines. `flow` exists once the services do."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings("chat"))
    AUTO_FOCUS = "#prompt"

    app: "G4tuiApp"
    sessions: "SessionList"

    def __init__(self) -> None:
        super().__init__()
        self.flow: Flow | None = None
        self.header = Header(id="header")
        self.sidebar = ChatSidebar(self)
        self.transcript = Transcript(id="transcript")
        self.prompt_box = PromptBox(id="prompt-box")
        self.finding = ChatFind(self)
        self.transcript.give_key = self.finding.take_key
        self.status = StatusLine(id="status")
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

    def compose(self) -> ComposeResult:
        yield self.header
        with Horizontal(id="body"):
            yield self.sidebar.widget
            with Vertical(id="main"):
                yield self.transcript
                yield self.prompt_box
        yield self.status

    def do(
        self, work: Callable[P, Coroutine[object, object, object]], *args: P.args, **named: P.kwargs
    ) -> None:
        """Run a coroutine function of the flow beside everything else."""
        self.run_worker(partial(work, *args, **named), group="chat", exit_on_error=False)

    def do_latest(
        self,
        group: str,
        work: Callable[P, Coroutine[object, object, object]],
        *args: P.args,
        **named: P.kwargs,
    ) -> None:
        """The same, in place of what runs in that group."""
        self.run_worker(
            partial(work, *args, **named), group=group, exclusive=True, exit_on_error=False
        )

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """What failed is told."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.failed(error_of(event.worker.error))

    def failed(self, error: "ErrorInfo") -> None:
        """An error that belongs to no message."""
        if error.kind == "missing":
            self.do(self.turns.tell_missing, error)
        else:
            self.app.tell(str(error), error=True)

    def sessions_changed(self) -> None:
        """Read the list of sessions again."""
        raise NotImplementedError

    @property
    def is_begun(self) -> bool:
        """Whether there is a chat on screen, or something typed or sent that will be one."""
        raise NotImplementedError
