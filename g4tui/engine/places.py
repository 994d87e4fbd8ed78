"""Who may compute on this machine now: one answer a model, and only so many models at once."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from g4tui.core import Cancel, ModelSpec


class Place:
    """One request's place in the queue for the model `key`; made by `Places.join`.

    `behind`: how many were before it. Once `wait` gave true the model is its own until it leaves.
    """

    def __init__(self, key: ModelSpec) -> None:
        self.key = key
        self.behind = 0
        self.granted = False
        self._moved = asyncio.Event()

    async def wait(self, cancel: Cancel) -> bool:
        """Until it is this one's turn; false when `cancel` comes before that."""
        loop = asyncio.get_running_loop()

        def called_off() -> None:
            with suppress(RuntimeError):  # the loop has ended: nobody waits
                loop.call_soon_threadsafe(self._moved.set)

        if not self.granted:
            cancel.on_request(called_off)
            await self._moved.wait()
        return self.granted and not cancel.requested

    def grant(self) -> None:
        """It is this one's turn."""
        self.granted = True
        self._moved.set()


class Places:
    """The queue of native models; what a server computes needs no place here.

    First come, first served, but nobody waits for a model that only another one wants. `at_once`
    models may compute together; `on_change` hears whenever one begins or ends. Lives on one loop.
    """

    def __init__(self, at_once: int, on_change: Callable[[], None]) -> None:
        self._at_once = at_once
        self._on_change = on_change
        self._places: list[Place] = []

    def join(self, key: ModelSpec) -> Place:
        """The end of the queue, or the model at once."""
        place = Place(key)
        self._places.append(place)
        self._move()
        if not place.granted:
            mine = sum(other.key == key for other in self._places) - 1
            place.behind = mine or len(self._places) - self._at_once
        return place

    def leave(self, place: Place) -> None:
        """Give the model, or the place, up."""
        if place in self._places:
            self._places.remove(place)
            self._move()
            if place.granted:
                self._on_change()

    @property
    def working(self) -> list[ModelSpec]:
        """The models that are somebody's now."""
        return [place.key for place in self._places if place.granted]

    def _move(self) -> None:
        working = self.working
        for place in self._places:
            if not place.granted and place.key not in working and len(working) < self._at_once:
                place.grant()
                working.append(place.key)
                self._on_change()
