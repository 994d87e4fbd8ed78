"""The search index: two FTS5 tables made of messages and titles, kept by triggers."""

import sqlite3

# Each index holds its own copy of the words: they are made by Python's Unicode tables, and a later
# Python could not name the words to take out again. What is a word, `fold` alone decides.
CREATED = (
    "CREATE VIRTUAL TABLE found_messages USING fts5 (words, tokenize = 'ascii', prefix = '1 2 3')",
    "CREATE VIRTUAL TABLE found_titles USING fts5 (words, tokenize = 'ascii', prefix = '1 2 3')",
)
# An answer is found when it has ended; a title that was taken from a message, by that message.
_FILLED = (
    """INSERT INTO found_messages (rowid, words)
       SELECT seq, g4tui_indexed(text) FROM messages WHERE state <> 'streaming'""",
    """INSERT INTO found_titles (rowid, words)
       SELECT seq, g4tui_indexed(title) FROM sessions WHERE title_is_set""",
)


def rebuild(connection: sqlite3.Connection) -> None:
    """Make both anew, whatever state they are in. The caller holds the transaction."""
    for statement in (
        "DROP TABLE IF EXISTS found_messages",
        "DROP TABLE IF EXISTS found_titles",
        *CREATED,
        *_FILLED,
    ):
        connection.execute(statement)


def checked(connection: sqlite3.Connection) -> None:
    """Raises `sqlite3.DatabaseError` where an index is damaged."""
    for name in ("found_messages", "found_titles"):
        connection.execute(f"INSERT INTO {name} ({name}) VALUES ('integrity-check')")


def merge(connection: sqlite3.Connection) -> None:
    """Make each index one piece, without the words of what was deleted."""
    for name in ("found_messages", "found_titles"):
        connection.execute(f"INSERT INTO {name} ({name}) VALUES ('optimize')")
