"""Blind turns: until the names are seen, nothing that goes out may tell who wrote which answer."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from msgspec.structs import replace

from g4tui.core import ErrorInfo, Params
from g4tui.store.rows import MessageRow, TurnRow

BLIND = "blind:"
FAILED = ErrorInfo(
    "internal",
    "This answer failed",
    "Why is told once you have voted, or looked at the names.",
)
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Veil:
    """Answers as they may be shown. Turns by their ids, for messages by theirs.

    `turns`: the hidden turn of an answer; `names`: what it is called. `questions`: the hidden turn
    of a question, all answers to which are hidden. `written`: turns that are being answered.
    """

    def __init__(
        self,
        turns: Mapping[str, str] = _NOTHING,
        names: Mapping[str, str] = _NOTHING,
        questions: Mapping[str, str] = _NOTHING,
        written: frozenset[str] = frozenset(),
    ) -> None:
        self._turns = turns
        self._names = names
        self._questions = questions
        self._written = written

    @classmethod
    def over_turns(cls, found: Iterable[tuple[TurnRow, str, bool]]) -> "Veil":
        """Over hidden turns, each with its question and whether it is being answered."""
        veil = cls()
        for turn, question, writes in found:
            veil = veil.with_turn(turn)
            veil._questions = {**veil._questions, question: turn.id}
            veil._written |= {turn.id} if writes else set()
        return veil

    def with_turn(self, turn: TurnRow) -> "Veil":
        """As this turn is now, hidden or not, beside all others; what is written of it shows."""
        if is_hidden(turn):
            turns = {**self._turns, **dict.fromkeys(turn.shown, turn.id)}
            names = {**self._names, **{id_: letter_of(turn, id_) for id_ in turn.shown}}
            return Veil(turns, names, self._questions, self._written - {turn.id})
        return Veil(
            {id_: each for id_, each in self._turns.items() if each != turn.id},
            self._names,
            {id_: each for id_, each in self._questions.items() if each != turn.id},
            self._written - {turn.id},
        )

    def hides(self, row: MessageRow) -> bool:
        """Whether this answer must not tell who wrote it."""
        return self._turn_of(row) is not None

    def over(self, row: MessageRow) -> MessageRow:
        """The same message without what gives its maker away: name, numbers, words of an error.

        Nor does it tell, while its turn is being answered, how far it has come.
        """
        turn = self._turn_of(row)
        if turn is None:
            return row
        message, state = replace(row.message, reasoning=""), row.state
        if turn in self._written and row.id in self._names:
            message, state = replace(message, text=""), "streaming"
        return replace(
            row,
            message=message,
            state=state,
            model=BLIND + self._names.get(row.id, "Another answer"),
            params=Params(),
            usage=None,
            error=FAILED if row.error is not None and state != "streaming" else None,
            finish_reason=None if row.finish_reason == "filtered" else row.finish_reason,
            memory_start=None,
        )

    def _turn_of(self, row: MessageRow) -> str | None:
        if row.message.role != "assistant" or not row.model or row.model.startswith(BLIND):
            return None
        return self._turns.get(row.id) or self._questions.get(row.parent or "")


def is_hidden(turn: TurnRow) -> bool:
    """Whether nobody has seen the names yet."""
    return turn.blind and turn.revealed is None


def letter_of(turn: TurnRow, answer: str) -> str:
    """What a hidden answer is called: `Answer A` stands at the left."""
    return f"Answer {chr(ord('A') + turn.shown.index(answer))}"
