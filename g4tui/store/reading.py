"""Reading the library: sessions, lines and windows of their trees, and what is found."""

from collections.abc import Sequence
from pathlib import Path

from g4tui.store import messages, sessions
from g4tui.store.database import Database
from g4tui.store.rows import Hit, MessageRow, SessionRow
from g4tui.store.search import search


class Reader:
    """What `Store` can tell. Reads never wait for writes."""

    def __init__(self, database: Database) -> None:
        self.file: Path = database.path
        self._database = database

    def session(self, session: str) -> SessionRow:
        """One session by its id."""
        with self._database.read() as connection:
            return sessions.one(connection, session)

    def sessions(self, limit: int | None = None, offset: int = 0) -> list[SessionRow]:
        """The one with the newest message first."""
        with self._database.read() as connection:
            return sessions.many(connection, limit, offset)

    def path(self, session: str, head: str | None = None) -> list[MessageRow]:
        """The line from the first message to `head` (else the session's), first one first."""
        return self.tail(session, head, -1)

    def path_ids(self, session: str, head: str | None = None) -> list[str]:
        """The same as ids; `messages` gives the rows of any of them."""
        with self._database.read() as connection:
            start = messages.head_seq(connection, session, head)
            return messages.line_ids(connection, start, -1)

    def tail(self, session: str, head: str | None = None, limit: int = 50) -> list[MessageRow]:
        """The last `limit` messages of that line; as quick in a long session as in a short one."""
        with self._database.read() as connection:
            return messages.line(connection, messages.head_seq(connection, session, head), limit)

    def before(self, message: str, limit: int = 50) -> list[MessageRow]:
        """At most `limit` messages that lead to `message`, first one first, without itself."""
        with self._database.read() as connection:
            return messages.before(connection, message, limit)

    def after(self, message: str, limit: int = 50, head: str | None = None) -> list[MessageRow]:
        """At most `limit` messages that follow it on the way to `head` (else the session's)."""
        with self._database.read() as connection:
            return messages.after(connection, message, head, limit)

    def messages(self, ids: Sequence[str]) -> list[MessageRow]:
        """Rows in the order of `ids`; what was deleted meanwhile is left out."""
        with self._database.read() as connection:
            return messages.by_ids(connection, ids)

    def message(self, message: str) -> MessageRow:
        """One message by its id."""
        with self._database.read() as connection:
            return messages.one(connection, message)

    def all_messages(self, session: str) -> list[MessageRow]:
        """The whole tree: parents before children, siblings as they were made."""
        with self._database.read() as connection:
            return messages.everything(connection, session)

    def siblings(self, message: str) -> list[MessageRow]:
        """All children of its parent, itself too, as they were made."""
        with self._database.read() as connection:
            return messages.siblings(connection, message)

    def head_showing(self, message: str) -> str:
        """A head to set so that `message` is seen: the session's own if its line has it, else the
        newest message below it."""
        with self._database.read() as connection:
            return messages.head_showing(connection, message)

    def search(self, text: str, limit: int = 50, prefix: bool = True) -> list[Hit]:
        """Titles that people gave, then messages, newest first, that hold every word of `text`."""
        with self._database.read() as connection:
            return search(connection, text, limit, prefix)
