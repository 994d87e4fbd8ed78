"""Writing sessions to files: whole or not at all, never over another file by chance."""

import glob
import os
import re
import secrets
import time
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from g4tui.core import G4tuiError
from g4tui.core.nearest import did_you_mean
from g4tui.paths import expanded
from g4tui.plugin import Exporter, Transcript
from g4tui.plugin.loading import describe
from g4tui.sanitize import clean_line
from g4tui.store import Store
from g4tui.store.veil import is_hidden

NAME_LENGTH = 80
NAME_BYTES = 200
# A file that is being written changes more often than that.
ABANDONED_S = 3600.0
# Names that Windows keeps for devices.
_DEVICE = re.compile(r"(?i)con|prn|aux|nul|(com|lpt)\d")


def transcripts(store: Store, sessions: Sequence[str]) -> Iterator[Transcript]:
    """The sessions one after another. Raises `G4tuiError` before the first if one is private."""
    for session in sessions:
        row = store.session(session)
        if row.private:
            raise G4tuiError(
                "usage",
                "A private session is never exported",
                f"{clean_line(row.title)} ({row.id}) is private.",
                "Leave it out, or make it an ordinary session first.",
            )
    return map(store.transcript, sessions)


def nameless(store: Store, sessions: Collection[str]) -> int:
    """How many comparisons in them go out without the names of models: nobody has seen them yet."""
    return sum(is_hidden(turn) and turn.session in sessions for turn in store.turns())


def exporter_named(exporters: Sequence[Exporter], name: str) -> Exporter:
    """By what a person typed: a name, or a file's suffix."""
    for exporter in exporters:
        if name.lower() in (exporter.name, exporter.suffix.removeprefix(".")):
            return exporter
    names = [exporter.name for exporter in exporters]
    raise G4tuiError(
        "usage",
        f"There is no format {name}",
        f"{did_you_mean(name, names)} Formats: {', '.join(names) or 'none'}.".strip(),
        "More come with plugins: see g4tui plugins.",
    )


def exporter_for(exporters: Sequence[Exporter], file: Path) -> Exporter | None:
    """By the name of the file that is to be written."""
    suffix = file.suffix.lower()
    return next((exporter for exporter in exporters if exporter.suffix == suffix), None)


def file_name(title: str, suffix: str) -> str:
    """A name made of a title that every system takes: letters, digits and hyphens of any script."""
    kept = "".join(
        letter if unicodedata.category(letter)[0] in "LNM" else "-"
        for letter in unicodedata.normalize("NFC", title[: 2 * NAME_LENGTH])
    )
    stem = "-".join(part for part in kept.split("-") if part)[:NAME_LENGTH]
    stem = stem.encode()[:NAME_BYTES].decode("utf-8", "ignore").strip("-")
    if not stem or _DEVICE.fullmatch(stem):
        stem = f"session-{stem}".strip("-")
    return stem + suffix


def free_path(folder: Path, name: str) -> Path:
    """`name` in `folder`, numbered where that is taken."""
    path, number = folder / name, 1
    while os.path.lexists(path):
        number += 1
        path = folder / f"{Path(name).stem}-{number}{Path(name).suffix}"
    return path


def place(folder: Path, entered: str, name: str) -> Path:
    """The file that a person means, in `folder` if not elsewhere: in a folder, a free `name`."""
    path = folder / expanded(entered)
    is_folder = entered.endswith(("/", os.sep)) or path.is_dir()
    return free_path(path, name) if is_folder else path


def export_to(
    path: Path, exporter: Exporter, sessions: Iterable[Transcript], *, replace: bool = False
) -> None:
    """Write `sessions` to a file of their own: see `new_file`.

    Raises `G4tuiError` of kind `plugin`, too, where the exporter fails.
    """
    with new_file(path, replace=replace) as out:
        written(exporter, sessions, out)


def _sweep(path: Path) -> None:
    """Take away what earlier writers of `path` left half done when they were killed."""
    for partial in path.parent.glob(f".{glob.escape(path.name[:60])}.????????.partial"):
        with suppress(OSError):  # another's, or gone meanwhile
            if time.time() - partial.stat().st_mtime > ABANDONED_S:
                partial.unlink()


@contextmanager
def new_file(path: Path, *, replace: bool = False) -> Iterator[BinaryIO]:
    """A new file (mode 0600), or with `replace` one over another that is there.

    Folders that are missing above it are made. It is written beside `path` and renamed
    when it is whole and on the disk. Raises `G4tuiError`: `usage` where `path` is taken, `storage`
    for what the disk refuses. Then, and where the caller raises, nothing of it is left behind.
    """
    _check_target(path, replace)
    partial = path.with_name(f".{path.name[:60]}.{secrets.token_hex(4)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as out:
                yield out
                out.flush()
                os.fsync(out.fileno())
            _check_target(path, replace)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise G4tuiError(
            "storage",
            "The file could not be written",
            f"{path}: {error.strerror or error}. Nothing was left there.",
            "Make room on that disk or its folder writable, or choose another place.",
        ) from error


def written(exporter: Exporter, sessions: Iterable[Transcript], out: BinaryIO) -> None:
    """Write `sessions` to an open file. What an exporter should not raise is a `G4tuiError`."""
    try:
        exporter.write(sessions, out)
    except (OSError, G4tuiError):
        raise
    except Exception as error:
        raise G4tuiError(
            "plugin",
            f"The format {exporter.name} could not be written",
            describe(error),
            "Choose another format, and tell the author of the plugin: --debug shows where.",
        ) from error


def _check_target(path: Path, replace: bool) -> None:
    if not os.path.lexists(path) or (replace and path.is_file()):
        return
    what = "is there already" if path.is_file() else "is no plain file"
    raise G4tuiError(
        "usage",
        "That would replace another file",
        f"{path} {what}; it was left as it is.",
        "Choose another name, or replace it (--force on the command line)."
        if path.is_file()
        else "Choose another name.",
    )
