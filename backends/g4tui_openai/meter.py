"""Counting an answer: the server's numbers where it gives them, our own estimate elsewhere."""

from time import monotonic

import msgspec

from g4tui.core import ReasoningDelta, TextDelta, Usage
from g4tui_openai.options import Price
from g4tui_openai.prices import cost

# What a server held back and sent at once has no speed.
_BURST_S = 0.01
_BYTES_A_PIECE = 8


class Meter:
    """`began`, `last`: clock times (seconds, monotonic) of the request and of the latest piece."""

    def __init__(self, prompt: int, price: Price | None) -> None:
        self._prompt = prompt
        self._price = price
        self._pieces = 0
        self._bytes = 0
        self._first: float | None = None
        self._told: Usage | None = None
        self.begin()

    def begin(self) -> None:
        """The request goes out now."""
        self.began = self.last = monotonic()

    @property
    def spoke(self) -> bool:
        """Whether any word came."""
        return self._first is not None

    def see(self, piece: TextDelta | ReasoningDelta | Usage) -> None:
        """Count a piece."""
        if isinstance(piece, Usage):
            self._told = piece
            return
        self.last = monotonic()
        self._first = self._first or self.last
        self._pieces += 1
        self._bytes += len(piece.text.encode("utf-8", "replace"))

    def usage(self) -> Usage:
        """The count, with times and cost.

        The estimate: most servers send a token a piece; where pieces are long they gather several,
        and four bytes a token is near enough for prose, code and CJK.
        """
        usage = self._told
        if usage is None:
            gathered = self._bytes > _BYTES_A_PIECE * self._pieces
            completion = self._bytes // 4 if gathered else self._pieces
            usage = Usage(prompt=self._prompt, completion=completion, estimated=True)
        first, rate = None, None
        if self._first is not None:
            first = self._first - self.began
            seconds = self.last - self._first
            if seconds > _BURST_S and usage.completion > 1:
                rate = (usage.completion - 1) / seconds
        dollars = cost(self._price, usage.prompt, usage.cached, usage.completion)
        return msgspec.structs.replace(usage, ttft_s=first, tok_per_s=rate, cost_usd=dollars)
