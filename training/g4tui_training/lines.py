"""Lines of JSON from files that nobody checked.

Only `\\n` ends a line: U+2028 and its like are text. A byte order mark and the `\\r` of `\\r\\n`
are no part of a line; blank lines are passed over. A line over `MAX_LINE` bytes is never held
whole.
"""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase, BufferedReader
from pathlib import Path
from typing import cast

import msgspec

from g4tui.core import G4tuiError

MAX_LINE = 8 << 20
_BLOCK = 1 << 20
_EXCERPT = 1000
_BOM = b"\xef\xbb\xbf"


class Line(msgspec.Struct, frozen=True):
    """A line as it stands in the file; `number` counts from 1 (from `start`, for a part)."""

    number: int
    data: bytes


class Broken(msgspec.Struct, frozen=True):
    """A line, or a row of another format, that could not be read.

    `excerpt` is its beginning; `sha256` and `size` (bytes) are of the whole.
    """

    file: str
    number: int
    reason: str
    excerpt: str
    size: int
    sha256: str


def read_lines(
    file: Path, *, start: int = 0, end: int | None = None, limit: int = MAX_LINE
) -> Iterator[Line | Broken]:
    """The lines that begin in bytes `start` to `end` of a file; `.gz` is unpacked (whole only).

    Two parts that meet share no line and lose none. Raises `G4tuiError` (`missing`, `storage`).
    """
    with opened(file) as stream:
        if start:
            stream.seek(start - 1)
            left = start - 1 + _skip_line(stream)
        else:
            left = 0
        number = 0
        while end is None or left < end:
            head = stream.readline(limit + 1)
            if not head:
                return
            left += len(head)
            number += 1
            if len(head) > limit and not head.endswith(b"\n"):
                broken, size = _too_long(file, number, head, stream)
                left += size
                yield broken
                continue
            data = head.rstrip(b"\r\n") if head.endswith(b"\n") else head
            if number == 1 and start == 0:
                data = data.removeprefix(_BOM)
                _refuse_utf16(file, data)
            if data.strip():
                yield Line(number, data)


def lines_before(file: Path, start: int) -> int:
    """How many lines begin before byte `start` of a file, which is not packed."""
    if start <= 0:
        return 0
    count, left = 1, start - 1
    with opened_raw(file) as stream:
        while left > 0 and (block := stream.read(min(_BLOCK, left))):
            count += block.count(b"\n")
            left -= len(block)
    return count


def broken_line(file: Path, number: int, reason: str, data: bytes) -> Broken:
    """What is kept of a line that cannot be read."""
    return Broken(
        str(file), number, reason, excerpt(data), len(data), hashlib.sha256(data).hexdigest()
    )


def excerpt(data: bytes) -> str:
    """The beginning of some bytes, as text."""
    text = data[: 4 * _EXCERPT].decode("utf-8", "replace")
    return text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "…"


@contextmanager
def opened(file: Path) -> Iterator[BufferedIOBase]:
    """A file for reading bytes, unpacked if it ends in `.gz`, as long as the block runs.

    Raises `G4tuiError` where it cannot be read, in the block too: `missing`, `storage`, or `usage`
    for a packed file that is damaged.
    """
    try:
        with opened_raw(file) as raw:
            if file.suffix.lower() == ".gz":
                with gzip.open(raw) as unpacked:
                    yield cast(BufferedIOBase, unpacked)
            else:
                yield raw
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise G4tuiError(
            "usage",
            f"{file.name} is no sound gzip file",
            f"{file}: {error}.",
            "It may have been cut off on its way: fetch it again.",
        ) from error
    except OSError as error:
        raise _unreadable(file, error) from error


def opened_raw(file: Path) -> BufferedReader:
    """A file for reading bytes, not unpacked. Raises `G4tuiError`: `missing` or `storage`."""
    try:
        return cast(BufferedReader, file.open("rb", _BLOCK))
    except FileNotFoundError as error:
        raise G4tuiError("missing", f"There is no file {file.name}", f"{file} is not there.") from (
            error
        )
    except OSError as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: OSError) -> G4tuiError:
    return G4tuiError(
        "storage", f"{file.name} cannot be read", f"{file}: {error.strerror or error}."
    )


def _skip_line(stream: BufferedIOBase) -> int:
    size = 0
    while True:
        piece = stream.readline(_BLOCK)
        size += len(piece)
        if not piece or piece.endswith(b"\n"):
            return size


def _too_long(file: Path, number: int, head: bytes, stream: BufferedIOBase) -> tuple[Broken, int]:
    """Read past the rest of a line; what to say of it, and the size of the rest in bytes."""
    digest = hashlib.sha256(head)
    rest = 0
    while True:
        piece = stream.readline(_BLOCK)
        rest += len(piece)
        digest.update(piece)
        if not piece or piece.endswith(b"\n"):
            break
    size = len(head) + rest
    reason = f"the line has {size:,} bytes, more than {MAX_LINE:,}"
    return Broken(str(file), number, reason, excerpt(head), size, digest.hexdigest()), rest


def _refuse_utf16(file: Path, data: bytes) -> None:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) and b"\0" in data[:200]:
        raise G4tuiError(
            "usage",
            f"{file.name} is written in UTF-16",
            f"{file} begins with the mark of UTF-16; only UTF-8 is read.",
            f"Convert it: iconv -f UTF-16 -t UTF-8 {file.name}",
        )
