"""What the chat screen shows of answers that are being written."""

from typing import TYPE_CHECKING

from g4tui.tui import words

if TYPE_CHECKING:
    from g4tui.core import ErrorInfo, Progress
    from g4tui.store import MessageRow
    from g4tui.tui.screens.chat import ChatScreen


class ChatTurns:
    """Hears of every turn (see `answering.Answered`), whichever session is on screen."""

    def __init__(self, screen: "ChatScreen") -> None:
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

    def turn_ended(self, session: str, answer: "MessageRow | None") -> None:
        """The answer is saved; then, without one, the turn is over."""
        screen = self._screen
        if answer is None:
            self.show_running()
            screen.sessions_changed()
        elif self._is_shown(session):
            self._count(answer)
            screen.dialogs.colour_entries([screen.transcript.entry(answer.id)])
        else:
            screen.unread.add(session)
            screen.sessions.unread = screen.unread

    def turn_failed(self, session: str, error: "ErrorInfo") -> None:
        """It could not be saved."""
        from g4tui.tui.widgets.notice_entry import NoticeEntry

        self._screen.failed(error)
        if self._is_shown(session):
            self._screen.transcript.add(NoticeEntry(f"failed-{session}", error))

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
