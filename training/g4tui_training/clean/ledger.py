"""The ledger: every row that was dropped, by which rule, on what evidence."""

import msgspec

from g4tui_training.pairs import Pair


class Unreadable(msgspec.Struct, frozen=True):
    """What is left of a line that could not be read: how it begins, its size and digest."""

    excerpt: str
    bytes: int
    sha256: str


class Dropped(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of `ledger.jsonl`. `kept` is the id of the row that stays in its place.

    `row` is the whole pair; for an unreadable line, an `Unreadable`.
    """

    id: str
    source: str
    rule: str
    evidence: str
    row: msgspec.Raw
    kept: str = ""

    def content(self) -> Pair | Unreadable:
        """What `row` holds. Raises `msgspec.ValidationError` where somebody changed it."""
        if self.rule == "unparsable":
            return msgspec.json.decode(self.row, type=Unreadable)
        return msgspec.json.decode(self.row, type=Pair)
