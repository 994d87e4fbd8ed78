"""What is said of a vote on an answer without an end is what ratings and exports make of it."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from g4tui.core import Message
from g4tui.store import Asked, Store, Verdict
from g4tui.store.rows import State
from g4tui.votes import Harvest, ballots, rated
from g4tui.votes.caveats import caveat

ENDS: dict[str, tuple[State, str, Any]] = {
    "whole": ("complete", "So.", "stop"),
    "length": ("complete", "So and", "length"),
    "stopped": ("stopped", "So and", None),
    "interrupted": ("interrupted", "So and", None),
    "failed": ("failed", "So and", None),
    "empty": ("complete", " ", "stop"),
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "library.sqlite3")
    yield opened
    opened.close()


@pytest.mark.parametrize("verdict", ["left", "right", "tie", "both_bad"])
@pytest.mark.parametrize("blind", [False, True])
def test_it_says_what_becomes_of_the_vote(store: Store, blind: bool, verdict: Verdict) -> None:
    told: dict[str, tuple[str, bool]] = {}
    for left, right in product(ENDS, ENDS):
        session = store.create_session(model="a:teacher").id
        asked = [Asked(None, "a:teacher"), Asked(None, "a:student")]
        question = Message("user", f"{left} and {right}")
        turn, _ = store.begin_compared(session, question, asked, blind=blind)
        for answer, end in zip(turn.answers, (left, right), strict=True):
            state, text, reason = ENDS[end]
            text = f"{text} {answer}" if text.strip() else text
            store.finish_answer(answer, state, text, finish_reason=reason)
        vote = store.vote(turn.id, verdict)
        words = caveat(vote, store.turn(turn.id), *store.messages(vote.shown))
        assert vote.blind == blind  # what was blind is blind, though it may not count
        counts = blind and not {left, right} & {"interrupted", "failed", "empty"}
        told[f"votes-{turn.id}"] = (words, counts)
    exported = {row.id for row in Harvest(store, lambda model: "").preferences()}
    ratings = rated(ballots(store))
    rated_blind = ratings.blind

    decided = verdict in ("left", "right")
    for row, (words, counts) in told.items():
        assert (row in exported) == (decided and "not exported as a preference" not in words), words
        assert ("the vote counts in the ratings" in words) == (bool(words) and counts)
        assert ("does not count in the ratings" in words) == (blind and not counts)
    assert rated_blind == sum(counts for _, counts in told.values())
    assert bool(rated_blind) == blind
    left_out = len(told) - rated_blind
    assert (ratings.unfinished, ratings.not_blind) == ((left_out, 0) if blind else (0, left_out))


def test_it_does_not_promise_what_ratings_leave_out(store: Store) -> None:
    for models in (("a:one", "a:one"), ("a:one", "a:one", "a:two")):
        session = store.create_session(model="a:one").id
        asked = [Asked(None, model) for model in models]
        turn, _ = store.begin_compared(session, Message("user", "Q"), asked, blind=True)
        for answer in turn.answers:
            store.finish_answer(answer, "stopped", "So and")
        vote = store.vote(turn.id, "left")
        words = caveat(vote, store.turn(turn.id), *store.messages(vote.shown))
        assert "the vote is kept, but is not exported as a preference" in words
    assert not rated(ballots(store)).scales
