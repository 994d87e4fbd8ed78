"""One compared turn on the screen: what its sides tell goes to the panes; what is hidden waits."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from g4tui.core import ReasoningDelta, TextDelta
from g4tui.engine import TurnEvent, TurnFinished, TurnStarted
from g4tui.engine.compare import CompareEvent, CompareStarted, SideEvent
from g4tui.store.veil import is_hidden, letter_of
from g4tui.tui.turns import Turn
from g4tui.tui.widgets.compare_pane import ComparePane, numbers
from g4tui.tui.words import model_label

if TYPE_CHECKING:
    from g4tui.core import Cancel, ErrorInfo
    from g4tui.store import MessageRow, TurnRow

ROLES = ("teacher", "student", "third", "fourth")
HIDDEN = "numbers are shown after the vote"
WRITTEN = "being written: shown when all are done"
Over = Callable[["Compared", "ErrorInfo | None"], None]


class Compared:
    """A turn, its answers by the place of their pane, and which are still being written.

    It hears the turn's events (see `turns.Listener`). While names are hidden nothing of an answer
    is shown before all are done, so that their pace tells nothing. `over` hears when an asking
    ended, with the error where it could not even be saved.
    """

    def __init__(self, panes: Sequence[ComparePane], session: str, over: Over) -> None:
        self._panes = panes
        self.session = session
        self._over = over
        self.row: TurnRow | None = None
        self.answers: dict[int, MessageRow] = {}
        self.writing: dict[int, Cancel] = {}
        self._drawn: dict[int, Turn] = {}
        self._kept: dict[int, TurnFinished] = {}

    @property
    def is_hidden(self) -> bool:
        """Whether the names must not be shown."""
        return self.row is not None and is_hidden(self.row)

    def is_busy(self, place: int) -> bool:
        """Whether its answer is being written, as far as may be told."""
        return bool(self.writing) if self.is_hidden else place in self.writing

    def shows(self, answers: Sequence[str]) -> bool:
        """Whether these are still the answers in view."""
        return self.row is not None and set(answers) <= set(self.row.shown)

    def saved(self, row: "TurnRow", answers: Sequence["MessageRow"]) -> None:
        """The turn as the library has it."""
        self.row = row
        self.answers = {row.shown.index(answer.id): answer for answer in answers}

    def saved_late(self, answer: "MessageRow") -> None:
        """The end of an answer is in the library after all."""
        for place, before in self.answers.items():
            if before.id == answer.id and not self.is_busy(place):
                self.answers[place] = answer
                self._show_whole(place)
                return

    def show(self, row: "TurnRow") -> None:
        """The turn as it is now, whole: with names, once they may be shown."""
        self.row = row
        self._see(row)
        for place in self.answers:
            self._show_whole(place)

    def name(self, place: int) -> str:
        """What the answer at a place is called."""
        assert self.row is not None
        answer = self.row.shown[place]
        if self.is_hidden:
            return letter_of(self.row, answer)
        return f"{ROLES[self.row.answers.index(answer)]}  {self.answers[place].model}"

    def short_name(self, place: int) -> str:
        """The same in a word or two; of two that are called alike, with the role."""
        if self.row is None or self.is_hidden:
            return self.name(place)
        labels = {at: model_label(answer.model) for at, answer in self.answers.items()}
        if list(labels.values()).count(labels[place]) == 1:
            return labels[place]
        role = ROLES[self.row.answers.index(self.row.shown[place])]
        return f"the {role} ({labels[place]})"

    # what is told

    def all_sides(self, cancels: Sequence["Cancel"]) -> "AllSides":
        """The listener for the first asking; `cancels` as the models are asked."""
        return AllSides(self, cancels)

    def one_side(self, place: int, cancel: "Cancel") -> "OneSide":
        """The listener for one side that is asked again."""
        return OneSide(self, place, cancel)

    def began(self, row: "TurnRow") -> None:
        """All of it is saved."""
        self.row = row
        self._see(row)

    def _see(self, row: "TurnRow") -> None:
        for pane in self._panes[: len(row.shown)]:
            pane.conversation.see(row, list(self.answers.values()))

    def hear(self, turn: Turn, place: int, event: TurnEvent) -> None:
        """What the side at a place tells."""
        pane = self._panes[place]
        if isinstance(event, TurnStarted):
            self._started(turn, place, event)
        elif isinstance(event, TurnFinished):
            self.answers[place] = event.answer
            self.writing.pop(place, None)
            self._kept[place] = event
            self._release()
        elif not self.is_hidden:
            if isinstance(event, TextDelta | ReasoningDelta):
                pane.count()
            pane.view.heard(self._drawn[place], event)

    def left(self, places: Sequence[int]) -> None:
        """Nothing more comes from these."""
        for place in places:
            self.writing.pop(place, None)
        self._release()

    def ended(self, error: "ErrorInfo | None") -> None:
        """An asking is over."""
        self._over(self, error)

    def _started(self, turn: Turn, place: int, event: TurnStarted) -> None:
        pane = self._panes[place]
        before = self.answers.get(place)
        self.answers[place] = event.answer
        if self.row is not None and before is not None and before.id != event.answer.id:
            self._replaced(before.id, event.answer.id)
        drawn = self._drawn[place] = Turn(turn.session, turn.cancel)
        pane.conversation.tip = event.answer.id
        pane.ask(WRITTEN if self.is_hidden else "")
        pane.call(self.name(place))
        pane.view.heard(drawn, event)
        self._mark_history(place)

    def _mark_history(self, place: int) -> None:
        question = self.answers[place].parent if self.row is not None and self.row.blind else None
        self._panes[place].conversation.mark_history(question)

    def _replaced(self, old: str, new: str) -> None:
        from msgspec.structs import replace

        assert self.row is not None
        answers, shown = (
            tuple(new if each == old else each for each in ids)
            for ids in (self.row.answers, self.row.shown)
        )
        self.row = replace(self.row, answers=answers, shown=shown)
        self.began(self.row)

    def _release(self) -> None:
        if self.is_hidden and self.writing:
            return
        kept, self._kept = self._kept, {}
        if self.is_hidden and self.row is not None:
            self._see(self.row)  # how far all have come
        for place, event in kept.items():
            self._panes[place].view.heard(self._drawn[place], event)
            self._tell_numbers(place)
        if self.is_hidden and self.row is not None:
            self.show(self.row)  # what was held back

    def _show_whole(self, place: int) -> None:
        pane = self._panes[place]
        pane.call(self.name(place))
        pane.view.saved_late(self.answers[place])
        self._tell_numbers(place)

    def _tell_numbers(self, place: int) -> None:
        pane, answer = self._panes[place], self.answers[place]
        pane.answered(HIDDEN if self.is_hidden else numbers(answer.usage) or answer.state)

    def show_all(self) -> None:
        """Names and numbers of a turn that was opened."""
        for place in self.answers:
            pane = self._panes[place]
            pane.call(self.name(place))
            self._mark_history(place)
            if not self.is_busy(place):
                self._tell_numbers(place)
            elif self.is_hidden:
                pane.say(WRITTEN)
            pane.working = place in self.writing


class AllSides:
    """Hears a comparison; sides are counted as they were asked."""

    def __init__(self, compared: Compared, cancels: Sequence["Cancel"]) -> None:
        self._compared = compared
        self._cancels = cancels
        self._places: list[int] = []

    def heard(self, turn: Turn, event: CompareEvent) -> None:
        """One event."""
        if isinstance(event, CompareStarted):
            row = event.turn
            self._places = [row.shown.index(answer) for answer in row.answers]
            self._compared.writing = dict(zip(self._places, self._cancels, strict=True))
            self._compared.began(row)
        elif isinstance(event, SideEvent):
            self._compared.hear(turn, self._places[event.side], event.told)

    def ended(self, turn: Turn, error: "ErrorInfo | None") -> None:
        """It is over."""
        cancels = set(map(id, self._cancels))
        mine = [p for p, cancel in self._compared.writing.items() if id(cancel) in cancels]
        self._compared.left(mine)
        self._compared.ended(error)


class OneSide:
    """Hears one side that was asked again."""

    def __init__(self, compared: Compared, place: int, cancel: "Cancel") -> None:
        self._compared = compared
        self._place = place
        compared.writing[place] = cancel

    def heard(self, turn: Turn, event: TurnEvent) -> None:
        """One event."""
        self._compared.hear(turn, self._place, event)

    def ended(self, turn: Turn, error: "ErrorInfo | None") -> None:
        """It is over."""
        self._compared.left([self._place])
        self._compared.ended(error)
