"""Who may use which model now: one request a model, and only so many native models at once."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from g4tui.core import Cancel, ModelSpec


class Place:
    """One request's place in the queue for the model `key`; made by `Places.join`.

    `behind`: how many are before it. Once `wait` gave true the model is its own until it leaves.
    """

    def __init__(self, key: ModelSpec, native: bool) -> None:
        self.key = key
        self.native = native
        self.behind = 0
        self.granted = False
        self.moved = asyncio.Event()

    async def wait(self, cancel: Cancel) -> bool:
        """Until it is this one's turn; false when `cancel` comes before that."""
        loop = asyncio.get_running_loop()

        def called_off() -> None:
            with suppress(RuntimeError):  # the loop has ended: nobody waits
                loop.call_soon_threadsafe(self.moved.set)

        if not self.granted:
            cancel.on_request(called_off)
            await self.moved.wait()
        return self.granted and not cancel.requested


class Places:
    """The queue. First come, first served, but nobody waits for a model that another one wants.

    `native_at_once` models may compute on this machine together; `on_change` hears whenever one
    begins or ends. Lives on one event loop.
    """

    def __init__(self, native_at_once: int, on_change: Callable[[], None]) -> None:
        self._native_at_once = native_at_once
        self._on_change = on_change
        self._places: list[Place] = []

    def join(self, key: ModelSpec, *, native: bool) -> Place:
        """The end of the queue, or at once the model."""
        place = Place(key, native)
        self._places.append(place)
        self._move()
        if not place.granted:
            before = [each for each in self._places[:-1] if self._hinders(each, place)]
            place.behind = len(before)
        return place

    def leave(self, place: Place) -> None:
        """Give the model, or the place, up."""
        if place in self._places:
            self._places.remove(place)
            self._move(changed=place.granted and place.native)

    def serves(self, key: ModelSpec) -> bool:
        """Whether the model is somebody's now."""
        return any(place.granted and place.key == key for place in self._places)

    @property
    def native(self) -> list[ModelSpec]:
        """The models that compute on this machine now."""
        return [place.key for place in self._places if place.granted and place.native]

    def _move(self, changed: bool = False) -> None:
        taken = {place.key for place in self._places if place.granted}
        native = len(self.native)
        for place in self._places:
            full = place.native and native >= self._native_at_once
            if not (place.granted or place.key in taken or full):
                place.granted = True
                place.moved.set()
                taken.add(place.key)
                native += place.native
                changed |= place.native
        if changed:
            self._on_change()

    def _hinders(self, other: Place, place: Place) -> bool:
        return other.key == place.key or (other.native and place.native)
