"""Choosing the next token."""

import llama_cpp.llama_cpp as lib

from g4tui_llama_cpp.native.context import Context
from g4tui_llama_cpp.native.model import Model


class Sampler:
    """llama.cpp's sampler chain, made of the steps added in order."""

    def __init__(self, model: Model) -> None:
        self._n_vocab = model.n_vocab
        self._chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())

    def _add(self, step: int) -> None:
        lib.llama_sampler_chain_add(self._chain, step)

    def penalties(self, last: int, repeat: float, frequency: float, presence: float) -> None:
        """Make tokens of the last `last` ones less likely."""
        self._add(
            lib.llama_sampler_init_penalties(self._n_vocab, last, repeat, frequency, presence)
        )

    def top_k(self, k: int) -> None:
        """Keep the `k` likeliest tokens."""
        self._add(lib.llama_sampler_init_top_k(k))

    def top_p(self, p: float) -> None:
        """Keep the likeliest tokens that make up `p` together."""
        self._add(lib.llama_sampler_init_top_p(p, 1))

    def min_p(self, p: float) -> None:
        """Keep tokens with at least `p` times the likelihood of the likeliest."""
        self._add(lib.llama_sampler_init_min_p(p, 1))

    def temperature(self, temperature: float) -> None:
        """Divide the logits."""
        self._add(lib.llama_sampler_init_temp(temperature))

    def draw(self, seed: int) -> None:
        """Choose at random; the last step."""
        self._add(lib.llama_sampler_init_dist(seed))

    def likeliest(self) -> None:
        """Choose the likeliest; the last step."""
        self._add(lib.llama_sampler_init_greedy())

    def accept(self, token: int) -> None:
        """Count a token as said."""
        lib.llama_sampler_accept(self._chain, token)

    def sample(self, context: Context) -> int:
        """Choose (and accept) a token from the last output."""
        token: int = lib.llama_sampler_sample(self._chain, context.handle, -1)
        return token

    def close(self) -> None:
        """Free the chain and its steps."""
        lib.llama_sampler_free(self._chain)
