"""Votes of people who obey the model: strengths, ties and sessions are known."""

import math
import random
from collections.abc import Sequence
from statistics import mean

from g4tui.store import Verdict
from g4tui.votes import Ballot, rated
from g4tui.votes.ratings import MIDDLE, POINTS

TIE = 0.6


def votes(
    chance: random.Random, strengths: Sequence[float], sessions: int, longest: int
) -> list[Ballot]:
    """1 to `longest` blind votes a session, each on two models at random; m0 has strengths[0]."""
    made = []
    for session in range(sessions):
        for _ in range(chance.randint(1, longest)):
            left, right = chance.sample(range(len(strengths)), 2)
            made.append(
                Ballot(
                    f"s{session}",
                    f"m{left}",
                    f"m{right}",
                    _verdict(chance, math.exp(strengths[left]), math.exp(strengths[right])),
                )
            )
    return made


def _verdict(chance: random.Random, left: float, right: float) -> Verdict:
    drawn = chance.random() * (left + right + TIE * math.sqrt(left * right))
    if drawn < left:
        return "left"
    return "right" if drawn < left + right else "tie"


def coverage(
    strengths: Sequence[float], *, runs: int, sessions: int, longest: int, draws: int, seed: int
) -> tuple[float, float]:
    """Of `runs` simulated libraries: the share of 95 % intervals that hold the truth, and the share
    of libraries whose ratings are in the true order."""
    chance = random.Random(seed)
    middle = mean(strengths)
    held = ordered = 0
    for _ in range(runs):
        (scale,) = rated(votes(chance, strengths, sessions, longest), draws).scales
        for row in scale.models:
            truth = MIDDLE + POINTS * (strengths[int(row.model[1:])] - middle)
            assert row.low is not None
            assert row.high is not None
            held += row.low <= truth <= row.high
        best = sorted(range(len(strengths)), key=lambda number: -strengths[number])
        ordered += [row.model for row in scale.models] == [f"m{number}" for number in best]
    return held / runs / len(strengths), ordered / runs
