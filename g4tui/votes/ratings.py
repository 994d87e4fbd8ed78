"""How good models are, by blind votes: one scale for all that votes connect, with intervals."""

import math
import random
from collections.abc import Iterable, Sequence

import msgspec

from g4tui.store import Store, Verdict
from g4tui.store.veil import is_hidden
from g4tui.votes.caveats import is_broken
from g4tui.votes.davidson import Fit, Outcomes, components, fitted

# Points as in chess: 400 more is ten times as likely to win as to lose.
POINTS = 400 / math.log(10)
MIDDLE = 1000.0
DRAWS = 400
# Of fewer sessions nobody can tell how much they differ.
SESSIONS = 5
# Which of an outcome's three counts a verdict is, where the first model of the pair is on the left.
_PLACE: dict[Verdict, int] = {"left": 0, "right": 1, "tie": 2}


class Ballot(msgspec.Struct, frozen=True):
    """One vote: the models from left to right, and the session in which it was given.

    `hidden`: it was given in a blind turn whose names nobody has seen yet. `unfinished`: the names
    were not known, but an answer did not come to its end by a fault.
    """

    session: str
    left: str
    right: str
    verdict: Verdict
    blind: bool = True
    hidden: bool = False
    unfinished: bool = False


class Rating(msgspec.Struct, frozen=True):
    """A model on its scale, whose mean is 1000: `low` to `high` holds the truth in 95 % of cases.

    Both are `None` where the votes are from too few sessions. `votes` are its blind ones that count
    here (wins, losses and ties); `both_bad` are counted apart and move nothing.
    """

    model: str
    rating: float
    low: float | None
    high: float | None
    votes: int
    wins: int
    losses: int
    ties: int
    both_bad: int


class Scale(msgspec.Struct, frozen=True):
    """Models that can be compared with each other, the best first."""

    models: tuple[Rating, ...]
    votes: int
    sessions: int


class BothBad(msgspec.Struct, frozen=True):
    """How often blind votes found that neither of two models was of use."""

    models: tuple[str, str]
    both_bad: int
    votes: int


class Ratings(msgspec.Struct, frozen=True):
    """The scales, the one with most votes first; ratings of different ones say nothing together.

    `blind` votes were looked at; `not_blind` ones, those on two answers of one model (`same_model`)
    and those on one that failed, broke off or is empty (`unfinished`) count nowhere. `hidden` ones
    are not told of before the names are.
    """

    scales: tuple[Scale, ...]
    both_bad: tuple[BothBad, ...]
    blind: int
    not_blind: int
    same_model: int
    hidden: int = 0
    unfinished: int = 0


def ballots(store: Store) -> list[Ballot]:
    """The votes of all sessions that are not in the bin."""
    votes = store.votes()
    turns = {turn.id: turn for turn in store.turns()}
    ids = {answer for vote in votes for answer in vote.shown}
    answers = {row.id: row for row in store.messages(sorted(ids))}
    found = []
    for vote in votes:
        left, right = (answers.get(answer) for answer in vote.shown)
        turn = turns.get(vote.turn)
        if left is not None and right is not None and turn is not None:
            # Libraries of before kept such a vote as one that was not blind.
            unfinished = turn.blind and not vote.revealed_first
            found.append(
                Ballot(
                    turn.session,
                    left.model,
                    right.model,
                    vote.verdict,
                    vote.blind,
                    is_hidden(turn),
                    unfinished and (is_broken(left) or is_broken(right)),
                )
            )
    return found


def rated(votes: Iterable[Ballot], draws: int = DRAWS) -> Ratings:
    """Strengths by Davidson's model. The same votes always give the same numbers."""
    every = list(votes)
    known = [vote for vote in every if not vote.hidden]
    given = [vote for vote in known if not vote.unfinished]
    blind = [vote for vote in given if vote.blind and vote.left != vote.right]
    scales = []
    names = sorted({name for vote in blind for name in (vote.left, vote.right)})
    numbers = {name: number for number, name in enumerate(names)}
    deciding = [vote for vote in blind if vote.verdict != "both_bad"]
    met = {(numbers[vote.left], numbers[vote.right]) for vote in deciding}
    for group in components(met, len(names)):
        if len(group) > 1:
            members = {names[number] for number in group}
            inside = [vote for vote in blind if {vote.left, vote.right} <= members]
            scales.append(_scale(inside, sorted(members), draws))
    return Ratings(
        scales=tuple(sorted(scales, key=lambda scale: -scale.votes)),
        both_bad=_both_bad(blind),
        blind=sum(vote.blind for vote in given),
        not_blind=sum(not vote.blind for vote in given),
        same_model=sum(vote.blind and vote.left == vote.right for vote in given),
        hidden=len(every) - len(known),
        unfinished=len(known) - len(given),
    )


