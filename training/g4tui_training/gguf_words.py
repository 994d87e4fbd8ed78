"""The vocabulary that a GGUF file carries."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from g4tui.core import G4tuiError
from g4tui.formats import GgufArray, GgufHeader
from g4tui.formats.reader import U64, Reader

_TOKENS = "tokenizer.ggml.tokens"


def token_strings(file: Path, header: GgufHeader) -> list[str]:
    """The tokens in the order of their ids. Raises `G4tuiError` where there are none."""
    value = header.metadata.get(_TOKENS)
    if isinstance(value, tuple):
        return [str(word) for word in value]
    if not isinstance(value, GgufArray) or value.type != "string":
        raise G4tuiError("model", "The model has no vocabulary", f"{file} lacks {_TOKENS}.")
    with Reader(file) as reader:
        reader.skip(value.offset)
        return [
            reader.take(reader.number(U64)).decode("utf-8", "replace") for _ in range(value.count)
        ]


def vocabulary_digest(words: Iterable[str]) -> str:
    """What tells one vocabulary from another: equal, and ids mean the same tokens."""
    digest = hashlib.sha256()
    for word in words:
        data = word.encode("utf-8", "replace")
        digest.update(len(data).to_bytes(4, "little") + data)
    return digest.hexdigest()
