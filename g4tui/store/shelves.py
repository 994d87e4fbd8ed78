"""Where sessions are kept: pinned, archived, tagged, in the bin."""

from g4tui.core import G4tuiError
from g4tui.store import sessions
from g4tui.store.codec import text_column
from g4tui.store.rows import SessionRow
from g4tui.store.writing import Writer

BIN_S = 30 * 24 * 3600.0
TAG_LENGTH = 40


class Shelves(Writer):
    """The part of `Store` that keeps house."""

    def set_pinned(self, session: str, pinned: bool = True) -> SessionRow:
        """Keep a session at the top of the list, or no longer."""
        return self._updated(session, {"pinned": pinned})

    def set_archived(self, session: str, archived: bool = True) -> SessionRow:
        """Put a session away, or take it back; a new message takes it back too."""
        return self._updated(session, {"archived": archived})

    def tag(self, session: str, *tags: str) -> SessionRow:
        """Add tags. Upper and lower case are one tag, written as it was first."""
        with self._database.write() as connection:
            seq = sessions.key(connection, session).seq
            for tag in map(tag_of, tags):
                known = connection.execute(
                    "SELECT tag FROM tags WHERE tag = ? LIMIT 1", (text_column(tag),)
                ).fetchone()
                connection.execute(
                    "INSERT OR IGNORE INTO tags (session, tag) VALUES (?, ?)",
                    (seq, text_column(tag) if known is None else known[0]),
                )
            return sessions.one(connection, session)

    def untag(self, session: str, *tags: str) -> SessionRow:
        """Take tags away; those that it has not are no error."""
        with self._database.write() as connection:
            seq = sessions.key(connection, session).seq
            for tag in map(tag_of, tags):
                connection.execute(
                    "DELETE FROM tags WHERE session = ? AND tag = ?", (seq, text_column(tag))
                )
            return sessions.one(connection, session)

    def bin_session(self, session: str) -> SessionRow:
        """Delete a session so that it can be had back, with all in it, until the bin is emptied."""
        return self._updated(session, {"deleted": self._clock()})

    def restore_session(self, session: str) -> SessionRow:
        """Out of the bin, to where it was; a new message does that too."""
        return self._updated(session, {"deleted": None})

    def empty_bin(self, older_than_s: float = BIN_S) -> list[SessionRow]:
        """Delete for good what was put into the bin more than so many seconds ago.

        Returns what it was, as `delete_session` does.
        """
        last = self._clock() - older_than_s
        with self._database.read() as connection:
            old = "SELECT 1 FROM sessions WHERE deleted <= ? LIMIT 1"
            if connection.execute(old, (last,)).fetchone() is None:
                return []  # and nobody who is writing was waited for
        with self._database.write() as connection:
            gone = [
                row
                for row in sessions.many(connection, None, 0, shelf="bin")
                if row.deleted is not None and row.deleted <= last
            ]
            for row in gone:
                sessions.delete(connection, row.id)
            return gone


def tag_of(text: str) -> str:
    """A tag as it is kept: on one line, without spaces around it."""
    tag = " ".join(text.split())
    if not tag or len(tag) > TAG_LENGTH:
        raise G4tuiError(
            "usage",
            "This is no tag",
            f"A tag has 1 to {TAG_LENGTH} characters.",
            "Give a short word.",
        )
    return tag
