"""What adds to a session's tree, and how an answer comes to its end."""

import sqlite3

from g4tui.core import ErrorInfo, FinishReason, G4tuiError, Message, Params, Usage
from g4tui.store import messages, sessions
from g4tui.store.codec import attachments_column, struct_column, text_column
from g4tui.store.ids import new_id
from g4tui.store.rows import State


def insert(
    connection: sqlite3.Connection,
    session: str,
    parent: str | None,
    message: Message,
    *,
    state: State,
    now: float,
    owner: str | None = None,
    model: str = "",
    params: Params = Params(),
    usage: Usage | None = None,
    error: ErrorInfo | None = None,
    finish_reason: FinishReason | None = None,
    starred: bool = False,
    corrects: str | None = None,
    created: float | None = None,
    moves_head: bool = True,
) -> str:
    """A new child of `parent` (`None`: a first message); returns its id.

    With `created` it is one of the past; else its session is open again, wherever it was put.
    Raises `G4tuiError` of kind `missing` when session or
    parent are not there.
    """
    found = sessions.key(connection, session)
    above = None if parent is None else messages.inside(connection, found, session, parent)
    depth = 1
    if above is not None:
        (depth,) = connection.execute(
            "SELECT depth + 1 FROM messages WHERE seq = ?", (above,)
        ).fetchone()
    newest = connection.execute("SELECT seq, id FROM messages ORDER BY seq DESC LIMIT 1").fetchone()
    last_seq, last_id = newest or (0, None)
    seq, id_ = last_seq + 1, new_id(now, last_id)
    connection.execute(
        """INSERT INTO messages (seq, id, session, parent, depth, role, state, owner, finish_reason,
               starred, created, model, params, usage, error, text, reasoning, attachments,
               corrects)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            seq,
            id_,
            found.seq,
            above,
            depth,
            message.role,
            state,
            owner,
            finish_reason,
            starred,
            now if created is None else created,
            text_column(model),
            struct_column(params),
            struct_column(usage),
            struct_column(error),
            text_column(message.text),
            text_column(message.reasoning),
            attachments_column(message.attachments),
            corrects,
        ),
    )
    if moves_head:
        connection.execute("UPDATE sessions SET head = ? WHERE seq = ?", (seq, found.seq))
    if not found.has_title and message.role == "user":
        connection.execute(
            "UPDATE sessions SET title = ? WHERE seq = ?",
            (text_column(sessions.title_of(message.text)), found.seq),
        )
    if created is None:
        sessions.touch(connection, found.seq, now)
        sessions.reopen(connection, found.seq)
    else:
        sessions.touch_past(connection, found.seq, created)
    return id_


def flush(connection: sqlite3.Connection, answer: str, text: str, reasoning: str) -> None:
    """Keep what an answer has so far: its whole text."""
    changed = connection.execute(
        "UPDATE messages SET text = ?, reasoning = ? WHERE id = ? AND state = 'streaming'",
        (text_column(text), text_column(reasoning), answer),
    ).rowcount
    if not changed:
        raise _not_streaming(connection, answer)


def set_memory_start(connection: sqlite3.Connection, answer: str, message: str) -> None:
    """Note where what the model saw begins."""
    connection.execute("UPDATE messages SET memory_start = ? WHERE id = ?", (message, answer))


def finish(
    connection: sqlite3.Connection,
    answer: str,
    *,
    state: State,
    text: str,
    reasoning: str,
    usage: Usage | None,
    error: ErrorInfo | None,
    finish_reason: FinishReason | None,
    now: float,
) -> None:
    """The end of an answer, whatever it was."""
    changed = connection.execute(
        """UPDATE messages SET state = ?, owner = NULL, text = ?, reasoning = ?, usage = ?,
               error = ?, finish_reason = ?
           WHERE id = ? AND state = 'streaming'""",
        (
            state,
            text_column(text),
            text_column(reasoning),
            struct_column(usage),
            struct_column(error),
            finish_reason,
            answer,
        ),
    ).rowcount
    if not changed:
        raise _not_streaming(connection, answer)
    (seq,) = connection.execute("SELECT session FROM messages WHERE id = ?", (answer,)).fetchone()
    sessions.touch(connection, seq, now)


def resume(
    connection: sqlite3.Connection, answer: str, owner: str, params: Params | None = None
) -> None:
    """An answer that ended too early is being written again; its text stays until then.

    With `params` it is written from its beginning, with these.
    """
    changed = connection.execute(
        """UPDATE messages SET state = 'streaming', owner = ?1, error = '', finish_reason = NULL,
               params = coalesce(?2, params), memory_start = iif(?2 IS NULL, memory_start, NULL)
           WHERE id = ?3 AND state <> 'streaming' AND role = 'assistant'""",
        (owner, None if params is None else struct_column(params), answer),
    ).rowcount
    if not changed:
        row = messages.one(connection, answer)
        raise G4tuiError(
            "usage",
            "This message cannot be continued",
            "It is still being written."
            if row.state == "streaming"
            else "Only an answer can be continued.",
            "Wait for its end, or stop it first."
            if row.state == "streaming"
            else "Choose an answer.",
        )


def interrupted(connection: sqlite3.Connection, owner: str) -> int:
    """Mark what a process that is gone left streaming; returns how many answers."""
    return connection.execute(
        "UPDATE messages SET state = 'interrupted', owner = NULL"
        " WHERE owner = ? AND state = 'streaming'",
        (owner,),
    ).rowcount


def streaming_owners(connection: sqlite3.Connection) -> list[str]:
    """Leases of all who are writing an answer, or were when their process ended."""
    rows = connection.execute("SELECT DISTINCT owner FROM messages WHERE state = 'streaming'")
    return [owner for (owner,) in rows]


def _not_streaming(connection: sqlite3.Connection, answer: str) -> G4tuiError:
    row = connection.execute("SELECT state FROM messages WHERE id = ?", (answer,)).fetchone()
    if row is None:
        return G4tuiError(
            "missing",
            "The session of this answer was deleted",
            f"Answer {answer} is no longer in the library; perhaps another window deleted it.",
            "Start a new session.",
        )
    return G4tuiError(
        "usage",
        "This answer has already ended",
        f"Message {answer} is saved as {row[0]}; nothing was changed.",
        "Ask for another answer.",
    )
