"""The chat: sessions at the left, the conversation, the prompt below it."""

from typing import TYPE_CHECKING

from textual import on
from textual.events import Key, Paste

from g4tui.tui import messages as told
from g4tui.tui.habits import Habits
from g4tui.tui.history import recent_prompts
from g4tui.tui.screens.chat_actions import ChatActions
from g4tui.tui.services import Services, in_thread
from g4tui.tui.widgets.transcript_messages import (
    CodeClosed,
    EndWanted,
    PageWanted,
    RowActed,
)

if TYPE_CHECKING:
    from textual.widget import Widget

    from g4tui.config.personas import Persona
    from g4tui.core import Attachment, ErrorInfo
    from g4tui.tui.flow import Flow

NEW_CHAT = "New chat"


class ChatScreen(ChatActions):
    """Draws, and hands what the person does to its `Flow`, which exists once services do.

    `start_model`, `start_session`, `start_persona`: what the command line asked for.
    """

    def __init__(
        self,
        *,
        start_model: str = "",
        start_session: str = "",
        start_persona: "Persona | None" = None,
    ) -> None:
        super().__init__()
        self.prompt_box.may_send = Habits(self.tell).may_send
        self._start_model = start_model
        self._start_session = start_session
        self._start_persona = start_persona
        self._queued: list[told.PromptSent] = []
        self._is_closed = False
        """Whether the library could not be opened."""

    def on_mount(self) -> None:
        """Before anything is opened."""
        self.header.title = NEW_CHAT
        # Who comes back to this window may come from another g4tui: its chats are listed too.
        self.watch(self.app, "app_focus", self.sessions_changed, init=False)

    @property
    def focus_chain(self) -> list["Widget"]:
        """Tab goes from the prompt into the conversation, and to the list of chats after that.

        An empty conversation has nothing for its keys to act on, and is left out.
        """
        is_empty = self.conversation.session is None and self.transcript.selected is None
        places = (self.prompt_box, self.transcript, self.sidebar.widget)

        def place(widget: "Widget") -> int:
            holders = widget.ancestors_with_self
            return next((n for n, each in enumerate(places) if each in holders), 1)

        chain = [each for each in super().focus_chain if not (is_empty and each is self.transcript)]
        return sorted(chain, key=place)

    def on_resize(self) -> None:
        """Fold the sidebar where there is no room for it."""
        self.sidebar.show()

    async def fill_sidebar(self) -> None:
        """Put the list of sessions in its place, which the first paint leaves empty."""
        from g4tui.tui.widgets.find_bar import FindBar
        from g4tui.tui.widgets.session_list import SessionList

        self.sessions = SessionList(id="sessions")
        await self.sidebar.widget.mount(self.sessions)
        self.finding.bar = FindBar()
        await self.query_one("#main").mount(self.finding.bar, before=self.prompt_box)

    # services

    def services_ready(self, services: Services) -> None:
        """Everything can be used now."""
        from g4tui.tui.flow import Flow
        from g4tui.tui.house import House

        self.transcript.flush_s = services.settings.ui.flush_ms / 1000
        self.flow = Flow(services, self.conversation, self.answering, self)
        self.keeping.house = House(self.flow)
        self.flow.begin(self._start_model, self._start_persona)
        self.do(self._load_history, services)
        self.do(self.drafts.start, services)
        self.keeping.begin_upkeep()
        self.sessions_changed()
        if self._start_session:
            self.do_latest(
                "session", self._open, self.flow, told.SessionChosen(self._start_session)
            )
        self.settled.set()
        if not self._queued:
            self.status.note = ""
        queued, self._queued = self._queued, []
        for sent in queued:
            self._on_prompt_sent(sent)

    @property
    def is_begun(self) -> bool:
        """Whether there is a chat on screen, or something typed or sent that will be one."""
        asked = bool(self._start_session or self._queued) or self._sending.locked()
        return asked or self.conversation.session is not None or not self.prompt_box.is_empty

    def type_in_prompt(self, event: Key | Paste) -> None:
        """A key that was pressed while something lay over the prompt."""
        self.set_focus(self.prompt_box.prompt)
        self.prompt_box.prompt._forward_event(event)

    def services_failed(self, error: "ErrorInfo") -> None:
        """Nothing can be saved: say so, and offer another try."""
        from g4tui.tui.widgets.notice_entry import NoticeEntry

        self._is_closed = True
        self.settled.set()
        self.status.note = ""
        queued, self._queued = self._queued, []
        for sent in reversed(queued):
            self.prompt_box.give_back(sent)
        self.transcript.show([NoticeEntry("failed", error, ("Ctrl+R try again", "Ctrl+Q quit"))])

    def plugins_loaded(self) -> None:
        """Where the words go can be told now, and whether there is anything to talk to."""
        self._show_place()
        if self.flow is not None:
            self.do_latest("first run", self.dialogs.first_run, self.flow)

    async def _load_history(self, services: Services) -> None:
        self.prompt_box.prompt.asked.add_older(await in_thread(recent_prompts, services.store))

    # what the flow and the turns ask of the screen

    async def ask(self, title: str, detail: str, yes: str) -> bool:
        """A question in the way."""
        return await self.dialogs.confirm(title, detail, yes)

    def session_changed(self) -> None:
        """Draw whose conversation this is."""
        assert self.flow is not None
        row = self.flow.session
        self.header.title = (row.title if row is not None else "") or NEW_CHAT
        self.header.model = self.flow.choice.model
        self.sessions.current = row.id if row is not None else None
        if row is not None:
            self.unread.discard(row.id)
            self.sessions.unread = self.unread
        if row is None:
            self.welcome.show(self.flow.choice.model)
        self._show_place()
        self.turns.show_running()

    def sessions_changed(self) -> None:
        """Read the list again."""
        self.do_latest("sessions", self._list_sessions)

    async def _list_sessions(self) -> None:
        if self.flow is not None:
            rows = await in_thread(self.flow.services.store.sessions, pinned_first=True)
            self.sessions.show(rows, self.conversation.id)

    def _show_place(self) -> None:
        if self.flow is not None:
            self.do_latest("place", self.welcome.find_place, self.flow)

    # what the person does

    @on(told.PromptSent)
    def _on_prompt_sent(self, event: told.PromptSent) -> None:
        if self.flow is None and self._is_closed:
            self.prompt_box.give_back(event)
            self.tell("Nothing can be saved yet, so nothing was sent.", warning=True)
            return
        if self.flow is None:
            self._queued.append(event)
            self.status.note = "opening the library"
            return
        self.do(self.send, event)

    async def put(
        self, text: str, attachments: "tuple[Attachment, ...]", editing: str | None
    ) -> bool:
        """Ask the model of this chat."""
        return self.flow is not None and await self.flow.send(text, attachments, editing)

    @on(told.SessionChosen)
    def _on_session_chosen(self, event: told.SessionChosen) -> None:
        if self.flow is not None:
            self.do_latest("session", self._open, self.flow, event)

    async def _open(self, flow: "Flow", event: told.SessionChosen) -> None:
        self.prompt_box.put_aside()
        other = event.session_id != self.conversation.id
        if other:
            self.drafts.put_away()
        self.status.context = None
        async with self._sending:  # what is sent from now on belongs to this session
            self.prompt_box.put_aside()  # an edited message may have come back unsent
            if self.finding.is_open and not event.words:
                self.finding.close()
            try:
                await flow.open(event.session_id, event.message_id)
            finally:
                if other:
                    self.drafts.bring()
        if event.words:
            self.finding.begin(event.words, event.message_id)
        self.do_latest("context", self.turns.show_context, flow)
        self.colour(self.transcript)
        self.sidebar.fold_floating()
        if event.message_id is None:
            self.prompt_box.prompt.focus()
        else:
            self.transcript.focus()

    @on(told.NewSessionAsked)
    def action_new_session(self) -> None:
        """An empty chat."""
        if self.flow is not None:
            if self.finding.is_open:
                self.finding.close()
            self.drafts.put_away()
            self.flow.begin()
            self.drafts.bring()
            self.to_prompt()

    @on(told.SessionsChanged)
    def _on_sessions_changed(self) -> None:
        self.sessions_changed()

    @on(told.ModelChosen)
    def _on_model_chosen(self, event: told.ModelChosen) -> None:
        if self.flow is not None:
            self.do(self.flow.choose, event.model)

    @on(told.SessionRenameAsked)
    def _on_rename_asked(self, event: told.SessionRenameAsked) -> None:
        self.do(self.dialogs.rename, event.session_id, event.title)

    @on(told.SessionDeleteAsked)
    def _on_delete_asked(self, event: told.SessionDeleteAsked) -> None:
        self.do(self.keeping.delete, event.session)

    @on(told.FindWanted)
    def _on_find_wanted(self, event: told.FindWanted) -> None:
        self.do_latest("find", self.finding.look, event.text)

    @on(told.FindSettled)
    def _on_find_settled(self) -> None:
        self.finding.settle()

    @on(PageWanted)
    def _on_page_wanted(self, event: PageWanted) -> None:
        if self.flow is not None:
            self.do_latest("page", self._page, self.flow, event.older)

    async def _page(self, flow: "Flow", older: bool) -> None:
        await self.conversation.page(flow.services.store, older=older)
        self.colour(self.transcript)

    @on(EndWanted)
    def _on_end_wanted(self) -> None:
        if self.flow is not None and self.conversation.id is not None:
            self.do_latest("session", self.flow.open, self.conversation.id)

    @on(RowActed)
    def _on_row_acted(self, event: RowActed) -> None:
        if self.flow is not None:
            self.do(self.dialogs.act, self.flow, event)

    @on(CodeClosed)
    def _on_code_closed(self, event: CodeClosed) -> None:
        self.do(self.dialogs.colour, event.entry, event.code, self.transcript)
