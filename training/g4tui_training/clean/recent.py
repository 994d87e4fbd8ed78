"""What was fetched lately."""

from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """The last few results of `fetch`, by number. (`lru_cache` on a method keeps the object.)"""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: dict[int, Value] = {}

    def get(self, number: int, fetch: Callable[[int], Value]) -> Value:
        """What `fetch(number)` gives, or gave."""
        found = self._held.get(number)
        if found is None:
            found = fetch(number)
            if len(self._held) >= self._size:
                self._held.pop(next(iter(self._held)))
            self._held[number] = found
        return found
