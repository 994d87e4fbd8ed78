"""All faults of the campaign by name."""

from collections.abc import Callable
from typing import NamedTuple

from torture.world import World

Act = Callable[[World], None]


class Fault(NamedTuple):
    """Something that goes wrong. `weight`: how often it comes beside the others."""

    name: str
    act: Act
    weight: int


FAULTS: dict[str, Fault] = {}


def fault(name: str, weight: int = 2) -> Callable[[Act], Act]:
    """Register a function that makes a fault, and what a person does then.

    It raises `AssertionError` where something does not come about, and `SkippedError` where the
    fault cannot be made here.
    """

    def register(act: Act) -> Act:
        assert name not in FAULTS, name
        FAULTS[name] = Fault(name, act, weight)
        return act

    return register
