"""Blind turns: until the names are seen, nothing that is shown may tell who wrote which answer."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from g4tui.store import MessageRow, Store, TurnRow

LETTERS = "ABCD"
BLIND = "blind:"


class Veil:
    """Answers as they may be shown. `names`: what hidden ones are called, by their ids."""

    def __init__(self, names: Mapping[str, str] = MappingProxyType({})) -> None:
        self._names = names

    @classmethod
    def of(cls, turns: "list[TurnRow]") -> "Veil":
        """Over the answers of those turns whose names nobody has seen."""
        hidden = [turn for turn in turns if is_hidden(turn)]
        return cls({id_: letter_of(turn, id_) for turn in hidden for id_ in turn.shown})

    def with_turn(self, turn: "TurnRow") -> "Veil":
        """As this turn is now: hidden or not, beside all others."""
        kept = {id_: name for id_, name in self._names.items() if id_ not in turn.shown}
        return Veil({**kept, **Veil.of([turn])._names})

    def over(self, row: "MessageRow") -> "MessageRow":
        """The same message without what gives its maker away: name, numbers, words of an error."""
        from msgspec.structs import replace

        from g4tui.core import ErrorInfo, Params

        name = self._names.get(row.id)
        if name is None:
            return row
        error = row.error
        if error is not None:
            error = ErrorInfo(
                "internal",
                "This answer failed",
                "Why is told once you have voted, or looked at the names.",
            )
        return replace(
            row, model=f"{BLIND}{name}", params=Params(), usage=None, error=error, memory_start=None
        )


def is_hidden(turn: "TurnRow") -> bool:
    """Whether nobody has seen the names yet."""
    return turn.blind and turn.revealed is None


def letter_of(turn: "TurnRow", answer: str) -> str:
    """What a hidden answer is called: `Answer A` stands at the left."""
    return f"Answer {LETTERS[turn.shown.index(answer)]}"


def veil_of(store: "Store", session: str) -> Veil:
    """The veil over a session. Blocks."""
    return Veil.of(store.turns(session))
