"""From tokens to text, one at a time."""

import codecs
from typing import Protocol


class Vocabulary(Protocol):
    """What turns a token into bytes."""

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """The bytes of one token."""


class Detokenizer:
    """Gives whole characters: bytes of one that is not complete wait for the next token.

    `shown` are control tokens whose text belongs to the answer (`<think>`).
    """

    def __init__(self, vocabulary: Vocabulary, shown: frozenset[int] = frozenset()) -> None:
        self._vocabulary = vocabulary
        self._shown = shown
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, token: int) -> str:
        """The characters that `token` completes, often none or several."""
        data = self._vocabulary.piece(token, special=token in self._shown)
        return self._decoder.decode(data)
