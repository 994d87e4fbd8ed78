"""Sessions as rows: reading them, and what changes them. A caller holds the transaction."""

import sqlite3
from dataclasses import dataclass

from g4tui.core import G4tuiError, Params
from g4tui.store.codec import (
    column_struct,
    column_text,
    struct_column,
    text_column,
)
from g4tui.store.ids import new_id
from g4tui.store.rows import SessionRow, Shelf

TITLE_LENGTH = 60
TICK = 0.001
ON_SHELF: dict[Shelf, str] = {
    "open": "s.deleted IS NULL AND s.archived = 0",
    "archived": "s.deleted IS NULL AND s.archived = 1",
    "bin": "s.deleted IS NOT NULL",
    "all": "s.deleted IS NULL",
}
TAGGED = "EXISTS (SELECT 1 FROM tags t WHERE t.session = s.seq AND t.tag = :tag)"

_SELECT = """
    SELECT s.seq, s.id, s.title, s.title_is_set, s.created, s.updated, s.model, s.system, s.params,
           s.private, h.id, s.messages, s.context, s.pinned, s.archived, s.deleted, s.origin
    FROM sessions s LEFT JOIN messages h ON h.seq = s.head
"""


@dataclass(frozen=True)
class SessionKey:
    """What writing to a session needs to know of it."""

    seq: int
    head: int | None
    has_title: bool


def key(connection: sqlite3.Connection, session: str) -> SessionKey:
    """Raises `G4tuiError` of kind `missing` when the session is not there."""
    row = connection.execute(
        "SELECT seq, head, title <> '' OR title_is_set FROM sessions WHERE id = ?", (session,)
    ).fetchone()
    if row is None:
        raise missing(session)
    return SessionKey(row[0], row[1], bool(row[2]))


def missing(session: str) -> G4tuiError:
    """The session was deleted, perhaps in another window, or never was."""
    return G4tuiError(
        "missing",
        "This session is not in the library",
        f"Session {session} was deleted, or its name is wrong.",
        "See what is there with: g4tui sessions list",
    )


def one(connection: sqlite3.Connection, session: str) -> SessionRow:
    """Raises `G4tuiError` of kind `missing`."""
    row = connection.execute(f"{_SELECT} WHERE s.id = ?", (session,)).fetchone()
    if row is None:
        raise missing(session)
    return _rows(connection, [row], "WHERE session = ?", (row[0],))[0]


def many(
    connection: sqlite3.Connection,
    limit: int | None,
    offset: int,
    *,
    shelf: Shelf = "open",
    tag: str | None = None,
    pinned_first: bool = False,
) -> list[SessionRow]:
    """The one with the newest message first, whatever the clock said; in the bin the last put."""
    where = ON_SHELF[shelf] if tag is None else f"{ON_SHELF[shelf]} AND {TAGGED}"
    order = "s.deleted DESC, s.touched DESC" if shelf == "bin" else "s.touched DESC"
    rows = connection.execute(
        f"""{_SELECT} WHERE {where}
            ORDER BY {"s.pinned DESC, " if pinned_first else ""}{order}
            LIMIT :limit OFFSET :offset""",
        {"tag": tag, "limit": -1 if limit is None else limit, "offset": offset},
    ).fetchall()
    return _rows(connection, rows)


def _rows(
    connection: sqlite3.Connection,
    rows: list[tuple],  # type: ignore[type-arg]
    where: str = "",
    values: tuple[int, ...] = (),
) -> list[SessionRow]:
    """Whole rows: what other tables know of each session is added; `where` limits their reading."""
    consents: dict[int, tuple[str, ...]] = {}
    for seq, destination in connection.execute(
        f"SELECT session, destination FROM consents {where} ORDER BY session, created, destination",
        values,
    ):
        consents[seq] = (*consents.get(seq, ()), column_text(destination))
    tags: dict[int, tuple[str, ...]] = {}
    for seq, tag in connection.execute(
        f"SELECT session, tag FROM tags {where} ORDER BY session, tag", values
    ):
        tags[seq] = (*tags.get(seq, ()), column_text(tag))
    return [_row(row, consents.get(row[0], ()), tags.get(row[0], ())) for row in rows]


