"""Differences between models on the same tasks, with intervals from a paired bootstrap."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from g4tui_training.evaluate.scoring import Scored
from g4tui_training.evaluate.summary import CLIP, LENGTHS, Paired, length_of

Numbers = npt.NDArray[np.float64]
DRAWS = 10_000
# One metric over weights of tasks, shape (draws, tasks), gives a value a draw.
Metric = Callable[["Table", Numbers], Numbers]
_SEED = 2023
_BITS = "bits_per_byte"


class Table:
    """A model's scores as columns, one row a task; several seeds are averaged by task first."""

    def __init__(self, seeds: Sequence[Sequence[Scored]]) -> None:
        first = seeds[0]

        def column(name: str) -> Numbers:
            rows = [[getattr(score, name) for score in scores] for scores in seeds]
            means: Numbers = np.asarray(rows, dtype=np.float64).mean(axis=0)
            return means

        self.nll, self.text_nll = column("nll"), column("text_nll")
        self.tokens, self.size = column("tokens"), column("size")
        self.as_published = np.minimum(column("as_published"), CLIP)
        self.tokenizer = first[0].tokenizer
        self.engine = first[0].engine
        self.lengths = np.asarray([length_of(score) for score in first])


def paired(
    models: Mapping[str, Sequence[Sequence[Scored]]], draws: int = DRAWS
) -> tuple[Paired, ...]:
    """Each model against the first that runs on the same engine; `models` holds seeds by name.

    Perplexities of a token are compared on one tokenizer only; across tokenizers, bits per byte.
    """
    tables = {name: Table(seeds) for name, seeds in models.items()}
    found: list[Paired] = []
    for number, (name, table) in enumerate(tables.items()):
        earlier = list(tables.items())[:number]
        rival = next((each for each in earlier if each[1].engine == table.engine), None)
        if rival is not None:
            seeds = models[name]
            found += _compared(rival, (name, table), seeds, draws)
    return tuple(found)


def compared(a: Sequence[Scored], b: Sequence[Scored], metric: str, draws: int = DRAWS) -> Paired:
    """The difference of two models in one metric."""
    tables = Table([a]), Table([b])
    difference, interval = _difference(*tables, _metrics(tables[0])[metric], _weights(a, draws))
    return Paired(a[0].model, b[0].model, metric, difference, interval)


def _compared(
    one: tuple[str, Table], other: tuple[str, Table], seeds: Sequence[Sequence[Scored]], draws: int
) -> list[Paired]:
    weights = _weights(seeds[0], draws)
    same = one[1].tokenizer == other[1].tokenizer
    found = []
    for metric, work in _metrics(one[1]).items():
        if not same and metric != _BITS:
            continue
        difference, interval = _difference(one[1], other[1], work, weights)
        ones = np.ones((1, weights.shape[1]))
        each = [_difference(one[1], Table([scores]), work, ones)[0] for scores in seeds]
        span = (min(each), max(each)) if len(each) > 1 else None
        found.append(Paired(one[0], other[0], metric, difference, interval, span))
    return found


def _weights(scores: Sequence[Scored], draws: int) -> Numbers:
    """How often each task was drawn, shape (draws, tasks); the same for every pair."""
    count = len(scores)
    chances = np.full(count, 1 / count)
    return np.random.default_rng(_SEED).multinomial(count, chances, draws).astype(np.float64)


def _difference(
    one: Table, other: Table, metric: Metric, weights: Numbers
) -> tuple[float, tuple[float, float]]:
    whole = np.ones((1, weights.shape[1]))
    difference = float((metric(other, whole) - metric(one, whole))[0])
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = metric(other, weights) - metric(one, weights)
    # A draw may hold no task of a rare length.
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return difference, (float(low), float(high))


def _metrics(table: Table) -> dict[str, Metric]:
    metrics: dict[str, Metric] = {
        "token_perplexity": _token_perplexity,
        "nll_per_task_mean": lambda t, w: _mean(t.nll / t.tokens, w),
        "mean": lambda t, w: _mean(np.minimum(np.exp(t.nll / t.tokens), CLIP), w),
        _BITS: lambda t, w: w @ t.text_nll / (w @ t.size) / np.log(2),
        "as_published_mean": lambda t, w: _mean(t.as_published, w),
    }
    for low, high in LENGTHS:
        name = f"{low}-{high}" if high else f"{low}+"
        if (table.lengths == name).any():
            metrics[f"token_perplexity, {name} tokens"] = _of_length(table.lengths == name)
    return metrics


def _of_length(these: npt.NDArray[np.bool_]) -> Metric:
    return lambda table, weights: _token_perplexity(table, weights * these)


def _token_perplexity(table: Table, weights: Numbers) -> Numbers:
    values: Numbers = np.exp(weights @ table.nll / (weights @ table.tokens))
    return values


def _mean(values: Numbers, weights: Numbers) -> Numbers:
    means: Numbers = weights @ values / weights.sum(axis=1)
    return means
