"""The library: sessions, their trees of messages, and finding them again. SQLite, one file."""

from g4tui.store.rows import Hit, MessageRow, SessionRow, State
from g4tui.store.store import Store

__all__ = ["Hit", "MessageRow", "SessionRow", "State", "Store"]
