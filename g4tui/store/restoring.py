"""Putting another library in the place of the present one, which is kept."""

import shutil
import sqlite3
import time
from pathlib import Path
from typing import NamedTuple

from g4tui.core import G4tuiError
from g4tui.store import errors, files
from g4tui.store.database import checked_file
from g4tui.store.migrations import MIGRATIONS


class Restored(NamedTuple):
    """`kept` is where the former library is now, `None` where there was none."""

    sessions: int
    kept: Path | None


def restore(source: Path, library: Path) -> Restored:
    """Put a copy of the library at `source` in the place of `library`.

    The former one becomes a backup; if it is damaged, it is put aside as it is. There is a library
    at every moment. Raises `G4tuiError` of kind `storage`, with nothing changed, where `source` is
    no whole library or another g4tui has `library` open.
    """
    sessions = _checked_source(source, library)
    library.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = library.with_name(library.name + ".restored")
    try:
        with errors.copying(source, library):
            connection = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)
            try:
                files.copied(connection, fresh)
            finally:
                connection.close()
        kept = _put_away(library)
        fresh.replace(library)
    except OSError as error:
        raise errors.disk_error(error, library) from error
    finally:
        fresh.unlink(missing_ok=True)
    return Restored(sessions, kept)


def _checked_source(source: Path, library: Path) -> int:
    if not source.is_file() or source.stat().st_size == 0:
        raise G4tuiError(
            "missing",
            "There is no such backup",
            f"{source} is {'empty' if source.is_file() else 'no file'}.",
            "Give a file that g4tui sessions backup has written.",
        )
    if library.exists() and library.samefile(source):
        raise G4tuiError(
            "usage",
            "This is the library itself",
            f"{source} is in use.",
            "Give one of its backups.",
        )
    try:
        return _sessions(source)
    except errors.UnfitError as error:
        raise errors.not_for(source, library, error.why, is_one=error.is_one) from error


def _sessions(source: Path) -> int:
    """How many sessions are in it, if it is whole."""
    checked_file(source, len(MIGRATIONS))
    with errors.told(source):
        connection = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)
        try:
            said = [str(line) for (line,) in connection.execute("PRAGMA integrity_check(5)")]
            if said != ["ok"]:
                raise errors.damaged(source, "; ".join(said))
            (sessions,) = connection.execute("SELECT count(*) FROM sessions").fetchone()
        finally:
            connection.close()
    return int(sessions)


def _put_away(library: Path) -> Path | None:
    if not library.exists():
        files.journal(library).unlink(missing_ok=True)
        return None
    try:
        connection = sqlite3.connect(f"{library.absolute().as_uri()}?mode=rw", uri=True, timeout=1)
        try:
            # Nobody else may have it open for that; and nothing is left beside the file then.
            (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
            if mode != "delete":
                raise _in_use(library)
            if connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",):
                return files.copied(connection, files.backup_name(library, len(MIGRATIONS)))
        finally:
            connection.close()
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise _in_use(library) from error
        if code not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise errors.storage_error(error, library) from error
    return copied_aside(library)


def copied_aside(library: Path) -> Path:
    """A copy of a damaged library with all that lies beside it, as it is, in a folder of its own.

    Its journal is gone afterwards: SQLite would apply it to whatever takes the library's place.
    """
    folder = library.parent / "damaged" / time.strftime("%Y%m%d-%H%M%S")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    parts = [library.with_name(library.name + suffix) for suffix in ("", "-wal", "-shm")]
    for part in parts:
        if part.exists():
            shutil.copy2(part, folder / part.name)
    for part in parts[1:]:
        part.unlink(missing_ok=True)
    return folder / library.name


def _in_use(library: Path) -> G4tuiError:
    return G4tuiError(
        "storage",
        "Another g4tui has the library open",
        f"{library} is in use; nothing was changed.",
        "End every other g4tui, and restore again.",
    )
