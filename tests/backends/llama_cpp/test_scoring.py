"""Log-probabilities and vectors of given text."""

import math

import pytest

from g4tui.core import G4tuiError
from support.local_engine import Local

pytestmark = pytest.mark.model
TEXT = (
    "The capital of France is Paris. The city lies on the river Seine, in the north of the "
    "country, and more than two million people live there."
)


def perplexity(local: Local, text: str) -> float:
    ids = local.engine.tokenize(text)
    scores = local.engine.score(ids, 1)
    assert len(scores) == len(ids) - 1
    assert all(score <= 0 for score in scores)
    return math.exp(-sum(scores) / len(scores))


def test_sense_is_likelier_than_nonsense(local: Local) -> None:
    sense = perplexity(local, TEXT)
    words = TEXT.split()
    nonsense = perplexity(local, " ".join(words[::-1]))
    assert 1.5 < sense < 30
    assert nonsense > 10 * sense


def test_probabilities_add_up_to_one(local: Local) -> None:
    model = local.engine._model
    ids = local.engine.tokenize("The capital of France is")
    likely = [
        local.engine.score([*ids, token], len(ids))[0]
        for token in model.tokenize(" Paris", special=False) + model.tokenize(" the", special=False)
    ]
    assert likely[0] > likely[1]
    assert sum(math.exp(score) for score in likely) < 1


def test_a_score_does_not_depend_on_where_it_begins(local: Local) -> None:
    """More than one batch of tokens, from the middle and from the beginning."""
    ids = local.engine.tokenize(TEXT * 5)
    assert len(ids) > 128
    everything = local.engine.score(ids, 1)
    for start in (100, 129, len(ids) - 1):
        assert local.engine.score(ids, start) == pytest.approx(everything[start - 1 :], abs=1e-3)


def test_scoring_spoils_no_conversation(local: Local) -> None:
    question = " ".join(f"Item {i}." for i in range(60))
    first = local.say(question, key="scored")
    local.engine.score(local.engine.tokenize(TEXT), 1)
    again = local.say(question, first.text, "Sure?", key="scored")
    assert again.evaluated < 20


def test_what_cannot_be_scored_is_refused(local: Local) -> None:
    for ids, start, kind in (
        ([1, 2], 0, "usage"),
        ([1, 2], 3, "usage"),
        ([1, 49_152], 1, "usage"),
        ([1, -1], 1, "usage"),
        ([1] * 1025, 1, "context"),
    ):
        with pytest.raises(G4tuiError) as raised:
            local.engine.score(ids, start)
        assert raised.value.info.kind == kind


def test_vectors_of_like_texts_are_alike(local: Local) -> None:
    cat, kitten, tax, empty = local.engine.embed(
        ["A cat sleeps on the sofa.", "A kitten naps on the couch.", "Tax law of 1987, part B", ""]
    )

    def likeness(one: list[float], other: list[float]) -> float:
        return sum(a * b for a, b in zip(one, other, strict=True))

    assert likeness(cat, cat) == pytest.approx(1.0, abs=1e-3)
    assert likeness(cat, kitten) > likeness(cat, tax)
    assert len(empty) == len(cat)
    assert local.say("Hello").text
