"""Finding messages and titles by their words, newest first."""

import sqlite3

from g4tui.store.codec import column_text
from g4tui.store.fold import fts_query, phrases
from g4tui.store.rows import Hit
from g4tui.store.snippets import Marker

# What is longer is no search: the rest of it is not looked for.
QUERY_LENGTH = 1_000
PHRASES = 32

_MESSAGES = """
    SELECT s.id, m.id, s.title, m.text, m.created
    FROM found_messages f CROSS JOIN messages m ON m.seq = f.rowid
        CROSS JOIN sessions s ON s.seq = m.session
    WHERE f.found_messages MATCH ? ORDER BY f.rowid DESC LIMIT ?
"""
_TITLES = """
    SELECT s.id, coalesce(h.id, ''), s.title, s.title, s.updated
    FROM found_titles f CROSS JOIN sessions s ON s.seq = f.rowid
        LEFT JOIN messages h ON h.seq = s.head
    WHERE f.found_titles MATCH ? ORDER BY f.rowid DESC LIMIT ?
"""


def search(connection: sqlite3.Connection, text: str, limit: int, prefix: bool) -> list[Hit]:
    """Titles that people gave, then messages, at most `limit`, that hold every phrase of `text`.

    Words are those of `fold`; what is in double quotes must stand together. With `prefix` the last
    word may go on, unless a space or a quote ended it. A text without words finds nothing.
    """
    asked = phrases(text[:QUERY_LENGTH])[:PHRASES]
    if not asked or limit < 1:
        return []
    goes_on = prefix and not (text[-1].isspace() or text.endswith('"'))
    query, marker = fts_query(asked, goes_on), Marker(asked, goes_on)
    hits: list[Hit] = []
    for statement in (_TITLES, _MESSAGES):
        if limit > len(hits):
            rows = connection.execute(statement, (query, limit - len(hits)))
            hits += [_hit(row, marker) for row in rows]
    return hits


def _hit(row: tuple, marker: Marker) -> Hit:  # type: ignore[type-arg]
    session, message, title, text, created = row
    part, ranges = marker.snippet(column_text(text))
    return Hit(session, message, column_text(title), part, created, ranges)
