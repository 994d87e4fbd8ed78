"""Getting out of a damaged library what can still be read, row by row, into a new one."""

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from g4tui.core import G4tuiError
from g4tui.store import errors, files
from g4tui.store.store import Store


@dataclass
class Salvaged:
    """What was read of each table, and how many row numbers could not be."""

    sessions: int = 0
    messages: int = 0
    unreadable: int = 0
    orphans: int = 0
    nameless: int = 0


def salvage(source: Path, target: Path) -> Salvaged:
    """Write what can be read of the library at `source` to a new one at `target`.

    `source` is only read. Messages whose parent is lost become first messages (`orphans`), and
    those whose session is lost get a new one (`nameless`). Raises `G4tuiError` where nothing can be
    read at all; then `target` is not there.
    """
    if target.exists():
        raise G4tuiError("usage", "The new library would replace a file", f"{target} is there.", "")
    found = Salvaged()
    with TemporaryDirectory(dir=target.parent, prefix=".salvage-") as folder:
        copy = Path(folder) / "library.sqlite3"
        try:
            shutil.copyfile(source, copy)  # SQLite would change the file itself, and its journal
            if files.journal(source).exists():
                shutil.copyfile(files.journal(source), files.journal(copy))
        except OSError as error:
            raise errors.disk_error(error, source) from error
        new = Path(folder) / "new.sqlite3"
        store = Store.open(new)
        try:
            with errors.told(new):
                _copy(copy, new, found)
            if not found.sessions and not found.messages:
                raise errors.damaged(source, "not one row of it can be read")
            store.check()
            store.backup(target)
        finally:
            store.close()
    return found


def _copy(source: Path, target: Path, found: Salvaged) -> None:
    old = sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
    writer = Store.open(target)
    try:
        with writer.batch(), writer._database.write() as new:
            new.execute("PRAGMA defer_foreign_keys = ON")
            sessions: set[int] = set()
            for row in _rows(old, "sessions", found):
                _insert(new, "sessions", {**row, "messages": 0})
                sessions.add(int(str(row["seq"])))
                found.sessions += 1
            depths: dict[int, int] = {}
            for row in _rows(old, "messages", found):
                seq, session, parent = int(str(row["seq"])), int(str(row["session"])), row["parent"]
                if session not in sessions:
                    _insert(new, "sessions", _nameless(session, row))
                    sessions.add(session)
                    found.nameless += 1
                if parent is not None and parent not in depths:
                    found.orphans += 1
                    parent = None
                depths[seq] = 1 if parent is None else depths[int(str(parent))] + 1
                owned = {"state": "interrupted", "owner": None} if row["owner"] is not None else {}
                _insert(new, "messages", {**row, "parent": parent, "depth": depths[seq], **owned})
                found.messages += 1
            _copy_notes(old, new, sessions)
            new.execute(
                """UPDATE sessions SET head = (SELECT max(seq) FROM messages m
                       WHERE m.session = sessions.seq)
                   WHERE head IS NULL OR head NOT IN (SELECT seq FROM messages)"""
            )
    finally:
        writer.close()
        old.close()


def _copy_notes(old: sqlite3.Connection, new: sqlite3.Connection, sessions: set[int]) -> None:
    """Tags and consents, up to where their tables are damaged."""
    for table in ("tags", "consents"):
        try:
            names = [name for _, name, *_ in old.execute(f"PRAGMA table_info({table})")]
            for row in old.execute(f"SELECT * FROM {table}") if names else ():
                if row[names.index("session")] in sessions:
                    _insert(new, table, dict(zip(names, row, strict=True)))
        except sqlite3.DatabaseError:
            continue


def _nameless(session: int, row: dict[str, object]) -> dict[str, object]:
    """A session for messages whose own is lost."""
    created = row["created"]
    return {
        "seq": session,
        "id": f"salvaged{session}",
        "created": created,
        "updated": created,
        "touched": created,
        "title": f"Salvaged {session}",
    }


def _insert(new: sqlite3.Connection, table: str, row: dict[str, object]) -> None:
    known = {name for _, name, *_ in new.execute(f"PRAGMA table_info({table})")}
    kept = {name: value for name, value in row.items() if name in known}
    marks = ", ".join("?" * len(kept))
    new.execute(
        f"INSERT OR IGNORE INTO {table} ({', '.join(kept)}) VALUES ({marks})", list(kept.values())
    )


def _rows(old: sqlite3.Connection, table: str, found: Salvaged) -> Iterator[dict[str, object]]:
    """Every row that can be read, in order; around what cannot be, number by number."""
    try:
        names = [name for _, name, *_ in old.execute(f"PRAGMA table_info({table})")]
    except sqlite3.DatabaseError:
        return
    last = _last(old, table)
    ranges = [(0, last)] if names else []
    while ranges:
        low, high = ranges.pop()
        rows = []
        try:
            for row in old.execute(
                f"SELECT * FROM {table} WHERE seq BETWEEN ? AND ? ORDER BY seq", (low, high)
            ):
                rows.append(dict(zip(names, row, strict=True)))
        except sqlite3.DatabaseError:
            yield from rows
            # What was read before the damage is good; the rest is looked at in halves.
            start = int(rows[-1]["seq"]) + 1 if rows else low
            if start >= high:
                found.unreadable += start == high
                continue
            middle = (start + high) // 2
            ranges += [(middle + 1, high), (start, middle)]
            continue
        yield from rows


def _last(old: sqlite3.Connection, table: str) -> int:
    """The highest row number, as far as it can be told."""
    for query in (
        f"SELECT max(seq) FROM {table}",
        f"SELECT max(rowid) FROM {table} INDEXED BY messages_session",
    ):
        try:
            (last,) = old.execute(query).fetchone()
        except sqlite3.Error:
            continue
        if last is not None:
            return int(last)
    (pages,) = old.execute("PRAGMA page_count").fetchone()
    return int(pages) * 100
