"""What a model must offer to be measured, whatever runs it."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from g4tui.core import Message


class Answer(msgspec.Struct, frozen=True):
    """An answer that was generated greedily. `stopped`: it ended by itself.

    `first_s` is the time to its first token, `tok_per_s` the rate of those after it, `None` where
    it has no second.
    """

    text: str
    tokens: int
    stopped: bool
    first_s: float | None = None
    tok_per_s: float | None = None


class Measured(Protocol):
    """A loaded model.

    `engine` is `transformers` or a backend's name; `tokenizer` a digest of the vocabulary (equal:
    the same tokens); `templated`: it has a chat template; `end` is the token that ends an answer;
    `begin` is what the tokenizer asks for before a text, if it does; `context` is in tokens.
    """

    engine: str
    tokenizer: str
    context: int
    templated: bool
    begin: int | None
    end: int | None

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        """Ids of a conversation by the model's template, up to where its answer begins."""
        ...

    def tokenize(self, text: str) -> list[int]:
        """Ids of a text by itself; special tokens in it are not recognised."""
        ...

    def score(self, ids: Sequence[int], start: int) -> list[float]:
        """Natural log-probabilities of `ids[start:]`, each given all before it; `start >= 1`."""
        ...

    def answer(self, prompt: str, max_tokens: int) -> Answer:
        """The likeliest answer to one user message."""
        ...

    def peak_bytes(self) -> int | None:
        """The most memory that its process has had; `None` where the system does not tell."""
        ...

    def close(self) -> None:
        """Free everything."""
        ...


def peak_of(process: int | None) -> int | None:
    """The most resident memory that a process has had, in bytes; Linux tells."""
    try:
        status = Path(f"/proc/{process or 'self'}/status").read_text()
    except OSError:
        return None
    match = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(match[1]) * 1024 if match else None
