"""Finding messages and titles by their words, newest first."""

import sqlite3
from dataclasses import asdict, dataclass

from g4tui.store.codec import column_text
from g4tui.store.fold import fts_query, phrases
from g4tui.store.rows import Hit
from g4tui.store.sessions import ON_SHELF, TAGGED
from g4tui.store.snippets import Marker

# What is longer is no search: the rest of it is not looked for.
QUERY_LENGTH = 1_000
PHRASES = 32

_MESSAGES = """
    SELECT s.id, m.id, s.title, m.text, m.created
    FROM found_messages f CROSS JOIN messages m ON m.seq = f.rowid
        CROSS JOIN sessions s ON s.seq = m.session
    WHERE f.found_messages MATCH :query{and_filters} ORDER BY f.rowid DESC LIMIT :limit
"""
_TITLES = """
    SELECT s.id, coalesce(h.id, ''), s.title, s.title, s.updated
    FROM found_titles f CROSS JOIN sessions s ON s.seq = f.rowid
        LEFT JOIN messages h ON h.seq = s.head
    WHERE f.found_titles MATCH :query{and_filters} ORDER BY f.rowid DESC LIMIT :limit
"""
_ALL = """
    SELECT s.id, m.id, s.title, m.text, m.created
    FROM messages m CROSS JOIN sessions s ON s.seq = m.session
    WHERE m.state <> 'streaming'{and_filters} ORDER BY m.seq DESC LIMIT :limit
"""
# Of an answer in a blind turn whose names nobody has seen, its model is not told.
_BY_MODEL = """(m.model = :model AND NOT EXISTS (
        SELECT 1 FROM messages o JOIN turn_answers a ON a.message = o.seq
            JOIN turns t ON t.seq = a.turn
        WHERE o.parent = m.parent AND o.session = m.session AND t.blind = 1 AND t.revealed IS NULL)
    OR EXISTS (SELECT 1 FROM messages c WHERE c.parent = m.seq AND c.model = :model))"""


@dataclass(frozen=True)
class Filters:
    """What else a message, or the session of a title, must be."""

    model: str | None = None
    since: float | None = None
    until: float | None = None
    starred: bool = False
    tag: str | None = None

    @property
    def are_set(self) -> bool:
        """Whether they leave anything out."""
        return self != Filters()

    def of_messages(self) -> str:
        """SQL about `m` and `s`."""
        return self._all(_BY_MODEL, "m.created", "m.starred = 1")

    def of_titles(self) -> str:
        """SQL about `s`. No title has a star."""
        return self._all("s.model = :model", "s.updated", "0")

    def _all(self, model: str, time: str, star: str) -> str:
        asked = (
            (True, ON_SHELF["all"]),
            (self.model is not None, model),
            (self.since is not None, f"{time} >= :since"),
            (self.until is not None, f"{time} <= :until"),
            (self.starred, star),
            (self.tag is not None, TAGGED),
        )
        return "".join(f" AND {condition}" for is_asked, condition in asked if is_asked)


def search(
    connection: sqlite3.Connection, text: str, limit: int, prefix: bool, filters: Filters
) -> list[Hit]:
    """Titles that people gave, then messages, at most `limit`, that hold every phrase of `text`.

    Words are those of `fold`; what is in double quotes must stand together. With `prefix` the last
    word may go on, unless a space or a quote ended it. A text without words finds nothing, or
    where there are `filters`, every message that they leave.
    """
    asked = phrases(text[:QUERY_LENGTH])[:PHRASES]
    if limit < 1 or not (asked or filters.are_set):
        return []
    goes_on = prefix and bool(asked) and not (text[-1].isspace() or text.endswith('"'))
    query, marker = fts_query(asked, goes_on), Marker(asked, goes_on)
    statements = (
        (_TITLES.format(and_filters=filters.of_titles()), bool(asked)),
        (_MESSAGES.format(and_filters=filters.of_messages()), bool(asked)),
        (_ALL.format(and_filters=filters.of_messages()), not asked),
    )
    hits: list[Hit] = []
    for statement, is_asked in statements:
        if is_asked and limit > len(hits):
            values = {**asdict(filters), "query": query, "limit": limit - len(hits)}
            hits += [_hit(row, marker) for row in connection.execute(statement, values)]
    return hits


def _hit(row: tuple, marker: Marker) -> Hit:  # type: ignore[type-arg]
    session, message, title, text, created = row
    part, ranges = marker.snippet(column_text(text))
    return Hit(session, message, column_text(title), part, created, ranges)
