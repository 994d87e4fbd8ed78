"""The library as a stranger reads it: plain SQL beside the program, and what it had before."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

COLUMNS = """m.id, s.id, p.id, m.role, m.state, m.text, m.reasoning, length(m.attachments), m.error
    FROM messages m JOIN sessions s ON s.seq = m.session LEFT JOIN messages p ON p.seq = m.parent"""
NOT_YET = ("streaming",)


class Saved(NamedTuple):
    """A message as it lies in the library. `attached` is the length of its attachments."""

    id: str
    session: str
    parent: str | None
    role: str
    state: str
    text: str
    reasoning: str
    attached: int
    error: dict[str, Any] | None

    @property
    def is_over(self) -> bool:
        """Whether it grows no more."""
        return self.state not in NOT_YET


class Library:
    """Reads; never writes."""

    def __init__(self, database: Path) -> None:
        self.database = database

    def rows(self) -> list[Saved]:
        """All messages, oldest first."""
        return list(self._select("ORDER BY m.seq"))

    def question(self, mark: str) -> Saved | None:
        """The newest message of a person with these words."""
        where = "WHERE m.role = 'user' AND m.text LIKE '%' || ? || '%' ORDER BY m.seq DESC LIMIT 1"
        return next(self._select(where, mark), None)

    def answers(self, mark: str) -> list[Saved]:
        """The answers to that message."""
        asked = self.question(mark)
        where = "WHERE p.id = ? AND m.role = 'assistant' ORDER BY m.seq"
        return list(self._select(where, asked.id)) if asked is not None else []

    def broken(self) -> list[str]:
        """What SQLite itself finds wrong."""
        with closing(self._connect()) as connection:
            told = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            told += [str(row) for row in connection.execute("PRAGMA foreign_key_check")]
        return [] if told == ["ok"] else told

    def _select(self, where: str, *values: str) -> Iterator[Saved]:
        if not self.database.exists():
            return
        with closing(self._connect()) as connection:
            for row in connection.execute(f"SELECT {COLUMNS} {where}", values):
                *short, text, reasoning, attached, error = row
                error = json.loads(error) if error else None
                yield Saved(*short, _text(text), _text(reasoning), attached, error)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True, timeout=20)


def _text(column: str | bytes) -> str:
    """Texts with halves of characters are kept as bytes."""
    return column if isinstance(column, str) else column.decode("utf-8", "surrogatepass")


class Ledger:
    """What the library, or the program itself, acknowledged."""

    def __init__(self) -> None:
        self.known: dict[str, Saved] = {}
        self.told: dict[tuple[str, str], str] = {}

    def saw(self, rows: Iterable[Saved]) -> None:
        """These lay in the library: from here on they must."""
        self.known |= {row.id: row for row in rows}

    def was_told(self, session: str, role: str, text: str) -> None:
        """The program said that it has this."""
        self.told[session, role] = text

    def lost(self, rows: Iterable[Saved]) -> list[str]:
        """What is not there any more, or not as it was."""
        found = {row.id: row for row in rows}
        missing = [f"gone: {row}"[:500] for id_, row in self.known.items() if id_ not in found]
        for id_, before in self.known.items():
            if id_ in found and not _kept(before, found[id_]):
                missing.append(f"was {before}"[:400] + f" is {found[id_]}"[:400])
        for (session, role), text in self.told.items():
            if not any((row.session, row.role, row.text) == (session, role, text) for row in rows):
                missing.append(f"told and not saved in {session}: {role} {text[:200]!r}")
        return missing


def _kept(before: Saved, now: Saved) -> bool:
    same = (before.session, before.parent, before.role, before.attached) == (
        now.session,
        now.parent,
        now.role,
        now.attached,
    )
    if before.role == "user" or before.state == "complete":
        return same and (before.text, before.state) == (now.text, now.state)
    # An answer may grow, be gone on with, and take its end; it never loses a word.
    grows = now.text.startswith(before.text) and now.reasoning.startswith(before.reasoning)
    return same and grows
