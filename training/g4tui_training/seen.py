"""Which digests and ids came before, on disk, so that memory does not grow with the rows."""

import sqlite3
from pathlib import Path
from types import TracebackType

from g4tui_training.writing import disk_error


class Seen:
    """A set of bytes in a file of its own, which is started over; use as a context manager."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.unlink(missing_ok=True)
            self._base = sqlite3.connect(file, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise disk_error(file, _as_os_error(error)) from error
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -16000"):
            self._base.execute(f"PRAGMA {pragma}")
        self._base.execute("CREATE TABLE seen (key BLOB PRIMARY KEY) WITHOUT ROWID")
        self._base.execute("BEGIN")

    def __enter__(self) -> "Seen":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._base.close()
        self._file.unlink(missing_ok=True)

    def has(self, key: bytes) -> bool:
        """Whether `key` was added."""
        found = self._base.execute("SELECT 1 FROM seen WHERE key = ?", (key,)).fetchone()
        return found is not None

    def add(self, key: bytes) -> bool:
        """Add `key`; whether it is new."""
        try:
            done = self._base.execute("INSERT OR IGNORE INTO seen VALUES (?)", (key,))
        except sqlite3.Error as error:
            raise disk_error(self._file, _as_os_error(error)) from error
        return done.rowcount == 1


def _as_os_error(error: Exception) -> OSError:
    return error if isinstance(error, OSError) else OSError(str(error))
