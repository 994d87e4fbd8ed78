"""Ratings: known outcomes, what does not count, and simulated people."""

import math
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis.strategies import integers, lists, tuples

from g4tui.core import Message
from g4tui.store import Asked, Store, Verdict
from g4tui.votes import Ballot, ballots, rated
from g4tui.votes.davidson import fitted
from g4tui.votes.ratings import MIDDLE, POINTS
from support.simulated_votes import coverage, votes


def given_votes(
    left: str, right: str, verdicts: list[Verdict], sessions: int = 1, blind: bool = True
) -> list[Ballot]:
    return [
        Ballot(f"s{number % sessions}", left, right, verdict, blind)
        for number, verdict in enumerate(verdicts)
    ]


@pytest.mark.parametrize(("won", "lost"), [(3, 1), (7, 7), (12, 0)])
def test_two_models_have_their_odds_with_half_a_vote_each(won: int, lost: int) -> None:
    """Without ties the most likely strengths are the logarithm of the odds."""
    (scale,) = rated(given_votes("a", "b", ["left"] * won + ["right"] * lost)).scales
    ratings = {row.model: row.rating for row in scale.models}
    apart = math.log((won + 0.5) / (lost + 0.5))
    assert ratings["a"] - ratings["b"] == pytest.approx(POINTS * apart, abs=0.01)
    assert ratings["a"] + ratings["b"] == pytest.approx(2 * MIDDLE)


def test_ties_of_two_models_have_their_closed_form() -> None:
    """v = ties / sqrt((won + half)(lost + half)): three numbers, three parameters, an exact fit."""
    fit = fitted({(0, 1): (9.0, 3.0, 6.0)}, 2)
    assert fit.strengths[0] - fit.strengths[1] == pytest.approx(math.log(9.5 / 3.5), abs=1e-5)
    assert fit.tie == pytest.approx(6 / math.sqrt(9.5 * 3.5), abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(lists(tuples(*[integers(0, 9)] * 3), min_size=3, max_size=3))
def test_nothing_near_the_fit_is_more_likely(counts: list[tuple[int, int, int]]) -> None:
    pairs = [(0, 1), (0, 2), (1, 2)]
    fit = fitted(dict(zip(pairs, counts, strict=True)), 3)

    def likelihood(strengths: tuple[float, ...], tie: float) -> float:
        found = 0.0
        for (i, j), (left, right, ties) in zip(pairs, counts, strict=True):
            p, q = math.exp(strengths[i]), math.exp(strengths[j])
            total = math.log(p + q + tie * math.sqrt(p * q))
            prior = 0.5 * 2 / 3
            found += (left + prior) * (strengths[i] - total)
            found += (right + prior) * (strengths[j] - total)
            if ties:
                found += ties * (math.log(tie) + (strengths[i] + strengths[j]) / 2 - total)
        return found

    best = likelihood(fit.strengths, fit.tie)
    for place in range(3):
        for step in (-0.01, 0.01):
            moved = tuple(s + step * (n == place) for n, s in enumerate(fit.strengths))
            assert likelihood(moved, fit.tie) <= best + 1e-9
    if fit.tie:
        for factor in (0.99, 1.01):
            assert likelihood(fit.strengths, fit.tie * factor) <= best + 1e-9


def test_which_side_an_answer_stood_on_changes_nothing() -> None:
    one = votes(random.Random(3), [0.0, 0.5, 1.0], 12, 6)
    turned: dict[Verdict, Verdict] = {"left": "right", "right": "left", "tie": "tie"}
    other = [Ballot(v.session, v.right, v.left, turned[v.verdict]) for v in one]
    for a, b in zip(
        rated(one, 50).scales[0].models, rated(other, 50).scales[0].models, strict=True
    ):
        assert (a.model, a.wins, a.losses, a.ties) == (b.model, b.wins, b.losses, b.ties)
        assert a.rating == pytest.approx(b.rating, abs=0.01)
        assert a.low == pytest.approx(b.low, abs=0.01)
    assert rated(one, 50) == rated(one, 50)


def test_models_that_no_votes_connect_are_on_scales_of_their_own() -> None:
    found = rated(
        [
            *given_votes("a", "b", ["left", "right", "left"]),
            *given_votes("b", "c", ["tie"]),
            *given_votes("x", "y", ["right"] * 2),
            *given_votes("a", "x", ["both_bad"]),  # it compares nothing
        ]
    )
    members = [{row.model for row in scale.models} for scale in found.scales]
    assert members == [{"a", "b", "c"}, {"x", "y"}]
    assert [scale.votes for scale in found.scales] == [4, 2]
    assert [(each.models, each.both_bad, each.votes) for each in found.both_bad] == [
        (("a", "x"), 1, 1)
    ]


def test_only_blind_votes_on_two_models_count() -> None:
    counted = given_votes("a", "b", ["left", "left", "tie", "both_bad"])
    others = [
        *given_votes("a", "b", ["right"] * 20, blind=False),
        *given_votes("a", "a", ["right"] * 5),
        *given_votes("c", "d", ["left"], blind=False),
    ]
    one, two = rated(counted), rated([*counted, *others])
    assert one.scales == two.scales
    (scale,) = two.scales
    best = scale.models[0]
    assert (best.model, best.votes, best.wins, best.losses, best.ties, best.both_bad) == (
        "a", 3, 2, 0, 1, 1,
    )  # fmt: skip
    assert (two.blind, two.not_blind, two.same_model) == (9, 21, 5)
    assert rated([]).scales == ()


def test_an_interval_needs_votes_from_several_sessions() -> None:
    verdicts: list[Verdict] = ["left", "right", "left", "tie", "left", "left"] * 4
    (few,) = rated(given_votes("a", "b", verdicts, sessions=4)).scales
    assert {(row.low, row.high) for row in few.models} == {(None, None)}
    (more,) = rated(given_votes("a", "b", verdicts, sessions=6)).scales
    for row in more.models:
        assert row.low is not None
        assert row.high is not None
        assert row.low < row.rating < row.high
    (undefeated,) = rated(given_votes("a", "b", ["left"] * 30, sessions=10)).scales
    assert all(math.isfinite(row.rating) for row in undefeated.models)


def test_the_order_is_recovered_and_intervals_hold_the_truth() -> None:
    """Fewer runs and draws than the benchmark of ratings, which has the figures."""
    held, ordered = coverage(
        [0.0, 0.7, 1.4, 2.1], runs=60, sessions=40, longest=9, draws=100, seed=5
    )
    assert 0.90 <= held <= 0.98
    assert ordered >= 0.9


def test_votes_of_the_library_become_ballots(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "library.sqlite3")
    sides = [Asked(None, "t:a"), Asked(None, "s:b")]
    kept, binned = store.create_session().id, store.create_session().id
    for session in (kept, kept, binned):
        turn, _ = store.begin_compared(
            session, Message("user", "?"), sides, blind=session == kept, order=[1, 0]
        )
        store.vote(turn.id, "left")
    store.bin_session(binned)
    assert ballots(store) == [Ballot(kept, "s:b", "t:a", "left", True)] * 2
    store.close()
