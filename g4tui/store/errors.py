"""What SQLite and the disk say, as errors that a person can act upon."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from g4tui.core import G4tuiError
from g4tui.store.files import newest_backup

# A disk with less than this is as good as full: SQLite then reports any of several I/O errors.
NEARLY_FULL_BYTES = 256 * 1024
ELSEWHERE = "or set G4TUI_HOME to another folder"


class UnfitError(G4tuiError):
    """A file cannot be used as a library: it `is_one` and damaged, or none. `why` is a sentence."""

    def __init__(self, path: Path, title: str, said: str, why: str, *, is_one: bool) -> None:
        super().__init__("storage", title, f"{said} It was left untouched.", _rescue(path))
        self.why = why
        self.is_one = is_one


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn whatever SQLite raises inside into a `G4tuiError` about the library at `path`."""
    try:
        yield
    except sqlite3.Error as error:
        raise storage_error(error, path) from error


@contextmanager
def copying(source: Path, target: Path) -> Iterator[None]:
    """The same for a copy of a library: what goes wrong may be of either file."""
    try:
        yield
    except sqlite3.Error as error:
        primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if primary in (
            sqlite3.SQLITE_CORRUPT,
            sqlite3.SQLITE_NOTADB,
            sqlite3.SQLITE_BUSY,
            sqlite3.SQLITE_LOCKED,
        ):
            raise storage_error(error, source) from error
        is_full = primary == sqlite3.SQLITE_FULL
        raise _not_copied(target, "the disk is full" if is_full else str(error)) from error
    except OSError as error:
        raise _not_copied(target, error.strerror or str(error)) from error


def storage_error(error: sqlite3.Error, path: Path) -> G4tuiError:
    """`error` as title, detail and remedy, all of kind `storage`."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    said = f"{path}: {error}."
    if code == sqlite3.SQLITE_READONLY_DBMOVED:
        return moved(path)
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return G4tuiError(
            "storage",
            "The library is locked by another program",
            f"{path} was held by another program for too long. Nothing was changed.",
            "Close the other program that uses the library, or try again in a moment.",
        )
    if primary == sqlite3.SQLITE_NOTADB:
        return not_a_library(path, "It is no SQLite database, or it is encrypted or damaged.")
    if primary == sqlite3.SQLITE_CORRUPT:
        return damaged(path, str(error))
    if primary == sqlite3.SQLITE_FULL or (
        primary in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) and _is_full(path.parent)
    ):
        return disk_full(path)
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN):
        return not_writable(path, str(error))
    if primary == sqlite3.SQLITE_IOERR:
        return G4tuiError(
            "storage",
            "The disk refused to read or write the library",
            said,
            "Check the disk and its connection. What was saved before is in the file.",
        )
    if primary is None and isinstance(error, sqlite3.ProgrammingError):
        return G4tuiError("storage", "The library is closed", said, "Start g4tui again.")
    return G4tuiError("storage", "The library could not be used", said, "Try: g4tui doctor")


def disk_error(error: OSError, path: Path) -> G4tuiError:
    """The same for an error of the file system itself."""
    if _is_full(path.parent):
        return disk_full(path)
    return not_writable(path, error.strerror or str(error))


def moved(path: Path) -> G4tuiError:
    """Another file, or none, is where the open library was."""
    return G4tuiError(
        "storage",
        "The library's file was moved, removed or replaced while it was open",
        f"{path} is not the file that was opened. Nothing was written to it.",
        "Put the file back if you still need it, and start g4tui again.",
    )


def disk_full(path: Path) -> G4tuiError:
    """No room to write."""
    return G4tuiError(
        "storage",
        "The disk is full",
        f"There is no room to write {path}. What was saved before is kept.",
        f"Free some space and try again, {ELSEWHERE}.",
    )


def not_writable(path: Path, said: str) -> G4tuiError:
    """The folder or the file is read-only, or not ours."""
    return G4tuiError(
        "storage",
        "The library cannot be opened for writing",
        f"{path}: {said}. Its folder {path.parent} must be writable too.",
        f"Make both writable, {ELSEWHERE}.",
    )


def _not_copied(target: Path, said: str) -> G4tuiError:
    if _is_full(target.parent):
        said = "the disk is full"
    return G4tuiError(
        "storage",
        "The copy of the library could not be written",
        f"{target}: {said}. Nothing was changed there.",
        "Make room on that disk or its folder writable, or choose another place.",
    )


def not_a_library(path: Path, why: str) -> UnfitError:
    """Some other file is where the library should be; it was left as it is."""
    title = "The library's file is not a g4tui library"
    return UnfitError(path, title, f"{path}: {why}", why, is_one=False)


def damaged(path: Path, said: str) -> UnfitError:
    """The file is a library and cannot be read as one; it was left as it is."""
    return UnfitError(
        path,
        "The library is damaged",
        f"The file that holds all chats, {path}, cannot be read: {said}.",
        f"It cannot be read: {said}.",
        is_one=True,
    )


def not_for(source: Path, library: Path, why: str, *, is_one: bool = False) -> G4tuiError:
    """`source`, which a person named, is no library (or a damaged one); `library` is as it was."""
    newest = newest_backup(library)
    remedies = [
        f"To get out of it what can still be read: g4tui sessions salvage {source}"
        if is_one
        else "Give a file that g4tui sessions backup has written."
    ]
    if newest is not None and not (source.exists() and newest.samefile(source)):
        remedies.append(f"The newest backup here is {newest}")
    return G4tuiError(
        "storage",
        "This copy of a library is damaged" if is_one else "This file is no g4tui library",
        f"{source}: {why} Nothing was changed: the library in use is as it was.",
        "\n".join(remedies),
    )


def index_was_damaged(path: Path) -> G4tuiError:
    """Only the search index was damaged, and it is whole again."""
    return G4tuiError(
        "storage",
        "The search index was damaged and has been made anew",
        f"{path}: no message was lost; the last action was not done.",
        "Do it again.",
    )


def _rescue(path: Path) -> str:
    """What to do, in order."""
    backup = newest_backup(path)
    salvage = (
        "To get out of it what can still be read: g4tui sessions salvage. It writes a new library, "
        "says what was lost, and changes nothing of this one."
    )
    if backup is None:
        return f"End every other g4tui. {salvage} There is no backup."
    return (
        f"End every other g4tui. {salvage} The newest backup is whole: g4tui sessions restore "
        f"{backup} puts it in place, and keeps the damaged one beside it."
    )


def _is_full(folder: Path) -> bool:
    return folder.is_dir() and (
        shutil.disk_usage(folder).free < NEARLY_FULL_BYTES and os.access(folder, os.W_OK)
    )
