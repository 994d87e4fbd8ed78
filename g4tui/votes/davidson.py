"""Bradley-Terry with Davidson's ties: strengths that make the outcomes of comparisons likely.

Model i with strength p_i beats model j with probability p_i / d, ties with v * sqrt(p_i p_j) / d,
where d = p_i + p_j + v * sqrt(p_i p_j) (R. R. Davidson, JASA 65, 1970).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

# Half a vote for either side, for each strength but one, spread over the pairs that met: undefeated
# models stay finite, and the strengths nearly without bias (as by D. Firth, Biometrika 80, 1993).
PRIOR = 0.5
CLOSE = 1e-7
ROUNDS = 2_000


@dataclass(frozen=True)
class Fit:
    """Logarithms of the strengths, of mean 0, and `tie`, which is v above."""

    strengths: tuple[float, ...]
    tie: float


# Of a pair (i, j), i < j: how often i won, j won, and they tied. Weights need not be whole.
Outcomes = Mapping[tuple[int, int], Sequence[float]]


def fitted(outcomes: Outcomes, models: int, start: Fit | None = None) -> Fit:
    """The most likely strengths of `models` models, which `outcomes` must connect.

    `start`: a fit of nearly the same outcomes. The iteration is that of D. R. Hunter (Annals of
    Statistics 32, 2004): the logarithm of d is bounded by its tangent and v * sqrt(p_i p_j) by the
    mean of its sides, after which every strength has a closed form and likelihood never falls.
    """
    prior = PRIOR * (models - 1) / len(outcomes)
    pairs: list[tuple[int, int, float]] = []
    won = [0.0] * models
    tied = 0.0
    for (i, j), (left, right, ties) in outcomes.items():
        pairs.append((i, j, left + right + ties + 2 * prior))
        won[i] += left + prior + ties / 2
        won[j] += right + prior + ties / 2
        tied += ties
    roots = [1.0] * models if start is None else [math.exp(each / 2) for each in start.strengths]
    tie = (1.0 if start is None or not start.tie else start.tie) if tied else 0.0
    for _ in range(ROUNDS):
        lost = [0.0] * models
        drawn = 0.0
        for i, j, met in pairs:
            a, b = roots[i], roots[j]
            share = met / (a * a + b * b + tie * a * b)
            lost[i] += share * (1 + tie * b / a / 2)
            lost[j] += share * (1 + tie * a / b / 2)
            drawn += share * a * b
        new = [math.sqrt(won[i] / lost[i]) for i in range(models)]
        middle = math.exp(sum(map(math.log, new)) / models)
        new = [each / middle for each in new]
        tie_new = tied / drawn
        moved = max(abs(math.log(b / a)) for a, b in zip(roots, new, strict=True))
        moved = max(moved, abs(tie_new - tie))
        roots, tie = new, tie_new
        if moved < CLOSE:
            break
    return Fit(tuple(2 * math.log(each) for each in roots), tie)


def components(pairs: Iterable[tuple[int, int]], models: int) -> list[list[int]]:
    """Models that comparisons connect, each group in ascending order."""
    group = list(range(models))

    def root(model: int) -> int:
        while group[model] != model:
            group[model] = group[group[model]]
            model = group[model]
        return model

    for i, j in pairs:
        group[max(root(i), root(j))] = min(root(i), root(j))
    found: dict[int, list[int]] = {}
    for model in range(models):
        found.setdefault(root(model), []).append(model)
    return list(found.values())
