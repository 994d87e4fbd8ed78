"""What the chat screen shows of answers that are being written."""

from typing import TYPE_CHECKING, cast

from g4tui.tui import words
from g4tui.tui.services import in_thread

if TYPE_CHECKING:
    from g4tui.core import ErrorInfo, Progress
    from g4tui.store import MessageRow
    from g4tui.tui.flow import Flow
    from g4tui.tui.screens.chat_base import ChatBase
    from g4tui.tui.widgets.message_entry import MessageEntry

RECENT = 8
"""Messages among which the last answer that tells its tokens is looked for."""


class ChatTurns:
    """Hears of every turn (see `answering.Answered`), whichever session is on screen."""

    def __init__(self, screen: "ChatBase") -> None:
        self._screen = screen

    def turn_started(self, session: str) -> None:
        """The list has a new first row."""
        screen = self._screen
        self.show_running()
        screen.sessions_changed()
        if self._is_shown(session) and screen.flow is not None:
            screen.do(screen.flow.refresh)

    def turn_changed(self, session: str, progress: "Progress | None") -> None:
        """Say at the bottom what goes on."""
        if self._is_shown(session):
            note = words.progress(progress) if progress is not None else "answering"
            self._screen.status.note = note

    def context_used(self, session: str, used: int, limit: int) -> None:
        """Shown at the bottom."""
        if self._is_shown(session):
            self._screen.status.context = (used, limit)

    async def show_context(self, flow: "Flow") -> None:
        """How full the model's context was at the last answer of the chat on screen."""
        session = self._screen.conversation.id
        if session is None:
            return
        rows = await in_thread(flow.services.store.tail, session, None, RECENT)
        shown = [self._screen.conversation.shown(row) for row in reversed(rows)]
        usage = next((row.usage for row in shown if row.usage is not None), None)
        limit = await flow.context() if usage is not None else None
        status = self._screen.status
        if usage is not None and status.context is None and self._is_shown(session):
            status.context = (usage.prompt + usage.completion, limit)

    def turn_ended(self, session: str, answer: "MessageRow | None") -> None:
        """The answer is saved; then, without one, the turn is over."""
        screen = self._screen
        if answer is None:
            self.show_running()
            screen.sessions_changed()
        elif self._is_shown(session):
            self._count(answer)
            if answer.error is not None and answer.error.kind == "missing":
                screen.do(self._tell_if_gone, answer, answer.error)
            screen.colour(screen.transcript)
        else:
            screen.unread.add(session)
            screen.sessions.unread = screen.unread

    def turn_failed(self, session: str, error: "ErrorInfo") -> None:
        """It could not be saved."""
        self._screen.do(self.tell_failure, session, error)

    async def tell_failure(self, session: str | None, error: "ErrorInfo") -> None:
        """Say once what is wrong with a chat: below its messages, or in passing if it is not shown.

        What is not found in a chat that is gone is not worth its id.
        """
        from g4tui.tui.widgets.error_panel import CHAT_GONE
        from g4tui.tui.widgets.notice_entry import NoticeEntry

        if await self._is_gone(session, error):
            error = CHAT_GONE
            self._screen.drafts.goes_along = session is not None and self._is_shown(session)
        if session is None or not self._is_shown(session):
            self._screen.app.tell(str(error), error=True)
            return
        transcript, key = self._screen.transcript, f"failed-{session}"
        transcript.take_out(key)
        transcript.add(NoticeEntry(key, error))
        transcript.follow()

    async def tell_missing(self, error: "ErrorInfo") -> None:
        """Something asked for is not there; it may be the chat on screen itself."""
        shown = self._screen.conversation.id
        await self.tell_failure(shown if await self._is_gone(shown, error) else None, error)

    async def _tell_if_gone(self, answer: "MessageRow", error: "ErrorInfo") -> None:
        """Why an answer could not be saved, where its chat was deleted under it."""
        from msgspec.structs import replace

        from g4tui.tui.widgets.error_panel import CHAT_GONE

        entry = self._screen.transcript.entry(answer.id)
        if entry is not None and await self._is_gone(answer.session, error):
            cast("MessageEntry", entry).finished(replace(answer, error=CHAT_GONE))
            self._screen.transcript.changed(entry)

    async def _is_gone(self, session: str | None, error: "ErrorInfo") -> bool:
        from g4tui.core import G4tuiError

        flow = self._screen.flow
        if error.kind != "missing" or session is None or flow is None:
            return False
        try:
            await in_thread(flow.services.store.session, session)
        except G4tuiError as failure:
            return failure.info.kind == "missing"
        return False

    def lost_place(self, session: str) -> None:
        """The end of the conversation is not loaded: load it."""
        if self._screen.flow is not None:
            self._screen.do_latest("session", self._screen.flow.open, session)

    def show_running(self) -> None:
        """Mark the sessions at work; say so at the bottom if the one on screen is."""
        screen = self._screen
        running = screen.answering.turns.sessions
        screen.sessions.working = running
        if screen.conversation.id not in running:
            screen.status.note = ""
        elif not screen.status.note:
            spoke = screen.answering.has_words(screen.conversation.id)
            screen.status.note = "answering" if spoke else "waiting"
        screen.refresh_bindings()

    def _is_shown(self, session: str) -> bool:
        return self._screen.conversation.id == session

    def _count(self, answer: "MessageRow") -> None:
        status = self._screen.status
        if answer.usage is not None and status.context is not None:
            used = answer.usage.prompt + answer.usage.completion
            status.context = (used, status.context[1])
