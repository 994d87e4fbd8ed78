"""Stop strings: an answer ends before them, and no part of one is ever let out."""

from collections.abc import Sequence


class StopFilter:
    """Text goes in piece by piece and comes out when it cannot be part of a stop string any more.

    `hit` is true once a stop string was seen; everything from it on is dropped.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self.hit = False

    def push(self, text: str) -> str:
        """Take a piece; give what is safe to show."""
        if self.hit or not self._stops:
            return "" if self.hit else text
        held = self._held + text
        found = [(at + len(stop), at) for stop in self._stops if (at := held.find(stop)) >= 0]
        if found:  # the one that was complete first, however the text came in pieces
            self.hit, self._held = True, ""
            return held[: min(found)[1]]
        keep = max(_overlap(held, stop) for stop in self._stops)
        self._held = held[len(held) - keep :]
        return held[: len(held) - keep]

    def flush(self) -> str:
        """The answer is over: give what was held back."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, stop: str) -> int:
    """The longest end of `text` that begins `stop` without being all of it."""
    for size in range(min(len(text), len(stop) - 1), 0, -1):
        if text.endswith(stop[:size]):
            return size
    return 0
