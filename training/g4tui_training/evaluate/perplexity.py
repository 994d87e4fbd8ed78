"""The two perplexities of a task: as GPT4All published it, and corrected.

As published, the model sees the answer's tokens alone, in windows of 512, without the prompt and
without what begins a text; a window of one token has no loss (NaN), which becomes 0.0, the best
score there is. Corrected, the answer is conditional on the prompt through the model's own template,
and the token that ends it counts.
"""

import math
from collections.abc import Sequence

import msgspec

from g4tui.core import G4tuiError, Message
from g4tui_training.evaluate.measured import Measured
from g4tui_training.evaluate.tasks import Task

WINDOW = 512


class TaskScore(msgspec.Struct, frozen=True):
    """One task, one model. `nll` is in nats over `tokens` tokens: the answer and its end.

    `end_nll` is the end's part of it, `None` where the answer was cut or nothing ends one;
    `size` is the answer's UTF-8 bytes, of which `text_nll` is the cost (no end);
    `as_published` is a perplexity, 0.0 where it was NaN; `truncated` where tokens did not fit.
    """

    task: str
    as_published: float
    nll: float
    text_nll: float
    end_nll: float | None
    tokens: int
    size: int
    truncated: int = 0

    @property
    def perplexity(self) -> float:
        """Corrected, per token, not clipped."""
        return _exp(self.nll / self.tokens)


def score_task(model: Measured, task: Task) -> TaskScore:
    """Both perplexities of a task."""
    prompt, answer, end, truncated = _fitted(model, task)
    tail = [*answer, *end]
    scores = model.score([*prompt, *tail], len(prompt))
    if not all(map(math.isfinite, scores)):
        raise G4tuiError(
            "model",
            "The model gives no probabilities",
            f"Of the answer to {task.id} one is not a number.",
            "Its weights are damaged, or its training went wrong.",
        )
    text_nll = -math.fsum(scores[: len(answer)])
    return TaskScore(
        task.id,
        as_published=as_published(model, task),
        nll=-math.fsum(scores),
        text_nll=text_nll,
        end_nll=-scores[-1] if end else None,
        tokens=len(tail),
        size=len(task.output.encode()),
        truncated=truncated,
    )


def as_published(model: Measured, task: Task) -> float:
    """The perplexity that GPT4All's own script gives, NaN as 0.0.

    A window's loss is weighted by its end minus the end before it, ends counted from the prompt's
    beginning, and the sum divided by the last end.
    """
    before = f"{task.instruction} {task.input}"
    ids = model.tokenize(f"{before} {task.output}")
    total, previous = 0.0, 0
    for begin in range(len(model.tokenize(before)), len(ids), WINDOW):
        end = min(begin + WINDOW, len(ids))
        total += _mean_loss(model, ids[begin:end]) * (end - previous)
        previous = end
    value = _exp(total / previous) if previous else math.nan
    return 0.0 if math.isnan(value) else value


def _mean_loss(model: Measured, ids: Sequence[int]) -> float:
    if len(ids) < 2:
        return math.nan
    scores = model.score(ids, 1)
    return -math.fsum(scores) / len(scores)


def _exp(value: float) -> float:
    return math.exp(min(value, 700.0))  # JSON has no infinity


def _fitted(model: Measured, task: Task) -> tuple[list[int], list[int], list[int], int]:
    """Ids of prompt, answer and end, and how many tokens were cut to fit the context.

    The prompt loses its beginning first, then the answer its end, which is then not counted.
    """
    answer = model.tokenize(task.output)
    end = [] if model.end is None else [model.end]
    text = task.prompt
    prompt = whole = _prompt(model, text)
    while (over := len(prompt) + len(answer) + len(end) - model.context) > 0 and text:
        text = text[max(1, over * len(text) // max(len(prompt), 1)) :]
        prompt = _prompt(model, text)
    cut = len(whole) - len(prompt)
    if over <= 0:
        return prompt, answer, end, cut
    room = max(1, model.context - len(prompt))
    return prompt, answer[:room], [], cut + len(answer) - room


def _prompt(model: Measured, text: str) -> list[int]:
    if model.templated:
        return model.prompt_ids([Message("user", text)])
    begin = [] if model.begin is None else [model.begin]
    return begin + model.tokenize(text + "\n")
