"""Which token comes next: parameters as a person gives them, made safe for native code."""

import math
import random
from collections.abc import Sequence
from typing import Protocol

from g4tui.core import G4tuiError, Params

# ctransformers' own defaults.
TOP_K, TOP_P, TEMPERATURE, PENALTY, RECENT = 40, 0.95, 0.8, 1.1, 64
_SEEDS = 1 << 31


class Sampling(Protocol):
    """The part of a model that chooses."""

    vocabulary: int

    def sample(
        self,
        recent: Sequence[int],
        top_k: int,
        top_p: float,
        temperature: float,
        penalty: float,
        seed: int,
    ) -> int:
        """The next token."""

    def logits(self) -> list[float]:
        """What the last token says of the next one."""


class Sampler:
    """Chooses the tokens of one answer.

    The native function makes a new random generator at every call, so it gets a new seed each
    time. It partially sorts `top_k` words of however many there are, so that is kept in range; it
    divides by the temperature, so 0 means the likeliest word.
    """

    def __init__(self, model: Sampling, params: Params) -> None:
        self._model = model
        temperature = TEMPERATURE if params.temperature is None else params.temperature
        greedy = _checked("temperature", temperature, 0.0, 100.0) == 0.0
        top_k = TOP_K if params.top_k is None else params.top_k
        top_k = model.vocabulary if top_k <= 0 else min(top_k, model.vocabulary)
        self._top_k = 1 if greedy else top_k
        self._temperature = 1.0 if greedy else max(temperature, 0.01)
        top_p = TOP_P if params.top_p is None else params.top_p
        self._top_p = _checked("top_p", top_p, 0.0, 1.0)
        self._min_p = _checked("min_p", params.min_p or 0.0, 0.0, 1.0)
        penalty = PENALTY if params.repeat_penalty is None else params.repeat_penalty
        self._penalty = _checked("repeat_penalty", penalty, 0.01, 100.0)
        self._random = random.Random(params.seed)

    def next(self, ids: Sequence[int]) -> int:
        """The token after `ids`."""
        recent = ids[-RECENT:]
        top_k = self._top_k
        if self._min_p and top_k > 1:
            top_k = min(top_k, self._likely(recent))
        seed = self._random.randrange(_SEEDS)
        return self._model.sample(
            recent, top_k, self._top_p, self._temperature, self._penalty, seed
        )

    def _likely(self, recent: Sequence[int]) -> int:
        """How many words are at least `min_p` times as likely as the likeliest one.

        These are the first of the order that `top_k` cuts, so cutting there is the same.
        """
        logits = self._model.logits()
        for token in set(recent):
            value = logits[token]
            logits[token] = value * self._penalty if value <= 0 else value / self._penalty
        least = max(logits) + self._temperature * math.log(self._min_p)
        return max(1, sum(value >= least for value in logits))


def _checked(name: str, value: float, low: float, high: float) -> float:
    if not low <= value <= high:  # also what is no number
        raise G4tuiError(
            "usage",
            f"{name} cannot be {value}",
            f"It must be between {low:g} and {high:g}.",
            f"Change it: --set {name}=...",
        )
    return value
