"""A row on its way through the rules."""

import hashlib
from functools import cached_property

from msgspec import UNSET

from g4tui_training.clean.texts import normal
from g4tui_training.pairs import Pair


class Row:
    """A pair with the forms of its texts that rules look at, each made when first asked for."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.labels: list[str] = []

    @cached_property
    def prompt(self) -> str:
        """All that was said before the answer, one message a paragraph."""
        if self.pair.messages is UNSET:
            return "" if self.pair.prompt is UNSET else self.pair.prompt
        return "\n\n".join(turn.content for turn in self.pair.messages)

    @property
    def asked(self) -> str:
        """The last message before the answer."""
        turns = self.pair.turns
        return turns[-1].content if turns else ""

    @cached_property
    def normal_asked(self) -> str:
        """The normal form of the last message before the answer."""
        if self.pair.messages is UNSET:
            return self.normal_prompt
        return normal(self.asked)

    @property
    def response(self) -> str:
        """The answer."""
        return self.pair.response

    @cached_property
    def normal_prompt(self) -> str:
        """Who said what before the answer; two conversations are the same if these are."""
        if self.pair.messages is UNSET:
            return normal(self.prompt)
        said = [turn for turn in self.pair.messages if turn.content.strip()]
        if len(said) == 1 and said[0].role == "user":
            return normal(said[0].content)
        return "\n".join(f"{turn.role}: {normal(turn.content)}" for turn in said)

    @cached_property
    def normal_response(self) -> str:
        """The answer's normal form."""
        return normal(self.response)

    @property
    def family(self) -> str:
        """The source by which it is judged: what stands before the first `/`."""
        return self.pair.source.partition("/")[0] or "unnamed"

    @cached_property
    def digest(self) -> bytes:
        """16 bytes that two rows share if they are exact duplicates; what rows are sorted by."""
        text = f"{self.normal_prompt}\0{self.normal_response}".encode()
        return hashlib.blake2b(text, digest_size=16).digest()

    @property
    def rank(self) -> float:
        """0 is the best of several answers."""
        return 0.0 if self.pair.rank is UNSET else self.pair.rank