def _row(
    row: tuple,  # type: ignore[type-arg]
    consent: tuple[str, ...],
    tags: tuple[str, ...],
) -> SessionRow:
    (
        _,
        id_,
        title,
        is_set,
        created,
        updated,
        model,
        system,
        params,
        private,
        head,
        count,
        context,
        pinned,
        archived,
        deleted,
        origin,
    ) = row
    return SessionRow(
        id=id_,
        title=column_text(title),
        title_is_set=bool(is_set),
        created=created,
        updated=updated,
        model=column_text(model),
        system=column_text(system),
        params=column_struct(params, Params) or Params(),
        private=bool(private),
        head=head,
        messages=count,
        context=context,
        consent=consent,
        pinned=bool(pinned),
        archived=bool(archived),
        deleted=deleted,
        tags=tags,
        origin=column_text(origin),
    )


def insert(
    connection: sqlite3.Connection,
    *,
    title: str,
    model: str,
    system: str,
    params: Params,
    context: int | None,
    private: bool,
    created: float | None,
    now: float,
) -> str:
    """Returns the new session's id. With `created` it is sorted as one of the past."""
    last, newest = connection.execute("SELECT max(id), max(touched) FROM sessions").fetchone()
    session = new_id(now, last)
    began = now if created is None else created
    after_all = began if newest is None else max(began, newest + TICK)
    connection.execute(
        """INSERT INTO sessions (id, created, updated, touched, private, title_is_set, title,
                                 model, params, system, context)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            session,
            began,
            began,
            after_all if created is None else created,
            private,
            bool(title),
            text_column(title),
            text_column(model),
            struct_column(params),
            text_column(system),
            context,
        ),
    )
    return session


def update(connection: sqlite3.Connection, session: str, columns: dict[str, object]) -> None:
    """Set `columns`, named by this module's callers and never by a person."""
    seq = key(connection, session).seq
    for name, value in columns.items():
        connection.execute(f"UPDATE sessions SET {name} = ? WHERE seq = ?", (value, seq))


def touch(connection: sqlite3.Connection, seq: int, now: float) -> None:
    """Something was said: the session comes first in the list, though the clock was set back."""
    connection.execute(
        """UPDATE sessions SET updated = :now, touched = max(:now, (
               SELECT max(touched) + (max(touched) > sessions.touched) * :tick FROM sessions o))
           WHERE seq = :seq""",
        {"now": now, "seq": seq, "tick": TICK},
    )


def reopen(connection: sqlite3.Connection, seq: int) -> None:
    """What is gone on with, another window perhaps, must not end with the bin."""
    connection.execute(
        """UPDATE sessions SET deleted = NULL, archived = 0
           WHERE seq = ? AND (archived = 1 OR deleted IS NOT NULL)""",
        (seq,),
    )


def touch_past(connection: sqlite3.Connection, seq: int, then: float) -> None:
    """Something was said long ago (an import): the session sorts by that."""
    connection.execute(
        """UPDATE sessions SET updated = max(updated, :then), touched = max(touched, :then)
           WHERE seq = :seq""",
        {"then": then, "seq": seq},
    )


def delete(connection: sqlite3.Connection, session: str) -> None:
    """The session with all that was said in it; no other row refers to it afterwards."""
    seq = key(connection, session).seq
    connection.execute("DELETE FROM turns WHERE session = ?", (seq,))
    connection.execute("DELETE FROM messages WHERE session = ?", (seq,))
    connection.execute("DELETE FROM sessions WHERE seq = ?", (seq,))


def add_consent(connection: sqlite3.Connection, session: str, destination: str, now: float) -> None:
    """Giving it twice is giving it once."""
    connection.execute(
        "INSERT OR IGNORE INTO consents (session, destination, created) VALUES (?, ?, ?)",
        (key(connection, session).seq, text_column(destination), now),
    )


def own_title(connection: sqlite3.Connection, session: str) -> str:
    """The title from the first thing that a person said, or else was said; empty for nothing."""
    said = connection.execute(
        """SELECT text FROM messages WHERE session = ? ORDER BY role <> 'user', depth, seq""",
        (key(connection, session).seq,),
    )
    titles = (title_of(column_text(text)) for (text,) in said)
    return next(filter(None, titles), "")


def title_of(text: str) -> str:
    """A title made of a first message: its first words on one line, cut at a space if it can be."""
    line = " ".join(text[: 20 * TITLE_LENGTH].split())
    if len(line) <= TITLE_LENGTH:
        return line
    cut = line[: TITLE_LENGTH - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > TITLE_LENGTH // 2 else cut).rstrip() + "…"
