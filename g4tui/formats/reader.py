"""Reading little-endian fields from a file whose numbers may all be lies."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from struct import Struct
from types import TracebackType
from typing import BinaryIO

from g4tui.core import G4tuiError

U8, I8 = Struct("<B"), Struct("<b")
U16, I16 = Struct("<H"), Struct("<h")
U32, I32 = Struct("<I"), Struct("<i")
U64, I64 = Struct("<Q"), Struct("<q")
F32, F64 = Struct("<f"), Struct("<d")

_WINDOW = 1 << 18
_REMEDY = "The download may be incomplete: pull the model again, or choose another file."


def damaged(detail: str) -> G4tuiError:
    """The error for a file that is not what its header says; `naming` adds which one it is."""
    return G4tuiError("model", "The model file is damaged", detail, _REMEDY)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the file's path before the detail of every refusal (kind `model`) raised inside."""
    try:
        yield
    except G4tuiError as error:
        info = error.info
        if info.kind != "model":
            raise
        detail = f"{path}: {info.detail[:1].lower()}{info.detail[1:]}"
        raise G4tuiError("model", info.title, detail, info.remedy) from error


class Reader:
    """A cursor over a file of `size` bytes, read in windows, never memory-mapped.

    (A mapped file that another process cuts short ends this process with SIGBUS.)
    Every move is checked against the size; beyond it, `G4tuiError` of kind `model`.
    """

    def __init__(self, path: Path) -> None:
        try:
            if path.is_dir():
                raise _folder()
            if path.exists() and not path.is_file():  # a pipe would block, a device never end
                raise _unreadable(path, "it is no ordinary file")
            self._file: BinaryIO = path.open("rb", buffering=0)
            self.size = self._file.seek(0, 2)
        except FileNotFoundError as error:
            raise G4tuiError(
                "missing", "The model file is not there", str(path), "See: g4tui models"
            ) from error
        except OSError as error:
            raise _unreadable(path, error.strerror or str(error)) from error
        self._path = path
        self.position = 0
        self._window = b""
        self._start = 0

    def __enter__(self) -> "Reader":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    @property
    def left(self) -> int:
        """Bytes between the cursor and the end of the file."""
        return self.size - self.position

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        if not 0 <= count <= self.left:
            raise self._too_short(count)
        begin = self.position - self._start
        if not 0 <= begin <= begin + count <= len(self._window):
            self._fill(count)
            begin = 0
        self.position += count
        return self._window[begin : begin + count]

    def skip(self, count: int) -> None:
        """Move on by `count` bytes."""
        if not 0 <= count <= self.left:
            raise self._too_short(count)
        self.position += count

    def number(self, form: Struct) -> int:
        """The next integer."""
        value: int = form.unpack(self.take(form.size))[0]
        return value

    def real(self, form: Struct) -> float:
        """The next floating-point number."""
        value: float = form.unpack(self.take(form.size))[0]
        return value

    def skip_strings(self, count: int, form: Struct) -> None:
        """Pass over `count` strings, each with its length before it."""
        unpack, width = form.unpack_from, form.size
        while count:
            if self.left < width:
                raise damaged(f"It ends too early: {count} more texts should follow.")
            self._fill(width)
            window, offset = self._window, 0
            last = len(window) - width
            while count and offset <= last:
                offset += width + unpack(window, offset)[0]
                count -= 1
            self.skip(offset)

    def strings(self, count: int, limit: int, extra: int = 0) -> Iterator[bytes]:
        """`count` strings with 32-bit lengths of at most `limit`, `extra` bytes after each."""
        for _ in range(count):
            length = self.number(U32)
            if length > limit:
                raise damaged(
                    "A word of its vocabulary claims to be longer than any word is "
                    f"({length} bytes, at byte {self.position})."
                )
            yield self.take(length)
            self.skip(extra)

    def _too_short(self, count: int) -> G4tuiError:
        return damaged(
            f"It ends too early: more should follow ({count} bytes at byte {self.position})."
        )

    def _fill(self, count: int) -> None:
        """Make the window start at the cursor and hold at least `count` bytes."""
        try:
            self._file.seek(self.position)
            window = self._file.read(max(count, _WINDOW)) or b""
            while len(window) < count and (more := self._file.read(count - len(window))):
                window += more
        except OSError as error:
            raise _unreadable(self._path, error.strerror or str(error)) from error
        if len(window) < count:
            raise damaged("It became shorter while it was read.")
        self._window, self._start = window, self.position


def _folder() -> G4tuiError:
    return G4tuiError(
        "model",
        "That is a folder, not a model file",
        "A model is one file.",
        "Name a file in it; or, if a model's file should be there, move the folder away.",
    )


def _unreadable(path: Path, why: str) -> G4tuiError:
    return G4tuiError(
        "storage",
        "The model file cannot be read",
        f"{path}: {why}.",
        "Make it an ordinary file that you may read, or choose another one.",
    )
