"""Files out of a zip that somebody else may have made: read in order, never unpacked anywhere."""

import re
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from g4tui.core import G4tuiError

if TYPE_CHECKING:
    from zipfile import ZipFile

MAGIC = b"PK\x03\x04"
LARGEST_INDEX = 8 * 1024 * 1024
LARGEST = 16 * 1024**3
# Chats shrink to a fifth; a bomb to a thousandth.
MOST_SHRUNK = 100
_FREE_BYTES = 64 * 1024 * 1024
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")


def files_in(file: BinaryIO, wanted: re.Pattern[str]) -> "Iterator[tuple[str, Unpacked]]":
    """The files whose name (without its folders) matches, in the order of their names.

    Raises `G4tuiError` of kind `protocol` for what is no zip, or a harmful one.
    """
    archive = _opened(file)
    names = [name for name in archive.namelist() if wanted.fullmatch(name.rpartition("/")[2])]
    if any(archive.getinfo(name).header_offset < 0 for name in names):
        raise bad_zip("It lists files that would stand before its beginning.")
    # Entries may overlap: all together are no larger than the file.
    packed = min(sum(archive.getinfo(name).compress_size for name in set(names)), file.seek(0, 2))
    left = _Left(min(LARGEST, _FREE_BYTES + MOST_SHRUNK * packed))
    for name in sorted(names, key=lambda name: (name.count("/"), name)):
        yield name, Unpacked(archive, name, left)


class _Left:
    """How many bytes more may be unpacked of an archive."""

    def __init__(self, count: int) -> None:
        self.count = count


class Unpacked:
    """One file of the archive as it is unpacked, within limits."""

    def __init__(self, archive: "ZipFile", name: str, left: _Left) -> None:
        self._archive = archive
        self._name = name
        self._left = left
        self._stream: BinaryIO | None = None

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""
        import zipfile
        import zlib

        try:
            if self._stream is None:
                self._stream = self._archive.open(self._name)  # type: ignore[assignment]
            assert self._stream is not None
            data = self._stream.read(size)
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
            raise bad_zip(f"{self._name}: {error}.") from error
        except (RuntimeError, NotImplementedError) as error:  # encrypted, or packed in another way
            raise bad_zip(f"{self._name} cannot be unpacked: {error}.") from error
        self._left.count -= len(data)
        if self._left.count < 0:
            raise bad_zip(f"{self._name} grows without end when it is unpacked (a zip bomb).")
        return data


def bad_zip(detail: str) -> G4tuiError:
    """The archive cannot be read, or not further."""
    return G4tuiError(
        "protocol",
        "The archive is damaged or harmful",
        detail,
        "Get it once more from where it comes from, or unpack it and import the file in it.",
    )


def _opened(file: BinaryIO) -> "ZipFile":
    import zipfile

    try:
        if _index_size(file) > LARGEST_INDEX:
            raise bad_zip("It lists more files than any export has.")
        file.seek(0)
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
        raise bad_zip(f"It is no whole zip: {error}.") from error


def _index_size(file: BinaryIO) -> int:
    """How long the list of files is, in bytes: `zipfile` reads it whole. 0 where there is none."""
    size = file.seek(0, 2)
    start = file.seek(max(0, size - 65_557))
    tail = file.read()
    at = len(tail) - _END.size
    if at < 0 or not (tail[at:].startswith(b"PK\x05\x06") and tail.endswith(b"\0\0")):
        at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        return 0
    index: int = _END.unpack_from(tail, at)[5]
    at_64 = start + at - _LOCATOR_64.size
    if at_64 >= 0:
        file.seek(at_64)
        mark, _, record, _ = _LOCATOR_64.unpack(file.read(_LOCATOR_64.size))
        if mark == b"PK\x06\x07":
            # It stands right before its locator, wherever that says it was.
            for place in {min(record, size), max(0, at_64 - _END_64.size)}:
                file.seek(place)
                found = file.read(_END_64.size)
                if len(found) == _END_64.size and found.startswith(b"PK\x06\x06"):
                    index = max(index if index < 0xFFFFFFFF else 0, _END_64.unpack(found)[8])
    return index
