"""The library: every conversation, saved as it happens."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from g4tui.core import ErrorInfo, FinishReason, G4tuiError, Message, Params, Usage
from g4tui.store import errors, files, growing, index, messages, sessions
from g4tui.store.codec import struct_column, text_column
from g4tui.store.comparing import Comparing
from g4tui.store.database import Database, checked_file
from g4tui.store.lease import dead_leases_removed, is_alive
from g4tui.store.migrations import MIGRATIONS, Migration, migrate
from g4tui.store.rows import MessageRow, SessionRow, State
from g4tui.store.shelves import Shelves
from g4tui.store.transcripts import Transcripts

BUSY_S = 5.0


class Store(Comparing, Shelves, Transcripts):
    """Synchronous; every method may be called from any thread, and by several processes at once.

    Errors are `G4tuiError`s: kind `missing` for a session or message that is not there, `storage`
    for what the disk or the file refuses. A method that writes has written all or nothing, and
    what it returns is on the disk.
    """

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        busy_s: float = BUSY_S,
        clock: Callable[[], float] = time.time,
        migrations: Sequence[Migration] = MIGRATIONS,
    ) -> "Store":
        """The library at `path`, made (mode 0600) if it is not there, brought up to date if it is.

        `busy_s`: how long to wait for another process that is writing.
        """
        try:
            checked_file(path, len(migrations))
            files.created_private(path)
        except OSError as error:
            raise errors.disk_error(error, path) from error
        database = Database(path, busy_s)
        try:
            migrate(database, migrations)
        except BaseException:
            database.close()
            raise
        return cls(database, clock)

    # Sessions

    def create_session(
        self,
        *,
        title: str = "",
        model: str = "",
        system: str = "",
        params: Params = Params(),
        context: int | None = None,
        private: bool = False,
        created: float | None = None,
    ) -> SessionRow:
        """Without a title it gets one from its first message. `created`: of the past, an import."""
        with self._database.write() as connection:
            session = sessions.insert(
                connection,
                title=title,
                model=model,
                system=system,
                params=params,
                context=context,
                private=private,
                created=created,
                now=self._clock(),
            )
            return sessions.one(connection, session)

    def update_session(
        self,
        session: str,
        *,
        model: str | None = None,
        system: str | None = None,
        params: Params | None = None,
        context: int | None = None,
        private: bool | None = None,
    ) -> SessionRow:
        """Change what is given (`context=0`: the default again); its place in the list stays."""
        columns: dict[str, object] = {}
        if context is not None:
            columns["context"] = context or None
        if model is not None:
            columns["model"] = text_column(model)
        if system is not None:
            columns["system"] = text_column(system)
        if params is not None:
            columns["params"] = struct_column(params)
        if private is not None:
            columns["private"] = private
        return self._updated(session, columns)

    def rename_session(self, session: str, title: str) -> SessionRow:
        """An empty title takes the one from the first message again."""
        with self._database.write() as connection:
            chosen = title or sessions.own_title(connection, session)
            columns: dict[str, object] = {"title": text_column(chosen), "title_is_set": bool(title)}
            sessions.update(connection, session, columns)
            return sessions.one(connection, session)

    def delete_session(self, session: str) -> SessionRow:
        """Returns what it was: its `id` is the key of what backends keep for it.

        Its text is overwritten in the file; single words stay in the search index until it is
        merged, by and by or with `tidy`.
        """
        with self._database.write() as connection:
            row = sessions.one(connection, session)
            sessions.delete(connection, session)
            return row

    def add_consent(self, session: str, destination: str) -> SessionRow:
        """From now on the session's text may be sent to `destination`."""
        with self._database.write() as connection:
            sessions.add_consent(connection, session, destination, self._clock())
            return sessions.one(connection, session)

    # A turn

    def begin_turn(
        self,
        session: str,
        parent: str | None,
        user: Message | None,
        model: str,
        params: Params = Params(),
    ) -> tuple[MessageRow | None, MessageRow]:
        """Save what the person said and an empty, streaming answer below it; the head moves there.

        `parent`: the message before (`None`: it is the first). Without `user` it is another answer
        to `parent`. Everything is on the disk when this returns.
        """
        if user is None and parent is None:
            raise G4tuiError("usage", "There is nothing to answer", "No message was given.")
        owner = self._owner()
        with self._database.write() as connection:
            now = self._clock()
            said = None
            if user is not None:
                said = growing.insert(connection, session, parent, user, state="complete", now=now)
            answer = growing.insert(
                connection,
                session,
                said or parent,
                Message("assistant", ""),
                state="streaming",
                owner=owner,
                model=model,
                params=params,
                now=now,
            )
            user_row = None if said is None else messages.one(connection, said)
            return user_row, messages.one(connection, answer)

    def flush_answer(self, answer: str, text: str, reasoning: str = "") -> None:
        """Keep the whole text so far; safe against the end of the process, not of the power."""
        with self._database.write(durable=False) as connection:
            growing.flush(connection, answer, text, reasoning)

    def finish_answer(
        self,
        answer: str,
        state: State,
        text: str,
        reasoning: str = "",
        usage: Usage | None = None,
        error: ErrorInfo | None = None,
        finish_reason: FinishReason | None = None,
    ) -> MessageRow:
        """The end of a streaming answer, with its whole text."""
        with self._database.write() as connection:
            growing.finish(
                connection,
                answer,
                state=state,
                text=text,
                reasoning=reasoning,
                usage=usage,
                error=error,
                finish_reason=finish_reason,
                now=self._clock(),
            )
            return messages.one(connection, answer)

    def set_memory_start(self, answer: str, message: str) -> None:
        """Older messages than `message` were left out of what the model saw for this answer."""
        with self._database.write(durable=False) as connection:
            growing.set_memory_start(connection, answer, message)

    def resume_answer(self, answer: str, params: Params | None = None) -> MessageRow:
        """Stream again into an answer that ended; its text stays until the first flush.

        `params`: it has no text, and is asked for once more with these.
        """
        owner = self._owner()
        with self._database.write() as connection:
            growing.resume(connection, answer, owner, params)
            return messages.one(connection, answer)

    def add_message(
        self,
        session: str,
        parent: str | None,
        message: Message,
        *,
        state: State = "complete",
        model: str = "",
        params: Params = Params(),
        usage: Usage | None = None,
        error: ErrorInfo | None = None,
        finish_reason: FinishReason | None = None,
        starred: bool = False,
        created: float | None = None,
        moves_head: bool = True,
    ) -> MessageRow:
        """A message that is whole already: an import, a correction. Many at once: see `batch`."""
        if state == "streaming":
            raise G4tuiError("usage", "An added message cannot be streaming", "See begin_turn.")
        with self._database.write() as connection:
            added = growing.insert(
                connection,
                session,
                parent,
                message,
                state=state,
                model=model,
                params=params,
                usage=usage,
                error=error,
                finish_reason=finish_reason,
                starred=starred,
                created=created,
                moves_head=moves_head,
                now=self._clock(),
            )
            return messages.one(connection, added)

    def set_head(self, session: str, message: str) -> SessionRow:
        """Show the line that ends with `message`; the next turn goes on from there."""
        with self._database.write() as connection:
            seq = messages.head_seq(connection, session, message)
            sessions.update(connection, session, {"head": seq})
            return sessions.one(connection, session)

    def star(self, message: str, starred: bool = True) -> MessageRow:
        """Mark a message, or take the mark away."""
        with self._database.write() as connection:
            seq = messages.seq_of(connection, message)
            connection.execute("UPDATE messages SET starred = ? WHERE seq = ?", (starred, seq))
            return messages.one(connection, message)

    # The file

    def recover(self) -> int:
        """Mark as interrupted what processes that are gone left streaming; returns how many.

        Answers that a live g4tui is writing, this one too, are left alone.
        """
        with self._database.read() as connection:
            owners = growing.streaming_owners(connection)
        gone = [owner for owner in owners if not is_alive(self._leases, owner)]
        if not gone:
            return 0  # and nobody who is writing was waited for
        with self._database.write() as connection:
            count = sum(growing.interrupted(connection, owner) for owner in gone)
        dead_leases_removed(self._leases)
        return count

    def backup(self, target: Path | None = None) -> Path:
        """A whole copy at `target` (else beside the library), complete or not there at all."""
        named = target or files.backup_name(self.file, len(MIGRATIONS))
        source = self._database.connect()
        try:
            with errors.copying(self.file, named):
                return files.copied(source, named)
        finally:
            source.close()

    def check(self) -> list[str]:
        """What is wrong with the file, in SQLite's words; nothing, if it is whole. Reads all of it.

        A damaged search index is made anew and said so by a `G4tuiError`.
        """
        with self._database.read() as connection:
            said = [line for (line,) in connection.execute("PRAGMA integrity_check")]
            said += [
                f"row {row} of {table} refers to a missing row of {parent}"
                for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check")
            ]
        with self._database.write() as connection:
            index.checked(connection)
        return [line for line in said if line != "ok"]

    def tidy(self) -> None:
        """Take the last traces of deleted words out of the search index, and make it quicker.

        It rewrites the whole index: seconds in a big library, in which nobody else can write.
        """
        with self._database.write() as connection:
            index.merge(connection)
