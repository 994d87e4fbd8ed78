"""The tree of a session's messages: reading lines of it, and growing it.

A caller holds the transaction. A line is what leads from a first message to a head. Rows inside are
named by `seq`, which orders siblings as they were made; outside by their ids.
"""

import sqlite3
from collections.abc import Sequence

from g4tui.core import ErrorInfo, G4tuiError, Message, Params, Usage
from g4tui.store import sessions
from g4tui.store.codec import (
    column_attachments,
    column_struct,
    column_text,
)
from g4tui.store.rows import MessageRow
from g4tui.store.sessions import SessionKey

# Queries are asked for this many rows at a time: SQLite counts its placeholders.
BATCH = 500

_COLUMNS = """
    SELECT m.seq, m.id, s.id, p.id, m.role, m.state, m.finish_reason, m.starred, m.created,
           m.depth, m.model, m.params, m.usage, m.error, m.text, m.reasoning, m.attachments,
           m.memory_start, m.corrects,
           (SELECT count(*) FROM messages o WHERE o.parent IS m.parent AND o.session = m.session),
           (SELECT count(*) FROM messages o WHERE o.parent IS m.parent AND o.session = m.session
            AND o.seq <= m.seq)
"""
_MORE = "JOIN sessions s ON s.seq = m.session LEFT JOIN messages p ON p.seq = m.parent"
_SELECT = f"{_COLUMNS} FROM messages m {_MORE}"

# From message `:start` towards the first one, `:limit` rows (-1: all of them).
_LINE = """
    WITH RECURSIVE line (seq, parent) AS (
        SELECT seq, parent FROM messages WHERE seq = :start
        UNION ALL
        SELECT m.seq, m.parent FROM line CROSS JOIN messages m ON m.seq = line.parent
        LIMIT :limit
    )
"""


def seq_of(connection: sqlite3.Connection, message: str) -> int:
    """Raises `G4tuiError` of kind `missing` when the message is not there."""
    row = connection.execute("SELECT seq FROM messages WHERE id = ?", (message,)).fetchone()
    if row is None:
        raise missing(message)
    return int(row[0])


def missing(message: str) -> G4tuiError:
    """Its session was deleted, perhaps in another window, or the id is wrong."""
    return G4tuiError(
        "missing",
        "This message is not in the library",
        f"Message {message} is not there: its session was deleted, or its name is wrong.",
        "See what is there with: g4tui sessions list",
    )


def head_seq(connection: sqlite3.Connection, session: str, head: str | None) -> int | None:
    """The row of `head`, or of the session's own; `None` in a session without messages."""
    found = sessions.key(connection, session)
    return found.head if head is None else inside(connection, found, session, head)


def inside(connection: sqlite3.Connection, found: SessionKey, session: str, message: str) -> int:
    """The row of a message that must be in that session; else `G4tuiError` of kind `missing`."""
    row = connection.execute(
        "SELECT seq FROM messages WHERE id = ? AND session = ?", (message, found.seq)
    ).fetchone()
    if row is None:
        raise G4tuiError(
            "missing",
            "This message is not in this session",
            f"Session {session} has no message {message}.",
            f"See what it holds with: g4tui sessions show {session}",
        )
    return int(row[0])


def line_ids(connection: sqlite3.Connection, start: int | None, limit: int) -> list[str]:
    """Ids of the line that ends with row `start`, at most `limit` (-1: all), first one first."""
    rows = connection.execute(
        f"{_LINE} SELECT m.id FROM line CROSS JOIN messages m ON m.seq = line.seq ORDER BY m.depth",
        {"start": start, "limit": limit},
    )
    return [id_ for (id_,) in rows]


def line(connection: sqlite3.Connection, start: int | None, limit: int) -> list[MessageRow]:
    """The same as whole rows."""
    rows = connection.execute(
        f"{_LINE} {_COLUMNS} FROM line CROSS JOIN messages m ON m.seq = line.seq {_MORE}",
        {"start": start, "limit": limit},
    )
    return sorted(map(_row, rows), key=lambda row: row.depth)


def by_seqs(connection: sqlite3.Connection, seqs: Sequence[int]) -> list[MessageRow]:
    """The rows in the order asked for."""
    found: dict[int, MessageRow] = {}
    for start in range(0, len(seqs), BATCH):
        part = seqs[start : start + BATCH]
        marks = ",".join("?" * len(part))
        for row in connection.execute(f"{_SELECT} WHERE m.seq IN ({marks})", part):
            found[row[0]] = _row(row)
    return [found[seq] for seq in seqs if seq in found]


def one(connection: sqlite3.Connection, message: str) -> MessageRow:
    """Raises `G4tuiError` of kind `missing`."""
    row = connection.execute(f"{_SELECT} WHERE m.id = ?", (message,)).fetchone()
    if row is None:
        raise missing(message)
    return _row(row)


