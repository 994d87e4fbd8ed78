"""A conversation's evaluated prompt on disk, so that reopening it costs a read.

One file: what llama.cpp writes, then our trailer (JSON, its length and checksum, a mark). The
trailer is checked before native code reads a byte: a file that was cut short, changed, or made by
another model or build means a cold start and nothing else.
"""

import hashlib
import os
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

# Files of this many models are kept for one conversation: a base and its student, say.
_MODELS = 2
_MARK = b"G4TUIKV1"
_TAIL = struct.Struct("<II8s")  # trailer's length and CRC-32, mark
_MAX_TRAILER = 64 << 20
_BLOCK = 1 << 20


class Saved(msgspec.Struct, frozen=True):
    """The trailer. `size` and `checksum` (CRC-32) are of what llama.cpp wrote.

    A checksum and not a digest: it guards against a failing disk, in a folder of the person's
    own, and has to be quick over hundreds of megabytes.
    """

    identity: str
    tokens: list[int]
    batches: list[tuple[int, int]]
    answers: list[list[int]]
    size: int
    checksum: int


def identity(path: Path, *parts: object) -> str:
    """A name for a model's file and everything else that a cache depends on.

    Reading gigabytes of weights to hash them would take longer than the cache saves, so the file
    is known by its size, its time and its first megabyte, where the header names every tensor.
    """
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        digest = hashlib.sha256(file.read(_BLOCK))
    digest.update(repr((status.st_size, status.st_mtime_ns, *parts)).encode())
    return digest.hexdigest()


def write(
    folder: Path,
    save: Callable[[Path], int],
    name: str,
    tokens: list[int],
    batches: list[tuple[int, int]],
    answers: list[list[int]],
) -> None:
    """Let `save` (llama.cpp) write its file, seal it, and put it in place of the last one.

    Raises `OSError` when it could not be written; what was there before is then still there.
    """
    path = file_of(folder, name)
    fresh = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        os.close(os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
        size = save(fresh)
        with fresh.open("r+b") as file:
            checksum, found = _checksum(file.read, size)
            if not size or found != size or file.read(1):
                raise OSError(f"llama.cpp wrote {found} of {size} bytes")
            trailer = msgspec.json.encode(Saved(name, tokens, batches, answers, size, checksum))
            file.write(trailer + _TAIL.pack(len(trailer), zlib.crc32(trailer), _MARK))
        fresh.replace(path)
    finally:
        with suppress(OSError):
            fresh.unlink()
    others = sorted(folder.glob("llama-cpp-*.kv"), key=lambda file: file.stat().st_mtime_ns)
    for old in others[:-_MODELS]:
        old.unlink(missing_ok=True)


def file_of(folder: Path, name: str) -> Path:
    """Where a conversation's cache lies that was made by `name`."""
    return folder / f"llama-cpp-{hashlib.sha256(name.encode()).hexdigest()[:16]}.kv"


def peek(folder: Path, name: str) -> Saved | None:
    """What a conversation's file holds, if it is whole and was made by `name`."""
    path = file_of(folder, name)
    try:
        with path.open("rb") as file:
            length = file.seek(0, os.SEEK_END)
            file.seek(max(length - _TAIL.size, 0))
            size, checksum, mark = _TAIL.unpack(file.read(_TAIL.size))
            if mark != _MARK or size > min(_MAX_TRAILER, length - _TAIL.size):
                return None
            file.seek(length - _TAIL.size - size)
            trailer = file.read(size)
        if zlib.crc32(trailer) != checksum:
            return None
        saved = msgspec.json.decode(trailer, type=Saved)
    except (OSError, struct.error, msgspec.MsgspecError):
        return None
    whole = saved.size + size + _TAIL.size == length
    return saved if whole and saved.identity == name else None


def intact(folder: Path, saved: Saved) -> bool:
    """Whether the bytes are those that were written; also marks the file as used just now."""
    path = file_of(folder, saved.identity)
    try:
        with path.open("rb") as file:
            checksum, found = _checksum(file.read, saved.size)
        os.utime(path)
    except OSError:
        return False
    return (checksum, found) == (saved.checksum, saved.size)


def _checksum(read: Callable[[int], bytes], size: int) -> tuple[int, int]:
    """CRC-32 of the next `size` bytes, and how many there were."""
    checksum, found = 0, 0
    while found < size and (block := read(min(_BLOCK, size - found))):
        checksum = zlib.crc32(block, checksum)
        found += len(block)
    return checksum, found
