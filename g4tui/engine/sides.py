"""The sides of a comparison: who answers, from where in the session, and in which order shown."""

import random
from collections import Counter
from collections.abc import Sequence

import msgspec

from g4tui.core import ModelSpec, Params
from g4tui.store import TurnRow


class Side(msgspec.Struct, frozen=True):
    """One model of a comparison, and how it samples (over the session's parameters)."""

    spec: ModelSpec
    params: Params = Params()


def varied(params: Sequence[tuple[str, Params]]) -> list[Params]:
    """The same, but two samples of one model (its id is beside) do not share a fixed seed."""
    seen: Counter[str] = Counter()
    chosen: list[Params] = []
    for model, each in params:
        if each.seed is not None:
            each = msgspec.structs.replace(each, seed=each.seed + seen[model])
        seen[model] += 1
        chosen.append(each)
    return chosen


def parents(
    models: Sequence[str], head: str | None, answers: Sequence[tuple[str, str]]
) -> list[str | None]:
    """The message that each of `models` goes on from: each keeps its own line.

    `answers` are (model, message) of the turn that the session stands at. A model that had no part
    in it goes on from `head`. The second sample of a model follows its second.
    """
    left = list(answers)
    found: list[str | None] = []
    for model in models:
        mine = next((answer for answer in left if answer[0] == model), None)
        if mine is not None:
            left.remove(mine)
        found.append(mine[1] if mine is not None else head)
    return found


def better(turn: TurnRow) -> str:
    """The answer that won most votes, else the one on the left."""
    wins = Counter(
        vote.shown[vote.verdict == "right"]
        for vote in turn.votes
        if vote.verdict in ("left", "right")
    )
    return max(turn.shown, key=lambda answer: wins[answer])  # of equals the first


def shuffled(count: int, chance: random.Random) -> list[int]:
    """An order in which to show so many answers, each as likely as any other."""
    order = list(range(count))
    chance.shuffle(order)
    return order