def by_ids(connection: sqlite3.Connection, ids: Sequence[str]) -> list[MessageRow]:
    """The rows in the order asked for; what was deleted meanwhile is left out."""
    found: dict[str, MessageRow] = {}
    for start in range(0, len(ids), BATCH):
        part = ids[start : start + BATCH]
        marks = ",".join("?" * len(part))
        for row in connection.execute(f"{_SELECT} WHERE m.id IN ({marks})", part):
            found[row[1]] = _row(row)
    return [found[id_] for id_ in ids if id_ in found]


def siblings(connection: sqlite3.Connection, message: str) -> list[MessageRow]:
    """All children of its parent, itself too, as they were made."""
    seq = seq_of(connection, message)
    rows = connection.execute(
        f"""{_COLUMNS} FROM messages me
            CROSS JOIN messages m ON m.parent IS me.parent AND m.session = me.session {_MORE}
            WHERE me.seq = ? ORDER BY m.seq""",
        (seq,),
    )
    return [_row(row) for row in rows]


def everything(connection: sqlite3.Connection, session: str) -> list[MessageRow]:
    """All messages of a session, parents before children, siblings as they were made."""
    seq = sessions.key(connection, session).seq
    rows = connection.execute(f"{_SELECT} WHERE m.session = ? ORDER BY m.seq", (seq,))
    return [_row(row) for row in rows]


def corrections(connection: sqlite3.Connection) -> list[MessageRow]:
    """As they were made; those of sessions in the bin are left out."""
    rows = connection.execute(
        f"""{_SELECT} WHERE m.corrects IS NOT NULL AND s.deleted IS NULL ORDER BY m.seq"""
    )
    return [_row(row) for row in rows]


def before(connection: sqlite3.Connection, message: str, limit: int) -> list[MessageRow]:
    """At most `limit` messages that lead to `message`, without itself."""
    (parent,) = connection.execute(
        "SELECT parent FROM messages WHERE seq = ?", (seq_of(connection, message),)
    ).fetchone()
    return line(connection, parent, limit)


def after(
    connection: sqlite3.Connection, message: str, head: str | None, limit: int
) -> list[MessageRow]:
    """At most `limit` messages that follow `message` towards `head` (else the session's)."""
    seq, session, depth = _place(connection, message)
    end = head_seq(connection, session, head)
    below = _line_below(connection, end, seq, depth)
    return by_seqs(connection, below[:limit])


def head_showing(connection: sqlite3.Connection, message: str) -> str:
    """A head whose line holds `message`: the session's own, else the newest message below it."""
    seq, session, depth = _place(connection, message)
    head = head_seq(connection, session, None)
    if head != seq and not _line_below(connection, head, seq, depth):
        (head,) = connection.execute(
            """WITH RECURSIVE down (seq) AS (
                   SELECT ?
                   UNION ALL
                   SELECT (SELECT max(c.seq) FROM messages c WHERE c.parent = down.seq) FROM down
                   WHERE down.seq IS NOT NULL
               )
               SELECT max(seq) FROM down""",
            (seq,),
        ).fetchone()
    (id_,) = connection.execute("SELECT id FROM messages WHERE seq = ?", (head,)).fetchone()
    return str(id_)


def _place(connection: sqlite3.Connection, message: str) -> tuple[int, str, int]:
    """Row, session's id and depth of a message."""
    row = connection.execute(
        """SELECT m.seq, s.id, m.depth FROM messages m JOIN sessions s ON s.seq = m.session
           WHERE m.id = ?""",
        (message,),
    ).fetchone()
    if row is None:
        raise missing(message)
    return row[0], row[1], row[2]


def _line_below(connection: sqlite3.Connection, end: int | None, seq: int, depth: int) -> list[int]:
    """The line from below row `seq` (at `depth`) to row `end`; empty where `end` is not below."""
    if end is None:
        return []
    (end_depth,) = connection.execute("SELECT depth FROM messages WHERE seq = ?", (end,)).fetchone()
    if end_depth <= depth:
        return []
    found = connection.execute(
        f"{_LINE} SELECT seq, parent FROM line", {"start": end, "limit": end_depth - depth}
    ).fetchall()
    # A parent is always older than its children.
    found.sort()
    return [row[0] for row in found] if found[0][1] == seq else []


def _row(row: tuple) -> MessageRow:  # type: ignore[type-arg]
    (
        _, id_, session, parent, role, state, finish_reason, starred, created,
        depth, model, params, usage, error, text, reasoning, attachments, memory_start,
        corrects, siblings, position,
    ) = row  # fmt: skip
    return MessageRow(
        id=id_,
        session=session,
        parent=parent,
        message=Message(
            role, column_text(text), column_text(reasoning), column_attachments(attachments)
        ),
        state=state,
        model=column_text(model),
        params=column_struct(params, Params) or Params(),
        # Usage of nothing is still a usage: an empty column alone means that there was none.
        usage=column_struct(usage, Usage),
        error=column_struct(error, ErrorInfo),
        finish_reason=finish_reason,
        starred=bool(starred),
        created=created,
        siblings=siblings,
        position=position,
        depth=depth,
        memory_start=memory_start,
        corrects=corrects,
    )
