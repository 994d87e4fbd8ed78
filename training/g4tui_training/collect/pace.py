"""How fast to ask: buckets of requests and tokens, and a pause that a server asked for."""

import asyncio
from collections.abc import Awaitable, Callable

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[object]]


class Bucket:
    """Fills at `per_minute`, holds at most what comes in `burst_s` (and at least 1).

    Who takes more than it holds leaves a debt, so that the rate is kept in the long run.
    """

    def __init__(self, per_minute: int, burst_s: float = 1.0) -> None:
        self._rate = per_minute / 60.0
        self._size = max(1.0, self._rate * burst_s)
        self._level = self._size
        self._at: float | None = None

    def wait_s(self, amount: float, now: float) -> float:
        """Seconds until `amount` may be taken."""
        if self._at is not None:
            self._level = min(self._size, self._level + (now - self._at) * self._rate)
        self._at = now
        missing = min(amount, self._size) - self._level
        return max(0.0, missing / self._rate)

    def take(self, amount: float) -> None:
        """Take it; a negative amount gives back."""
        self._level = min(self._size, self._level - amount)


class Pace:
    """Lets requests through one after another, in the order in which they come."""

    def __init__(
        self,
        requests_per_minute: int | None,
        tokens_per_minute: int | None,
        clock: Clock,
        sleep: Sleep,
    ) -> None:
        self._requests = Bucket(requests_per_minute) if requests_per_minute else None
        self._tokens = Bucket(tokens_per_minute) if tokens_per_minute else None
        self._clock = clock
        self._sleep = sleep
        self._turn = asyncio.Lock()
        self._not_before = 0.0

    def hold(self, seconds: float) -> None:
        """Nobody asks for so long: the server wants it."""
        self._not_before = max(self._not_before, self._clock() + seconds)

    async def take(self, tokens: int) -> None:
        """Wait for one request of so many tokens."""
        async with self._turn:
            while (wait := self._wait_s(tokens)) > 0:
                await self._sleep(wait)
            if self._requests:
                self._requests.take(1)
            if self._tokens:
                self._tokens.take(tokens)

    def give_back(self, tokens: int) -> None:
        """It had so many fewer tokens than was thought."""
        if self._tokens:
            self._tokens.take(-tokens)

    def _wait_s(self, tokens: int) -> float:
        now = self._clock()
        wait = self._not_before - now
        if self._requests:
            wait = max(wait, self._requests.wait_s(1, now))
        if self._tokens:
            wait = max(wait, self._tokens.wait_s(tokens, now))
        return wait
