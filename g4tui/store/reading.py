"""Reading the library: sessions, lines and windows of their trees, and what is found."""

from collections.abc import Sequence
from pathlib import Path

from g4tui.store import messages, sessions
from g4tui.store.codec import column_text
from g4tui.store.database import Database
from g4tui.store.rows import Hit, MessageRow, SessionRow, Shelf
from g4tui.store.search import Filters, search


class Reader:
    """What `Store` can tell. Reads never wait for writes."""

    def __init__(self, database: Database) -> None:
        self.file: Path = database.path
        self._database = database

    def session(self, session: str) -> SessionRow:
        """One session by its id."""
        with self._database.read() as connection:
            return sessions.one(connection, session)

    def oldest(self) -> float | None:
        """When the first session began, in seconds since 1970; `None` where there is none."""
        with self._database.read() as connection:
            (created,) = connection.execute("SELECT min(created) FROM sessions").fetchone()
            return None if created is None else float(created)

    def gone(self, ids: Sequence[str]) -> list[str]:
        """Those of `ids` that no session has, in the bin either."""
        with self._database.read() as connection:
            find = "SELECT 1 FROM sessions WHERE id = ?"
            return [each for each in ids if connection.execute(find, (each,)).fetchone() is None]

    def sessions(
        self,
        limit: int | None = None,
        offset: int = 0,
        *,
        shelf: Shelf = "open",
        tag: str | None = None,
        pinned_first: bool = False,
    ) -> list[SessionRow]:
        """The one with the newest message first; in the bin, the one that was put there last."""
        with self._database.read() as connection:
            return sessions.many(
                connection, limit, offset, shelf=shelf, tag=tag, pinned_first=pinned_first
            )

    def tags(self) -> list[str]:
        """Every tag that a session outside of the bin has, in alphabetical order."""
        with self._database.read() as connection:
            rows = connection.execute(
                """SELECT DISTINCT t.tag FROM tags t JOIN sessions s ON s.seq = t.session
                   WHERE s.deleted IS NULL ORDER BY t.tag"""
            )
            return [column_text(tag) for (tag,) in rows]

    def models(self) -> list[str]:
        """Every model that ever answered, in alphabetical order."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT DISTINCT model FROM messages WHERE model <> '' ORDER BY model"
            )
            return [column_text(model) for (model,) in rows]

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

    def search(
        self,
        text: str,
        limit: int = 50,
        prefix: bool = True,
        *,
        model: str | None = None,
        since: float | None = None,
        until: float | None = None,
        starred: bool = False,
        tag: str | None = None,
    ) -> list[Hit]:
        """Titles that people gave, then messages, newest first, that hold every word of `text`.

        `model`: messages that it wrote or answered. `since` and `until`: seconds since 1970.
        `starred`: marked messages alone. `tag`: of the session. With one of these, a `text`
        without words finds every message that fits. What is in the bin is never found.
        """
        filters = Filters(model, since, until, starred, tag)
        with self._database.read() as connection:
            return search(connection, text, limit, prefix, filters)
