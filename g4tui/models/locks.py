"""One pull of a name at a time, among all processes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from g4tui.core import G4tuiError
from g4tui.models.transfer import storage_error


@contextmanager
def held(folder: Path, name: str) -> Iterator[None]:
    """Hold the lock of `name`; it is given up at the latest when this process ends.

    Raises `G4tuiError`: `usage` when another pull holds it, `storage` for a read-only folder.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise storage_error(folder, error) from error
    try:
        if not _lock(handle):
            raise G4tuiError(
                "usage",
                f"{name} is being pulled already",
                "Another g4tui is at it.",
                "Wait for it, or stop it and pull again: what came is kept.",
            )
        yield
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        return _lock_windows(handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_windows(handle: int) -> bool:
    import importlib

    msvcrt = importlib.import_module("msvcrt")
    try:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True
