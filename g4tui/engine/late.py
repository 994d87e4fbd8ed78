"""What the library could not take (an answer's end, a vote): held, and saved as soon as it can."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from g4tui.core import G4tuiError

RETRY_S = 1.0
Row = TypeVar("Row")


class LateSaves(Generic[Row]):
    """Tries again in the background until nothing is left; lives on one event loop.

    A save is a blocking call that returns the row it saved. They are done in the order in which
    they were given.
    """

    def __init__(self) -> None:
        self._saves: list[Callable[[], Row]] = []
        self._trying: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._heard_by: list[Callable[[Row], object]] = []

    @property
    def are_waiting(self) -> bool:
        """Whether something is held that is not saved yet."""
        return bool(self._saves)

    def tell(self, hear: Callable[[Row], object]) -> None:
        """Call `hear` with each row that was saved after all."""
        self._heard_by.append(hear)

    def hold(self, save: Callable[[], Row]) -> None:
        """Keep what could not be saved and save it when that is possible."""
        self._saves.append(save)
        if self._trying is None or self._trying.done():
            self._trying = asyncio.create_task(self._try_until_saved())

    async def now_or_later(self, save: Callable[[], Row]) -> Row | None:
        """Save after all that waits; `None` where it has to wait itself.

        Raises `G4tuiError`s of other kinds than `storage`, as `save` does.
        """
        async with self._turn:
            if await self._save_all():
                try:
                    return await asyncio.to_thread(save)
                except G4tuiError as error:
                    if error.info.kind != "storage":
                        raise
            self.hold(save)
            return None

    async def save(self) -> bool:
        """Try now; whether nothing is left."""
        async with self._turn:
            return await self._save_all()

    async def close(self) -> None:
        """The last chance, when the program ends."""
        if self._trying is not None:
            self._trying.cancel()
            await asyncio.wait([self._trying])
        await self.save()

    async def _save_all(self) -> bool:
        for save in list(self._saves):
            try:
                row = await asyncio.to_thread(save)
            except G4tuiError as error:
                if error.info.kind == "storage":
                    return False
                self._saves.remove(save)  # its session is gone: there is no place for it
            else:
                self._saves.remove(save)
                for hear in self._heard_by:
                    hear(row)
        return True

    async def _try_until_saved(self) -> None:
        await asyncio.sleep(RETRY_S)  # its turn tells of the failure first
        while not await self.save():
            await asyncio.sleep(RETRY_S)