def _scale(votes: Sequence[Ballot], names: Sequence[str], draws: int) -> Scale:
    places = {name: place for place, name in enumerate(names)}
    sessions: dict[str, list[tuple[tuple[int, int], int]]] = {}
    counts = [[0, 0, 0, 0] for _ in names]  # wins, losses, ties, both bad
    for vote in votes:
        left, right = places[vote.left], places[vote.right]
        if vote.verdict == "both_bad":
            counts[left][3] += 1
            counts[right][3] += 1
            continue
        place = _PLACE[vote.verdict]
        counts[left][place] += 1
        counts[right][(1, 0, 2)[place]] += 1
        pair, place = ((left, right), place) if left < right else ((right, left), (1, 0, 2)[place])
        sessions.setdefault(vote.session, []).append((pair, place))
    grouped = [sessions[name] for name in sorted(sessions)]
    fit = fitted(_weighed(grouped, [1.0] * len(grouped)), len(names))
    margins = _margins(grouped, fit, draws)
    rows = []
    for name, strength, margin, count in zip(names, fit.strengths, margins, counts, strict=True):
        wins, losses, ties, both_bad = count
        rating = MIDDLE + POINTS * strength
        rows.append(
            Rating(
                model=name,
                rating=rating,
                low=None if margin is None else rating - POINTS * margin,
                high=None if margin is None else rating + POINTS * margin,
                votes=wins + losses + ties,
                wins=wins,
                losses=losses,
                ties=ties,
                both_bad=both_bad,
            )
        )
    rows.sort(key=lambda row: (-row.rating, row.model))
    return Scale(tuple(rows), sum(map(len, grouped)), len(grouped))


_Session = Sequence[tuple[tuple[int, int], int]]


def _weighed(sessions: Sequence[_Session], weights: Sequence[float]) -> Outcomes:
    """Outcomes of each pair, every vote counted as its session weighs."""
    outcomes: dict[tuple[int, int], list[float]] = {}
    for session, weight in zip(sessions, weights, strict=True):
        for pair, place in session:
            outcomes.setdefault(pair, [0.0, 0.0, 0.0])[place] += weight
    return outcomes


def _margins(sessions: Sequence[_Session], fit: Fit, draws: int) -> list[float | None]:
    """Half the width of each strength's 95 % interval.

    The votes of one session are of one person on one subject, so sessions are drawn, not votes: a
    draw weighs each by an exponential number (D. B. Rubin's bootstrap), which never leaves a model
    out. The interval is the estimate and Student's quantile times the draws' deviation, both made
    for few sessions: intervals between quantiles of the draws hold the truth too rarely here.
    """
    count = len(sessions)
    if count < SESSIONS:
        return [None] * len(fit.strengths)
    chance = random.Random(0)
    drawn: list[tuple[float, ...]] = []
    for _ in range(draws):
        weights = [chance.expovariate(1.0) for _ in sessions]
        scale = count / sum(weights)
        outcomes = _weighed(sessions, [weight * scale for weight in weights])
        drawn.append(fitted(outcomes, len(fit.strengths), fit).strengths)
    factor = _student(count - 1) * math.sqrt((count + 1) / (count - 1))
    return [factor * _deviation(strengths) for strengths in zip(*drawn, strict=True)]


def _deviation(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))


def _student(freedom: int) -> float:
    """The 97.5 % quantile of Student's t, by the expansion of Cornish and Fisher, from 4 on."""
    z = 1.959964
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3


def _both_bad(votes: Sequence[Ballot]) -> tuple[BothBad, ...]:
    met: dict[tuple[str, str], list[int]] = {}
    for vote in votes:
        pair = (min(vote.left, vote.right), max(vote.left, vote.right))
        count = met.setdefault(pair, [0, 0])
        count[0] += vote.verdict == "both_bad"
        count[1] += 1
    return tuple(BothBad(pair, bad, every) for pair, (bad, every) in sorted(met.items()) if bad)
