"""A model in transformers, in this process."""

from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING

from g4tui.core import Message
from g4tui_training.evaluate.measured import Answer, peak_of
from g4tui_training.gguf_words import vocabulary_digest
from g4tui_training.train.chat_template import ChatTemplate

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class TorchModel:
    """A causal model and its tokenizer, evaluated in the precision that it was loaded with."""

    engine = "transformers"

    def __init__(self, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> None:
        self._model = model.eval()
        self._tokenizer = tokenizer
        words = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
        self.tokenizer = vocabulary_digest(words)
        self.context: int = model.config.max_position_embeddings
        self._template = ChatTemplate(tokenizer) if tokenizer.chat_template else None
        self.templated = self._template is not None
        begins = tokenizer("a").input_ids[0] == tokenizer.bos_token_id
        self.begin: int | None = tokenizer.bos_token_id if begins else None
        self.end: int | None = self._template.end if self._template else tokenizer.eos_token_id

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        """By the tokenizer's chat template."""
        assert self._template is not None
        return self._template.prompt_ids(messages)

    def tokenize(self, text: str) -> list[int]:
        """Ids of a text."""
        ids: list[int] = self._tokenizer(
            text, add_special_tokens=False, split_special_tokens=True, verbose=False
        ).input_ids
        return ids

    def score(self, ids: Sequence[int], start: int) -> list[float]:
        """Log-probabilities; logits are computed only where they are asked for."""
        logits = self.logits(ids, start - 1)[:-1]
        chosen = logits.log_softmax(dim=-1)
        targets = logits.new_tensor(list(ids[start:])).long()
        values: list[float] = chosen.gather(1, targets[:, None])[:, 0].tolist()
        return values

    def logits(self, ids: Sequence[int], start: int) -> "torch.Tensor":
        """Outputs at the positions from `start` on, float32, shape (positions, vocabulary)."""
        import torch

        with torch.inference_mode():
            given = torch.tensor([list(ids)], device=self._model.device)
            made = self._model(given, use_cache=False, logits_to_keep=len(ids) - start)
            return made.logits[0].float()

    def answer(self, prompt: str, max_tokens: int) -> Answer:
        """Greedy."""
        import torch

        ids = self.prompt_ids([Message("user", prompt)])
        given = torch.tensor([ids], device=self._model.device)
        clock = _Clock()
        made = self._model.generate(
            given,
            attention_mask=torch.ones_like(given),
            max_new_tokens=max_tokens,
            do_sample=False,
            eos_token_id=self.end,
            pad_token_id=self.end,
            streamer=clock,
        )[0, len(ids) :].tolist()
        text: str = self._tokenizer.decode(made, skip_special_tokens=True)
        stopped = bool(made) and made[-1] == self.end
        return Answer(text, len(made) - stopped, stopped, clock.first_s, clock.rate)

    def draw(self, prompt: Sequence[int], count: int, seed: int) -> list[int]:
        """Tokens drawn from the model itself, as it is; ends early with the end."""
        import torch

        given = torch.tensor([list(prompt)], device=self._model.device)
        torch.manual_seed(seed)
        made = self._model.generate(
            given,
            attention_mask=torch.ones_like(given),
            max_new_tokens=count,
            do_sample=True,
            temperature=1.0,
            top_k=0,
            top_p=1.0,
            eos_token_id=self.end,
            pad_token_id=self.end,
        )
        drawn: list[int] = made[0, len(prompt) :].tolist()
        return drawn

    @property
    def template_source(self) -> str:
        """The Jinja text; empty without one."""
        return self._template.source if self._template else ""

    def peak_bytes(self) -> int | None:
        """Of this process, whatever else it did."""
        return peak_of(None)

    def close(self) -> None:
        """Let the weights go."""
        del self._model


class _Clock:
    """Told of each token by transformers; the first call is the prompt."""

    def __init__(self) -> None:
        self._times: list[float] = []

    def put(self, value: object) -> None:
        """There is a token."""
        self._times.append(perf_counter())

    def end(self) -> None:
        """There are no more."""

    @property
    def first_s(self) -> float | None:
        """From the prompt to the first token."""
        return self._times[1] - self._times[0] if len(self._times) > 1 else None

    @property
    def rate(self) -> float | None:
        """Tokens a second after the first."""
        told = self._times[1:]
        return (len(told) - 1) / (told[-1] - told[0]) if len(told) > 1 else None
