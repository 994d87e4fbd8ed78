"""The library's file as a file: its header, its mode, and its backups."""

import os
import sqlite3
import time
from pathlib import Path

MAGIC = b"SQLite format 3\x00"
APPLICATION_ID = 0x67347475  # "g4tu"
HEADER_LENGTH = 100


def header(path: Path) -> bytes:
    """The first 100 bytes, fewer where the file is shorter. No lock is taken."""
    with path.open("rb") as file:
        return file.read(HEADER_LENGTH)


def header_number(header: bytes, offset: int) -> int:
    """A four-byte number of a database's header: 60 is the user version, 68 the application id."""
    return int.from_bytes(header[offset : offset + 4], "big")


def journal(path: Path) -> Path:
    """Where SQLite keeps what is committed and not yet in the file itself."""
    return path.with_name(path.name + "-wal")


def created_private(path: Path) -> None:
    """Make `path` empty with mode 0600 if it is not there; SQLite's own files take its mode."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        made_private(path)


def made_private(path: Path) -> None:
    """Take a file of ours from other people's eyes."""
    status = path.stat()
    if os.name == "posix" and status.st_mode & 0o077 and status.st_uid == os.getuid():
        path.chmod(0o600)


def backups(path: Path) -> list[Path]:
    """Whole copies of the library, newest first."""
    folder = path.parent / "backups"
    found = folder.glob(f"{path.stem}-*.sqlite3") if folder.is_dir() else iter(())
    return sorted(found, key=lambda file: (file.stat().st_mtime, file.name), reverse=True)


def newest_backup(path: Path) -> Path | None:
    """The newest of `backups`."""
    return next(iter(backups(path)), None)


def backup_name(path: Path, version: int, kind: str = "") -> Path:
    """A name that is free, telling when, of which schema and of what kind the backup is."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    start = f"{path.stem}-{kind}-{stamp}" if kind else f"{path.stem}-{stamp}"
    folder = path.parent / "backups"
    name, number = folder / f"{start}-v{version}.sqlite3", 1
    while name.exists():
        number += 1
        name = folder / f"{start}-v{version}-{number}.sqlite3"
    return name


def copied(source: sqlite3.Connection, target: Path) -> Path:
    """A whole copy of the database at `target`: complete and on the disk, or not there at all."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    undoing = partial.with_name(partial.name + "-journal")
    partial.unlink(missing_ok=True)
    undoing.unlink(missing_ok=True)
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        copy = sqlite3.connect(partial, isolation_level=None)
        try:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
        finally:
            copy.close()
        _synced(partial)
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        undoing.unlink(missing_ok=True)
        raise
    return target


def _synced(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
