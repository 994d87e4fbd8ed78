"""What is known about models beside their headers: where from, where to, which card."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

import msgspec

from g4tui.core import G4tuiError


class Known(msgspec.Struct, frozen=True, omit_defaults=True):
    """`path` only for a file outside the models folder; `card` is a model card's path.

    `base`, of an adapter, is the path of the file that it was made for.
    """

    path: str = ""
    source: str = ""
    sha256: str = ""
    card: str = ""
    base: str = ""


class Registry:
    """A JSON file, read at each use: other processes write it too."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, Known]:
        """By name; empty when there is no file. Raises `G4tuiError` of kind `storage`."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, Known])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise G4tuiError(
                "storage",
                "The list of model files cannot be read",
                f"{self._path}: {error}",
                "Move that file away: models in the folder are found without it.",
            ) from error

    def put(self, name: str, known: Known) -> None:
        """Set what is known about `name`."""
        self._write({**self.read(), name: known})

    def drop(self, name: str) -> None:
        """Forget `name`."""
        known = self.read()
        if known.pop(name, None) is not None:
            self._write(known)

    def _write(self, known: dict[str, Known]) -> None:
        try:
            write_atomically(self._path, msgspec.json.format(msgspec.json.encode(known)))
        except OSError as error:
            raise G4tuiError(
                "storage",
                "The list of model files cannot be written",
                f"{self._path}: {error.strerror or error}.",
                "Make its folder writable.",
            ) from error


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a small file as a whole. Raises `OSError`."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
