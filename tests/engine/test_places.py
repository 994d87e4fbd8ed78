"""The queue for native models: who computes, who waits, and how many threads each has."""

import asyncio

import pytest

from g4tui.core import Cancel, ModelSpec
from g4tui.engine.cores import shares
from g4tui.engine.places import Place, Places

A, B, C = (ModelSpec("native", name) for name in "ABC")


@pytest.fixture
def places() -> Places:
    return Places(2, lambda: None)


def granted(*places: Place) -> list[bool]:
    return [place.granted for place in places]


async def test_one_answer_a_model_at_a_time(places: Places) -> None:
    first, second, third = places.join(A), places.join(A), places.join(A)
    assert granted(first, second, third) == [True, False, False]
    assert (second.behind, third.behind) == (1, 2)
    places.leave(first)
    assert granted(second, third) == [True, False]


async def test_nobody_waits_for_a_model_that_only_another_wants(places: Places) -> None:
    first, second, other = places.join(A), places.join(A), places.join(B)
    assert granted(first, second, other) == [True, False, True]


async def test_a_third_model_waits_for_one_of_two(places: Places) -> None:
    first, second, third = places.join(A), places.join(B), places.join(C)
    assert granted(first, second, third) == [True, True, False]
    assert third.behind == 1
    places.leave(second)
    assert await asyncio.wait_for(third.wait(Cancel()), 10)


async def test_who_waits_can_be_called_off_and_holds_up_nobody(places: Places) -> None:
    first, second, third = places.join(A), places.join(A), places.join(A)
    cancel = Cancel()
    waiting = asyncio.create_task(second.wait(cancel))
    await asyncio.sleep(0)
    cancel.request()
    assert not await asyncio.wait_for(waiting, 10)
    places.leave(second)
    places.leave(first)
    assert granted(third) == [True]


async def test_leaving_twice_or_unserved_grants_no_place_too_many(places: Places) -> None:
    first, second, third = places.join(A), places.join(A), places.join(A)
    places.leave(second)
    places.leave(second)
    assert granted(first, third) == [True, False]


async def test_every_change_of_who_computes_is_told() -> None:
    seen: list[list[str]] = []
    places = Places(2, lambda: seen.append([spec.model for spec in places.working]))
    first, _, second = places.join(A), places.join(A), places.join(B)
    places.leave(second)
    places.leave(first)
    assert seen[:3] == [["A"], ["A", "B"], ["A"]]
    assert seen[-1] == ["A"]  # the one that waited


def test_cores_are_split_and_one_alone_has_them_all() -> None:
    assert shares(8, 1) == [None]
    assert shares(8, 2) == [4, 4]
    assert shares(7, 2) == [4, 3]
    assert shares(1, 2) == [1, 1]
    assert shares(8, 0) == []
