"""From turn events to the transcript: what streams, whoever's session is on screen."""

from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Protocol

from g4tui.tui.turns import Turn, Turns

if TYPE_CHECKING:
    from g4tui.core import Cancel, ErrorInfo, Progress
    from g4tui.engine import TurnEvent
    from g4tui.store import MessageRow
    from g4tui.tui.conversation import Conversation
    from g4tui.tui.widgets.message_entry import MessageEntry
    from g4tui.tui.widgets.transcript import Transcript


class Answered(Protocol):
    """What the screen wants to know of its turns."""

    def turn_started(self, session: str) -> None:
        """Both messages are saved."""

    def turn_changed(self, session: str, progress: "Progress | None") -> None:
        """It loads, it reads, or (without progress) the first words came."""

    def context_used(self, session: str, used: int, limit: int) -> None:
        """How full the model's context is."""

    def turn_ended(self, session: str, answer: "MessageRow | None") -> None:
        """The answer as it was saved, if it was."""

    def lost_place(self, session: str) -> None:
        """What the new messages follow on is not loaded."""

    def turn_failed(self, session: str, error: "ErrorInfo") -> None:
        """The turn could not be saved."""


class AnswerView:
    """Draws answers that are being written into one transcript; each has its entry in `live`.

    One whose maker is hidden is drawn when it is whole: its pace would tell.
    """

    def __init__(self, transcript: "Transcript", screen: Answered) -> None:
        self._transcript = transcript
        self._screen = screen
        self._seen_text: set[str] = set()
        self._silent: set[str] = set()
        self.live: dict[str, MessageEntry] = {}
        self.conversation: Conversation | None = None

    def heard(self, turn: Turn, event: "TurnEvent") -> None:
        """One event of a turn."""
        from g4tui.core import Progress, ReasoningDelta, TextDelta
        from g4tui.engine import ContextUsed, MemoryBegins, TurnFinished, TurnStarted

        if turn.answer_id in self._silent and not isinstance(event, TurnFinished):
            return
        match event:
            case TextDelta(text):
                self._grow(turn, text, "")
            case ReasoningDelta(text):
                self._grow(turn, "", text)
            case Progress():
                self._progress(turn, event)
            case TurnStarted(user, answer):
                self._started(turn, user, answer)
            case ContextUsed(used, limit):
                self._screen.context_used(turn.session, used, limit)
            case MemoryBegins(message, dropped):
                if self._on_screen(turn) and self.conversation is not None:
                    self.conversation.mark_memory(message, dropped)
            case TurnFinished(answer):
                self._finished(turn, answer)

    def _on_screen(self, turn: Turn) -> bool:
        return self.conversation is not None and self.conversation.id == turn.session

    def _shown(self, row: "MessageRow") -> "MessageRow":
        return self.conversation.shown(row) if self.conversation is not None else row

    def _entry(self, turn: Turn) -> "MessageEntry | None":
        return self.live.get(turn.answer_id or "")

    def _started(self, turn: Turn, user: "MessageRow | None", answer: "MessageRow") -> None:
        from g4tui.tui.widgets.message_entry import MessageEntry

        turn.answer_id = answer.id
        old = self._transcript.entry(answer.id)
        conversation, row = self.conversation, self._shown(answer)
        entry = conversation.entry(row) if conversation is not None else MessageEntry(row).prepare()
        self.live[answer.id] = entry
        if conversation is not None and conversation.hides(answer):
            self._silent.add(answer.id)
        if conversation is not None and self._on_screen(turn):
            if old is not None:  # an answer that is gone on with
                conversation.swap(self.live[answer.id])
            elif not conversation.put([row for row in (user, answer) if row is not None]):
                self._screen.lost_place(turn.session)
            self._transcript.follow()
        self._screen.turn_started(turn.session)

    def _grow(self, turn: Turn, text: str, thinking: str) -> None:
        entry = self._entry(turn)
        if entry is None:
            return
        if text:
            entry.add_text(text)
        if thinking:
            entry.add_thinking(thinking)
        if entry.key not in self._seen_text:
            self._seen_text.add(entry.key)
            self._screen.turn_changed(turn.session, None)
        if self._on_screen(turn):
            self._transcript.grew(entry)

    def _progress(self, turn: Turn, step: "Progress") -> None:
        entry = self._entry(turn)
        if entry is not None:
            entry.progress = step
            if self._on_screen(turn):
                self._transcript.grew(entry)
        self._screen.turn_changed(turn.session, step)

    def _finished(self, turn: Turn, answer: "MessageRow") -> None:
        entry = self.live.pop(answer.id, None)
        self._seen_text.discard(answer.id)
        self._silent.discard(answer.id)
        if entry is not None:
            entry.finished(self._shown(answer))
            if self._on_screen(turn):
                self._transcript.changed(entry)
        self._screen.turn_ended(turn.session, self._shown(answer))

    def saved_late(self, answer: "MessageRow") -> None:
        """The library has taken after all what it first refused."""
        from g4tui.tui.widgets.message_entry import MessageEntry

        entry = self._transcript.entry(answer.id)
        if isinstance(entry, MessageEntry) and answer.id not in self.live:
            entry.finished(self._shown(answer))
            self._transcript.changed(entry)

    def ended(self, turn: Turn, error: "ErrorInfo | None") -> None:
        """It is over."""
        if turn.answer_id is not None:
            self.live.pop(turn.answer_id, None)
        if error is not None:
            self._screen.turn_failed(turn.session, error)
        self._screen.turn_ended(turn.session, None)


class Answering(AnswerView):
    """Runs turns and draws them."""

    def __init__(self, transcript: "Transcript", screen: Answered) -> None:
        super().__init__(transcript, screen)
        self.turns = Turns()

    def start(
        self, session: str, stream: "Callable[[Cancel], AsyncGenerator[TurnEvent]]"
    ) -> Turn | None:
        """Begin a turn, unless one runs in that session."""
        if self.turns.of(session) is not None:
            return None
        return self.turns.start(session, stream, self)

    def has_words(self, session: str | None) -> bool:
        """Whether the first words of the answer in a session have come."""
        turn = self.turns.of(session)
        return turn is not None and turn.answer_id in self._seen_text
