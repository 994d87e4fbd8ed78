"""Header summaries, remembered by path, size and time of change."""

from contextlib import suppress
from pathlib import Path

import msgspec

from g4tui.core import ModelFile
from g4tui.formats import describe_file
from g4tui.models.registry import write_atomically

_TOLD = 1
"""Raised when `describe_file` tells more than it did, so that headers are read once more."""


class _Remembered(msgspec.Struct, frozen=True, array_like=True):
    size: int
    mtime_ns: int
    file: ModelFile
    told: int = 0


class HeaderCache:
    """Reads each header once in its file's life. A lost or broken cache is only slower."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def describe(self, paths: dict[str, Path]) -> list[ModelFile]:
        """The files by name, in the order given."""
        before = self._read()
        now: dict[str, _Remembered] = {}
        found = []
        for name, path in paths.items():
            known = before.get(str(path))
            stamp = _stamp(path)
            if known is None or (known.size, known.mtime_ns, known.told) != (*stamp, _TOLD):
                known = _Remembered(*stamp, describe_file(path, name), _TOLD)
            now[str(path)] = known
            found.append(msgspec.structs.replace(known.file, name=name))
        if now != before:
            with suppress(OSError):  # a read-only cache costs time, nothing else
                write_atomically(self._path, msgspec.json.encode(now))
        return found

    def _read(self) -> dict[str, _Remembered]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, _Remembered])
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return {}


def _stamp(path: Path) -> tuple[int, int]:
    try:
        facts = path.stat()
    except OSError:
        return -1, -1
    return facts.st_size, facts.st_mtime_ns
