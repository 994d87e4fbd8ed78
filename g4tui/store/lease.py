"""A sign of life: a file that is locked for as long as its owner's process lives.

A process id may be used again after a crash; a lock cannot outlive its process. What locking
differs by platform is all in here.
"""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from g4tui.core import G4tuiError

if sys.platform == "win32":
    import msvcrt

    def _locked(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _remove(path: Path, descriptor: int) -> None:
        os.close(descriptor)  # Windows removes no open file
        path.unlink(missing_ok=True)
else:
    import fcntl

    def _locked(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _remove(path: Path, descriptor: int) -> None:
        path.unlink(missing_ok=True)  # while it is locked: see `Lease.taken`
        os.close(descriptor)


class Lease:
    """Held from `taken` to `release`. `name` tells it from every other lease, for ever."""

    def __init__(self, folder: Path, name: str, descriptor: int) -> None:
        self.name = name
        self._path = folder / name
        self._descriptor = descriptor

    @classmethod
    def taken(cls, folder: Path) -> "Lease":
        """A new lease. Raises `G4tuiError` of kind `storage` where the folder refuses."""
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            while True:
                name = secrets.token_hex(8)
                descriptor = os.open(folder / name, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
                # Somebody who tidies up may have locked and removed it before we locked it.
                if _locked(descriptor) and _is_at(descriptor, folder / name):
                    return cls(folder, name, descriptor)
                os.close(descriptor)
        except OSError as error:
            raise G4tuiError(
                "storage",
                "The library's folder cannot be used",
                f"{folder}: {error.strerror or error}.",
                "Free some space or make the folder writable, or choose another with G4TUI_HOME.",
            ) from error

    def release(self) -> None:
        """End it; the file goes with it."""
        _remove(self._path, self._descriptor)


@contextmanager
def alone(file: Path) -> Iterator[bool]:
    """Whether nobody else, in this process or another, is inside with the same file."""
    descriptor = os.open(file, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        yield _locked(descriptor)
    finally:
        os.close(descriptor)


def is_alive(folder: Path, name: str) -> bool:
    """Whether the owner of lease `name` still lives; the file of one who does not is removed."""
    try:
        descriptor = os.open(folder / name, os.O_RDWR)
    except FileNotFoundError:
        return False
    if not _locked(descriptor):
        os.close(descriptor)
        return True
    _remove(folder / name, descriptor)
    return False


def dead_leases_removed(folder: Path) -> int:
    """Tidy up after processes that were killed; returns how many there were."""
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    return sum(not is_alive(folder, name) for name in names)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
