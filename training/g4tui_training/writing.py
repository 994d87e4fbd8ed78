"""Files that are there whole or not at all."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from g4tui.core import G4tuiError

_COMMIT = ".commit"


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


@contextmanager
def whole_set(folder: Path, names: Sequence[str]) -> Iterator[dict[str, Path]]:
    """Write several files of a folder that belong together: all are replaced, or none is.

    Yields where to write each. `finish_set` completes what a killed process had begun to replace.
    """
    drafts = {name: folder / f".{name}.new" for name in names}
    decided = False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        finish_set(folder)
        yield drafts
        for draft in drafts.values():
            with draft.open("rb") as stream:
                os.fsync(stream.fileno())
        write_whole(folder / _COMMIT, "\n".join(names).encode())
        decided = True
        finish_set(folder)
    except OSError as error:
        raise disk_error(folder / names[0], error) from error
    finally:
        if not decided:
            for draft in drafts.values():
                _forget(draft)


def finish_set(folder: Path) -> None:
    """Go on replacing a set of files where a killed process had decided to; mostly nothing."""
    commit = folder / _COMMIT
    if not commit.is_file():
        return
    for name in commit.read_text().split("\n"):
        draft = folder / f".{name}.new"
        if draft.is_file():
            draft.replace(folder / name)
    _sync_folder(folder)
    commit.unlink()


def forget_drafts(folder: Path) -> None:
    """Delete what killed processes had begun to write; nobody may be writing there now."""
    for draft in folder.rglob(".*.part"):
        if draft.is_dir():
            shutil.rmtree(draft, ignore_errors=True)
        else:
            _forget(draft)


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
