"""Text files put into a message."""

import codecs
from pathlib import Path

from g4tui.core import Attachment, G4tuiError
from g4tui.paths import expanded

MAX_BYTES = 2_000_000
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


def read_attachment(path: Path) -> Attachment:
    """The file at `path` as an attachment.

    Raises `G4tuiError`: `missing`, or `usage` for a folder, a binary file, one that is not UTF-8,
    or one of more than `MAX_BYTES`.
    """
    path = expanded(path)
    try:
        if path.is_dir():
            raise _refused(path, "It is a folder.")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise G4tuiError(
            "missing", "That file does not exist", f"{path}", "Check the path."
        ) from None
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
    if data.startswith(_WIDE):
        raise G4tuiError(
            "usage",
            "That is not UTF-8 text",
            f"{source} is text in UTF-16 or UTF-32.",
            "Save it as UTF-8, or convert it: iconv -f UTF-16 -t UTF-8",
        )
    raise G4tuiError(
        "usage",
        "That is not UTF-8 text",
        f"{source} holds binary data or another encoding.",
        "Text in another encoding has to be saved as UTF-8.",
    )


def _refused(path: Path, why: str) -> G4tuiError:
    return G4tuiError("usage", "That file cannot be attached", f"{path}: {why}")
