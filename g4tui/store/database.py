"""One SQLite file: one writer at a time, and readers that never wait for it."""

import os
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from g4tui.core import G4tuiError
from g4tui.store import errors, files
from g4tui.store.fold import indexed
from g4tui.store.index import rebuild

IDLE_READERS = 3
CACHE_KIB = 16 * 1024
JOURNAL_LIMIT_BYTES = 64 * 1024 * 1024
WAL_RETRY_S = 0.02


class Database:
    """Connections to the library. Every method may be called from any thread.

    `busy_s`: how long to wait for another process that is writing. Errors are `G4tuiError`s.
    """

    def __init__(self, path: Path, busy_s: float) -> None:
        self.path = path
        self.busy_s = busy_s
        self._uri = f"{path.absolute().as_uri()}?mode=rw"
        self._write_lock = threading.RLock()
        self._writing_thread: int | None = None
        self._readers_lock = threading.Lock()
        self._readers: list[sqlite3.Connection] = []
        self._closed = False
        self._refused_writing = False
        self._writer = self.connect()
        try:
            with errors.told(path):
                self._prepare_writer()
            self._opened = path.stat()
        except BaseException:
            self._writer.close()
            raise

    def connect(self) -> sqlite3.Connection:
        """A plain connection; never makes the file."""
        with errors.told(self.path):
            connection = sqlite3.connect(
                self._uri,
                uri=True,
                timeout=self.busy_s,
                isolation_level=None,
                check_same_thread=False,
            )
            try:
                connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            except BaseException:
                connection.close()
                raise
        return connection

    def _prepare_writer(self) -> None:
        writer = self._writer
        deadline = time.monotonic() + self.busy_s
        # Changing the journal's mode does not wait for others by itself, as all else does.
        while writer.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            try:
                writer.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(WAL_RETRY_S)
        writer.execute("PRAGMA foreign_keys = ON")
        writer.execute("PRAGMA secure_delete = ON")
        writer.execute(f"PRAGMA journal_size_limit = {JOURNAL_LIMIT_BYTES}")
        if sys.platform == "darwin":
            writer.execute("PRAGMA fullfsync = ON")  # fsync alone does not reach the disk there
        writer.create_function("g4tui_indexed", 1, _indexed_column, deterministic=True)

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """One transaction, all or nothing; on the disk when this returns, if `durable`.

        Inside another `write` of the same thread it is a part of that one, undone by itself when
        it raises.
        """
        with self._write_lock:
            self._check_open()
            self._check_place()
            if self._writing_thread is not None:
                with errors.told(self.path), _nested(self._writer):
                    yield self._writer
                return
            if self._refused_writing:
                self._renew_writer()
            with self._told(), self._transaction(durable):
                yield self._writer

    def _renew_writer(self) -> None:
        """Connections to a read-only file, readers too, stay so when it is not any more."""
        self._close_idle_readers()
        self._writer.close()
        self._writer = self.connect()
        with errors.told(self.path):
            self._prepare_writer()
        self._refused_writing = False

    @contextmanager
    def _transaction(self, durable: bool) -> Iterator[None]:
        self._writer.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            self._writing_thread = threading.get_ident()
            yield
            self._writer.execute("COMMIT")
        finally:
            self._writing_thread = None
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """As `errors.told`; but a damaged search index, which is made of the rest, is made anew."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0)
            self._refused_writing |= code & 0xFF == sqlite3.SQLITE_READONLY
            if code != sqlite3.SQLITE_CORRUPT_VTAB:
                raise errors.storage_error(error, self.path) from error
            with self._write_lock, errors.told(self.path), self._transaction(durable=True):
                rebuild(self._writer)
            raise errors.index_was_damaged(self.path) from error

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One consistent view of what is committed; inside this thread's `write`, of that too."""
        if self._writing_thread == threading.get_ident():
            with errors.told(self.path):
                yield self._writer
            return
        connection = self._reader()
        try:
            with self._told():
                connection.execute("BEGIN")
                try:
                    yield connection
                finally:
                    connection.rollback()
        finally:
            self._put_back(connection)

    def close(self) -> None:
        """Close every connection; a reader in use is closed when it is done."""
        with self._readers_lock:
            self._closed = True
        self._close_idle_readers()
        with self._write_lock:
            self._writer.close()

    def _close_idle_readers(self) -> None:
        with self._readers_lock:
            idle, self._readers = self._readers, []
        for reader in idle:
            reader.close()

    def _check_open(self) -> None:
        if self._closed:
            raise G4tuiError(
                "storage", "The library is closed", str(self.path), "Start g4tui again."
            )

    def _check_place(self) -> None:
        """What is written to a file that was removed or replaced meanwhile would be lost."""
        if not (self.path.exists() and os.path.samestat(self._opened, self.path.stat())):
            raise errors.moved(self.path)

    def _reader(self) -> sqlite3.Connection:
        with self._readers_lock:
            self._check_open()
            if self._readers:
                return self._readers.pop()
        connection = self.connect()
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _put_back(self, connection: sqlite3.Connection) -> None:
        with self._readers_lock:
            if not self._closed and len(self._readers) < IDLE_READERS:
                self._readers.append(connection)
                return
        connection.close()


@contextmanager
def _nested(connection: sqlite3.Connection) -> Iterator[None]:
    if not connection.in_transaction:
        # A full disk ended it whole. Going on would save the rest piece by piece.
        raise sqlite3.OperationalError("the transaction around this was undone by an error")
    connection.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK TO part")
            connection.execute("RELEASE part")
        raise
    connection.execute("RELEASE part")


def _indexed_column(column: str | bytes) -> str:
    """For triggers: a text column's words. Bytes are a text with lone surrogates."""
    text = column if isinstance(column, str) else column.decode("utf-8", "replace")
    return indexed(text)


def checked_file(path: Path, newest_version: int) -> None:
    """Refuse, before anything is written, a file that is not a library of this g4tui.

    A missing or an empty file will become a library, unless a journal says that one was here.
    """
    journal = files.journal(path)
    has_journal = journal.exists() and journal.stat().st_size > 0
    if not path.exists() or path.stat().st_size == 0:
        if has_journal:
            raise errors.damaged(path, f"it is missing or empty, but its journal {journal} is not")
        if path.exists() and files.newest_backup(path) is not None:
            raise errors.damaged(path, "it is empty, but there are backups of it")
        return
    header = files.header(path)
    if not header.startswith(files.MAGIC) or len(header) < files.HEADER_LENGTH:
        raise errors.not_a_library(path, "It is no SQLite database, or its beginning is damaged.")
    version, application = files.header_number(header, 60), files.header_number(header, 68)
    if has_journal or not application:
        version, application, is_empty = _committed_numbers(path)
        if is_empty and not version:
            return
    if application != files.APPLICATION_ID:
        raise errors.not_a_library(path, "It is a database of another program.")
    if version > newest_version:
        raise newer(path, version, newest_version)


def newer(path: Path, version: int, newest_version: int) -> G4tuiError:
    """A library that this g4tui cannot read."""
    return G4tuiError(
        "storage",
        "The library was made by a newer g4tui",
        f"{path} has version {version}, and this g4tui knows versions up to {newest_version}."
        " It was left untouched.",
        "Update g4tui, or set G4TUI_HOME to another folder.",
    )


def _committed_numbers(path: Path) -> tuple[int, int, bool]:
    """User version, application id, and whether it holds nothing; changes no byte of the file."""
    with errors.told(path):
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        finally:
            connection.close()
    return version, application, not tables
