"""The gate: a file is published only if it reads, speaks and ends as what was trained."""

import math
from collections.abc import Sequence
from pathlib import Path

import msgspec

from g4tui.core import G4tuiError, Message
from g4tui.formats import read_gguf
from g4tui_training.evaluate.bootstrap import compared
from g4tui_training.evaluate.in_torch import TorchModel
from g4tui_training.evaluate.measured import Measured
from g4tui_training.evaluate.scoring import Scored
from g4tui_training.export.corpus import TEXTS

_QUESTIONS = (
    "What is the capital of France?",
    "Write a short poem about the sea.",
    "Explain what a hash table is.",
    "Liste drei Tiere auf.",
)
_SAMPLED = 48
_SEED = 7


class Check(msgspec.Struct, frozen=True):
    """One thing that the gate looked at; `told` has the numbers."""

    name: str
    passed: bool
    told: str


class Verdict(msgspec.Struct, frozen=True):
    """What the gate says of a file; `forced`: published although it failed."""

    file: str
    checks: tuple[Check, ...]
    forced: bool = False

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)


def refused(verdict: Verdict) -> G4tuiError:
    """The error for a file that is not published."""
    told = "; ".join(f"{check.name}: {check.told}" for check in verdict.checks if not check.passed)
    return G4tuiError(
        "model",
        f"{verdict.file} did not pass the gate",
        f"{told}.",
        "It was not published. To publish it all the same: --force."
        " The LoRA for the untouched base loses least.",
    )


def reads_alike(trained: TorchModel, file: Measured) -> Check:
    """Whether both give the same ids for all texts, alone and as questions."""
    alone = [text for text in TEXTS if trained.tokenize(text) != file.tokenize(text)]
    asked = [
        text for text in TEXTS if trained.prompt_ids(_talk(text)) != file.prompt_ids(_talk(text))
    ]
    if not alone and not asked:
        return Check("tokens", True, f"{len(TEXTS)} texts give the same ids, alone and asked")
    first = (alone + asked)[0]
    told = f"{len(alone)} texts and {len(asked)} prompts give other ids, the first: {first[:40]!r}"
    return Check("tokens", False, told)


def same_template(trained: TorchModel, gguf: Path) -> Check:
    """Whether the file carries the template of the training, to the letter."""
    same = read_gguf(gguf).template == trained.template_source
    return Check("template", same, "the same" if same else "the file has another chat template")


def same_end(trained: TorchModel, file: Measured) -> Check:
    """Whether the file ends an answer with the token that was trained to end it."""
    same = trained.end is not None and trained.end == file.end
    return Check("stop token", same, f"trained {trained.end}, the file has {file.end}")


def same_logits(trained: TorchModel, file: Measured, max_kl: float) -> Check:
    """KL divergence of the file from what was trained, a token, over answers drawn from the latter.

    The estimate is (r - 1) - log r with r the ratio of probabilities: without bias, never
    negative, and far less noisy than log r alone.
    """
    total, count = 0.0, 0
    for number, question in enumerate(_QUESTIONS):
        prompt = trained.prompt_ids([Message("user", question)])
        ids = prompt + trained.draw(prompt, _SAMPLED, _SEED + number)
        ours, theirs = (model.score(ids, len(prompt)) for model in (trained, file))
        for one, other in zip(ours, theirs, strict=True):
            total += math.expm1(other - one) - (other - one)
            count += 1
    divergence = total / count
    return Check("logits", divergence < max_kl, f"KL {divergence:.1e} a token (limit {max_kl:g})")


def small_loss(f16: Sequence[Scored], quantised: Sequence[Scored], max_ratio: float) -> Check:
    """Whether fewer bits cost no more perplexity than the limit."""
    before, after = _per_token(f16), _per_token(quantised)
    told = f"{after:.2f} a token, f16 {before:.2f}: {after / before - 1:+.1%}"
    return Check("quantised", after <= before * max_ratio, f"{told} (limit {max_ratio - 1:+.0%})")


def better_than_base(base: Sequence[Scored], student: Sequence[Scored], draws: int) -> Check:
    """Whether the student beats the base in the same types, with an interval below zero."""
    found = compared(base, student, "token_perplexity", draws)
    low, high = found.ci95
    told = (
        f"{_per_token(base):.2f} to {_per_token(student):.2f} a token:"
        f" {found.difference:+.3f}, 95 % interval {low:+.3f} to {high:+.3f}"
    )
    return Check("better than the base", high < 0, told)


def _per_token(scores: Sequence[Scored]) -> float:
    return math.exp(sum(each.nll for each in scores) / sum(each.tokens for each in scores))


def _talk(text: str) -> list[Message]:
    return [Message("user", text), Message("assistant", "Yes."), Message("user", text)]
