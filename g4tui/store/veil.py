"""Blind turns: until the names are seen, nothing that goes out may tell who wrote which answer."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from msgspec.structs import replace

from g4tui.core import ErrorInfo, Params
from g4tui.store.rows import MessageRow, State, TurnRow

BLIND = "blind:"
FAILED = ErrorInfo(
    "internal",
    "This answer failed",
    "Why is told once you have voted, or looked at the names.",
)
_NOTHING: Mapping[str, str] = MappingProxyType({})
_WORD = 40


class Cut(NamedTuple):
    """Answers that were stopped before all had ended: how far each is shown, and as what."""

    length: int
    state: State


class Veil:
    """Answers as they may be shown. Turns by their ids, for messages by theirs.

    `turns`: the hidden turn of an answer; `names`: what it is called. `questions`: the hidden turn
    of a question, all answers to which are hidden. `written`: turns that are being answered.
    `cuts`: how far answers are shown, by themselves.
    """

    def __init__(
        self,
        turns: Mapping[str, str] = _NOTHING,
        names: Mapping[str, str] = _NOTHING,
        questions: Mapping[str, str] = _NOTHING,
        written: frozenset[str] = frozenset(),
        cuts: Mapping[str, Cut] = MappingProxyType({}),
    ) -> None:
        self._turns = turns
        self._names = names
        self._questions = questions
        self._written = written
        self._cuts = cuts

    @classmethod
    def over_turns(cls, found: Iterable[tuple[TurnRow, Sequence[MessageRow]]]) -> "Veil":
        """Over hidden turns, each with all answers to its questions."""
        veil = cls()
        for turn, answers in found:
            inside = [row for row in answers if row.id in turn.answers]
            others = [row for row in answers if row.id not in turn.answers and row.model]
            veil = veil.with_turn(turn, inside)
            questions = {row.parent: turn.id for row in inside if row.parent is not None}
            veil._questions = {**veil._questions, **questions}
            veil._cuts = {**veil._cuts, **_cuts(others)}
            if any(row.state == "streaming" for row in inside):
                veil._written |= {turn.id}
        return veil

    def with_turn(self, turn: TurnRow, answers: Sequence[MessageRow] = ()) -> "Veil":
        """As this turn is now, hidden or not, beside all others; what is written of it shows.

        `answers` are those of the turn.
        """
        if is_hidden(turn):
            turns = {**self._turns, **dict.fromkeys(turn.shown, turn.id)}
            names = {**self._names, **{id_: letter_of(turn, id_) for id_ in turn.shown}}
            cuts = {id_: cut for id_, cut in self._cuts.items() if id_ not in turn.shown}
            written = self._written - {turn.id}
            return Veil(turns, names, self._questions, written, {**cuts, **_cuts(answers)})
        return Veil(
            {id_: each for id_, each in self._turns.items() if each != turn.id},
            self._names,
            {id_: each for id_, each in self._questions.items() if each != turn.id},
            self._written - {turn.id},
            self._cuts,
        )

    def hides(self, row: MessageRow) -> bool:
        """Whether this answer must not tell who wrote it."""
        return self._turn_of(row) is not None

    def over(self, row: MessageRow) -> MessageRow:
        """The same message without what gives its maker away: name, numbers, words of an error.

        Nor does it tell, while its turn is being answered, how far it has come; where that was
        stopped, all are shown as far as all have come.
        """
        turn = self._turn_of(row)
        if turn is None:
            return row
        message, state = replace(row.message, reasoning=""), row.state
        cut = self._cuts.get(row.id)
        if turn in self._written and row.id in self._names:
            message, state = replace(message, text=""), "streaming"
        elif cut is not None:
            text = as_far(row.message.text, cut.length, is_whole=state == "complete")
            message, state = replace(message, text=text), cut.state
        return replace(
            row,
            message=message,
            state=state,
            model=BLIND + self._names.get(row.id, "Another answer"),
            params=Params(),
            usage=None,
            error=FAILED if row.error is not None and state != "streaming" else None,
            finish_reason=None
            if cut is not None or row.finish_reason == "filtered"
            else row.finish_reason,
            memory_start=None,
        )

    def _turn_of(self, row: MessageRow) -> str | None:
        if row.message.role != "assistant" or not row.model or row.model.startswith(BLIND):
            return None
        return self._turns.get(row.id) or self._questions.get(row.parent or "")


def _cuts(answers: Sequence[MessageRow]) -> dict[str, Cut]:
    """Empty, where all came to an end by themselves; one that failed tells of no pace."""
    told = [row for row in answers if row.error is None]
    early: list[State] = [row.state for row in told if row.state in ("stopped", "interrupted")]
    if not early:
        return {}
    # One that is being written has come nowhere yet: it takes the place of one that was stopped.
    length = min(0 if row.state == "streaming" else len(row.message.text) for row in told)
    cut = Cut(length, max(early, key="interrupted".__eq__))
    return {row.id: cut for row in told if row.state != "streaming"}


def as_far(text: str, length: int, *, is_whole: bool) -> str:
    """The words in the first `length` characters of a text that had come that far, or farther.

    A last word that may go on is left out of every text, so that its end does not tell which of
    them had come just so far.
    """
    if is_whole and len(text) <= length:
        return text
    first, last = text[: max(0, length - _WORD)], text[max(0, length - _WORD) : length]
    ends = [place for place, letter in enumerate(last) if letter.isspace()]
    return first + (last[: ends[-1]] if ends else last)


def is_hidden(turn: TurnRow) -> bool:
    """Whether nobody has seen the names yet."""
    return turn.blind and turn.revealed is None


def letter_of(turn: TurnRow, answer: str) -> str:
    """What a hidden answer is called."""
    return letter(turn.shown.index(answer))


def letter(place: int) -> str:
    """`Answer A` stands at the left."""
    return f"Answer {chr(ord('A') + place)}"
