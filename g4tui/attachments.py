"""Text files put into a message."""

from pathlib import Path

from g4tui.core import Attachment, G4tuiError

MAX_BYTES = 2_000_000


def read_attachment(path: Path) -> Attachment:
    """The file at `path` as an attachment.

    Raises `G4tuiError`: `missing`, or `usage` for a folder, a binary file, one that is not UTF-8,
    or one of more than `MAX_BYTES`.
    """
    path = path.expanduser()
    try:
        if path.is_dir():
            raise _refused(path, "It is a folder.")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise G4tuiError("missing", "That file does not exist", f"{path}") from None
    except OSError as error:
        raise _refused(path, f"{error.strerror or error}.") from error
    if len(data) > MAX_BYTES:
        raise _refused(path, f"It has more than {MAX_BYTES // 1_000_000} MB.")
    return Attachment(path.name, decoded(data, str(path)))


def decoded(data: bytes, source: str) -> str:
    """UTF-8 text without its byte order mark. Raises `G4tuiError` for anything else."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" not in text:
        return text
    raise G4tuiError(
        "usage", "That is not UTF-8 text", f"{source} holds binary data or another encoding."
    )


def _refused(path: Path, why: str) -> G4tuiError:
    return G4tuiError("usage", "That file cannot be attached", f"{path}: {why}")
