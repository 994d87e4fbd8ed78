"""What task scores come to: perplexity.json, by the names that scripts rely on."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, median

import msgspec

from g4tui.core import G4tuiError
from g4tui_training.evaluate.scoring import Scored

CLIP = 100.0
BINS = 10
# Answers by how many tokens they have, their end not counted.
LENGTHS = ((1, 10), (11, 30), (31, 100), (101, 300), (301, None))


class AsPublished(msgspec.Struct, frozen=True):
    """Clipped at 100; `zeros` were NaN. Bins of the histogram are 10 wide."""

    mean: float
    median: float
    histogram: tuple[int, ...]
    zeros: int


class ByLength(msgspec.Struct, frozen=True):
    """Tasks whose answers have so many tokens."""

    tasks: int
    tokens: int
    token_perplexity: float
    mean: float


class Corrected(msgspec.Struct, frozen=True):
    """`mean`, `median` and `histogram` are of tasks clipped at 100; `token_perplexity` is of all
    tokens together. `nll_per_task_mean` is in nats a token; `bits_per_byte` leaves the end out;
    `eos_nll` is the mean cost of the end, `None` where no answer had one.
    """

    mean: float
    median: float
    histogram: tuple[int, ...]
    token_perplexity: float
    nll_per_task_mean: float
    bits_per_byte: float
    eos_nll: float | None
    by_answer_length: dict[str, ByLength]


class ModelSummary(msgspec.Struct, frozen=True):
    """One model; `truncated` counts tasks that did not fit its context."""

    name: str
    engine: str
    n_tasks: int
    tokens: int
    truncated: int
    tokenizer_sha: str
    as_published: AsPublished
    corrected: Corrected
    templated: bool = True
    group: str = ""


class Paired(msgspec.Struct, frozen=True):
    """`difference` is b - a of a metric on the same tasks; `ci95` from a bootstrap of tasks.

    `seed_range`, for a student of several seeds: the smallest and largest difference of one seed.
    """

    a: str
    b: str
    metric: str
    difference: float
    ci95: tuple[float, float]
    seed_range: tuple[float, float] | None = None


class Perplexity(msgspec.Struct, frozen=True):
    """perplexity.json."""

    models: tuple[ModelSummary, ...]
    paired: tuple[Paired, ...] = ()
    draws: int = 0

    def model(self, name: str) -> ModelSummary | None:
        """The model of that name."""
        return next((each for each in self.models if each.name == name), None)

    def pair(self, a: str, b: str, metric: str) -> Paired | None:
        """The difference of two models in a metric."""
        wanted = (a, b, metric)
        return next((each for each in self.paired if (each.a, each.b, each.metric) == wanted), None)


def read_perplexity(file: Path) -> Perplexity:
    """What `evaluate` wrote. Raises `G4tuiError`."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Perplexity)
    except FileNotFoundError as error:
        raise G4tuiError(
            "missing", "Nothing was evaluated", f"{file} is not there.", "Run evaluate first."
        ) from error
    except msgspec.DecodeError as error:
        raise G4tuiError("storage", f"{file.name} cannot be read", f"{file}: {error}.") from error


def summary(name: str, scores: Sequence[Scored], group: str = "") -> ModelSummary:
    """All figures of one model."""
    first = scores[0]
    return ModelSummary(
        name=name,
        engine=first.engine,
        n_tasks=len(scores),
        tokens=sum(score.tokens for score in scores),
        truncated=sum(score.truncated > 0 for score in scores),
        tokenizer_sha=first.tokenizer,
        as_published=_as_published([score.as_published for score in scores]),
        corrected=_corrected(scores),
        templated=first.templated,
        group=group,
    )


def histogram(values: Sequence[float]) -> tuple[int, ...]:
    """Clipped at 100, ten bins of 10; 100 belongs to the last."""
    counts = [0] * BINS
    for value in values:
        counts[min(int(min(value, CLIP) // (CLIP / BINS)), BINS - 1)] += 1
    return tuple(counts)


def length_of(score: Scored) -> str:
    """The name of the answer's length among `LENGTHS`."""
    tokens = score.tokens - (score.end_nll is not None)
    for low, high in LENGTHS:
        if high is None or tokens <= high:
            return f"{low}-{high}" if high else f"{low}+"
    raise AssertionError("the last length has no end")


def _as_published(values: Sequence[float]) -> AsPublished:
    clipped = [min(value, CLIP) for value in values]
    return AsPublished(
        fmean(clipped), median(clipped), histogram(values), sum(value == 0.0 for value in values)
    )


def _corrected(scores: Sequence[Scored]) -> Corrected:
    clipped = [min(score.perplexity, CLIP) for score in scores]
    ends = [score.end_nll for score in scores if score.end_nll is not None]
    bits = sum(score.text_nll for score in scores) / math.log(2)
    return Corrected(
        mean=fmean(clipped),
        median=median(clipped),
        histogram=histogram(clipped),
        token_perplexity=_per_token(scores),
        nll_per_task_mean=fmean(score.nll / score.tokens for score in scores),
        bits_per_byte=bits / sum(score.size for score in scores),
        eos_nll=fmean(ends) if ends else None,
        by_answer_length=_by_length(scores),
    )


def _by_length(scores: Sequence[Scored]) -> dict[str, ByLength]:
    parts: dict[str, list[Scored]] = {}
    for score in sorted(scores, key=lambda score: score.tokens):
        parts.setdefault(length_of(score), []).append(score)
    return {
        name: ByLength(
            tasks=len(part),
            tokens=sum(score.tokens for score in part),
            token_perplexity=_per_token(part),
            mean=fmean(min(score.perplexity, CLIP) for score in part),
        )
        for name, part in parts.items()
    }


def _per_token(scores: Sequence[Scored]) -> float:
    return math.exp(sum(score.nll for score in scores) / sum(score.tokens for score in scores))


def grouped(summaries: Sequence[ModelSummary]) -> Mapping[str, list[str]]:
    """The names in each group, a model without one by itself."""
    groups: dict[str, list[str]] = {}
    for each in summaries:
        groups.setdefault(each.group or each.name, []).append(each.name)
    return groups
