"""What may be spent: the worst case is set aside before a request goes out."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from g4tui.core import Price, Usage

_MILLION = 1_000_000
# What a server puts around a message and before an answer, in tokens: more than any template.
_AROUND = 16


@dataclass(frozen=True)
class Share:
    """What was set aside for a request (or a batch)."""

    usd: float
    tokens: int


@dataclass(frozen=True)
class Rates:
    """What tokens cost, of which an answer has `max_tokens` at most.

    `price`: where somebody knows it; `own`: the person says it, so that it goes before what a
    server tells. `share` of it is paid, less than 1 in a batch.
    """

    price: Price | None
    own: bool
    max_tokens: int
    share: float = 1.0

    @property
    def are_known(self) -> bool:
        """Whether anything is paid, as far as is known."""
        return self.price is not None and bool(self.price.input or self.price.output)

    def cost(self, prompt: int, completion: int) -> float:
        """Dollars for these tokens; nothing where nobody knows the price."""
        if self.price is None:
            return 0.0
        whole = prompt * self.price.input + completion * self.price.output
        return whole * self.share / _MILLION

    def paid(self, usage: Usage) -> float:
        """Dollars for what an answer took."""
        told = None if self.own else usage.cost_usd
        return self.cost(usage.prompt, usage.completion) if told is None else told

    def most(self, texts: Iterable[str]) -> Share:
        """The most that a question of these texts can take."""
        prompt = most_tokens(texts)
        return Share(self.cost(prompt, self.max_tokens), prompt + self.max_tokens)


def most_tokens(texts: Iterable[str]) -> int:
    """No tokenizer makes more of a prompt: a byte is a token at the least."""
    return _AROUND + sum(len(text.encode("utf-8", "replace")) + _AROUND for text in texts)


class Budget:
    """Dollars and tokens, spent and set aside; `None` is no limit. For one event loop.

    `overcharged` counts requests that cost more than the most that prices allowed. The next ones
    have as much more set aside.
    """

    def __init__(
        self,
        max_usd: float | None,
        max_tokens: int | None,
        *,
        usd: float = 0.0,
        tokens: int = 0,
    ) -> None:
        self.max_usd = max_usd
        self.max_tokens = max_tokens
        self.usd = usd
        self.tokens = tokens
        self.overcharged = 0
        self._factor = 1.0
        self._open = 0
        self._aside = Share(0.0, 0)
        self._changed = asyncio.Condition()

    def fits(self, share: Share) -> bool:
        """Whether it may be set aside now."""
        usd = self.usd + self._aside.usd + share.usd * self._factor
        tokens = self.tokens + self._aside.tokens + share.tokens
        return (self.max_usd is None or usd <= self.max_usd) and (
            self.max_tokens is None or tokens <= self.max_tokens
        )

    def hold(self, share: Share) -> Share:
        """Set it aside; what comes back is what was set aside, and is settled later."""
        held = Share(share.usd * self._factor, share.tokens)
        self._open += 1
        self._aside = Share(self._aside.usd + held.usd, self._aside.tokens + held.tokens)
        return held

    async def wait(self, share: Share) -> Share | None:
        """Set it aside once those under way have left enough for it; `None` when they cannot."""
        async with self._changed:
            while not self.fits(share):
                if not self._open:
                    return None
                await self._changed.wait()
            return self.hold(share)

    async def settle(self, share: Share, usd: float, tokens: int) -> None:
        """It took that much."""
        async with self._changed:
            self._open -= 1
            left = Share(self._aside.usd - share.usd, self._aside.tokens - share.tokens)
            # A sum of many floats that is put back leaves dust.
            self._aside = left if self._open else Share(0.0, 0)
            self.usd += usd
            self.tokens += tokens
            if usd > share.usd * 1.001 and share.usd:
                self.overcharged += 1
                self._factor *= usd / share.usd
            self._changed.notify_all()
