"""Files that are there whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from g4tui.core import G4tuiError


@contextmanager
def whole_file(file: Path) -> Iterator[BinaryIO]:
    """Write beside `file` and rename when the block ends well; else leave `file` as it was.

    Raises `G4tuiError` of kind `storage` for a full or read-only disk.
    """
    draft = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb", 1 << 20) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(file)
        _sync_folder(file.parent)
    except OSError as error:
        raise disk_error(file, error) from error
    finally:
        _forget(draft)


def write_whole(file: Path, data: bytes) -> None:
    """`whole_file` for bytes at hand."""
    with whole_file(file) as stream:
        stream.write(data)


def disk_error(file: Path, error: OSError) -> G4tuiError:
    """What a person reads when the disk refused to take `file`."""
    return G4tuiError(
        "storage",
        f"{file.name} cannot be written",
        f"{file}: {error.strerror or error}.",
        "Make room or choose another folder, then run the same command again:"
        " finished stages are not repeated.",
    )


def _forget(draft: Path) -> None:
    try:
        draft.unlink(missing_ok=True)
    except OSError:
        return  # a read-only disk holds no draft of ours


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
