"""Backups that the library makes of itself: one a day, fewer as they grow old."""

import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from g4tui.core import G4tuiError
from g4tui.store import errors, files
from g4tui.store.lease import alone
from g4tui.store.migrations import MIGRATIONS
from g4tui.store.store import Store

DAY_S = 24 * 3600.0
WEEK_S = 7 * DAY_S
# The newest ones are kept, and of the older ones the last of each week in which there is one.
NEWEST, WEEKS = 3, 4
KIND = "daily"


def backup_is_due(store: Store, now: float | None = None) -> bool:
    """Whether the last backup, by whomever, is a day old and the library has changed since.

    Without one: whether the library's oldest session is a day old.
    """
    now = time.time() if now is None else now
    times = [file.stat().st_mtime for file in files.backups(store.file)]
    last = max((each for each in times if each <= now), default=None)
    if last is None:
        last = store.oldest()
    return last is not None and now - last >= DAY_S and _changed(store.file) > last


def daily_backup(store: Store) -> Path | None:
    """Make one if it is due, and delete those that are too many; blocks, writers need not wait.

    `None` where it is not due, or another g4tui is at it. Raises `G4tuiError` of kind `storage`.
    """
    folder = store.file.parent / "backups"
    try:
        if not backup_is_due(store):
            return None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with alone(folder / ".lock") as is_alone:
            if not is_alone or not backup_is_due(store):
                return None
            _swept(folder)
            _check_room(store.file)
            began = time.time()
            made = store.backup(files.backup_name(store.file, len(MIGRATIONS), KIND))
            os.utime(made, (began, began))  # what changed meanwhile is in the next one
            for old in too_many(_daily(store.file)):
                old.unlink(missing_ok=True)
            return made
    except OSError as error:
        raise _refused(f"{folder}: {error.strerror or error}.") from error


def too_many(backups: Sequence[Path]) -> list[Path]:
    """What of these, newest first, is not worth its room any more."""
    weeks: set[int] = set()
    dropped = []
    for file in backups[NEWEST:]:
        week = int(file.stat().st_mtime // WEEK_S)
        if week in weeks or len(weeks) == WEEKS:
            dropped.append(file)
        else:
            weeks.add(week)
    return dropped


def _daily(library: Path) -> list[Path]:
    start = f"{library.stem}-{KIND}-"
    return [file for file in files.backups(library) if file.name.startswith(start)]


def _parts(library: Path) -> list[os.stat_result]:
    parts = (library, files.journal(library))
    stats = [part.stat() for part in parts if part.exists()]
    return [stat for stat in stats if stat.st_size]


def _changed(library: Path) -> float:
    """When something was written to it last."""
    return max((stat.st_mtime for stat in _parts(library)), default=0.0)


def _swept(folder: Path) -> None:
    """Take away what a process that was killed left half done."""
    for partial in folder.glob("*.partial"):
        if time.time() - partial.stat().st_mtime > DAY_S:
            partial.unlink(missing_ok=True)


def _check_room(library: Path) -> None:
    """A backup must not take the room that the chat itself needs."""
    size = sum(stat.st_size for stat in _parts(library))
    if shutil.disk_usage(library.parent).free < 2 * size + errors.NEARLY_FULL_BYTES:
        raise _refused(f"A backup takes {size:,} bytes, and the disk of {library} is nearly full.")


def _refused(why: str) -> G4tuiError:
    return G4tuiError(
        "storage",
        "The daily backup of the library could not be made",
        why,
        "Make room for it, or do without: g4tui config set library.backups false",
    )
