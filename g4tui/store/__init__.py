"""The library: sessions, their trees of messages, and finding them again. SQLite, one file."""

from g4tui.store.rows import (
    Asked,
    Hit,
    MessageRow,
    SessionRow,
    Shelf,
    State,
    TurnRow,
    Verdict,
    VoteRow,
)
from g4tui.store.store import Store

__all__ = [
    "Asked",
    "Hit",
    "MessageRow",
    "SessionRow",
    "Shelf",
    "State",
    "Store",
    "TurnRow",
    "Verdict",
    "VoteRow",
]
