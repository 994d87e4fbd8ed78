"""Answers that the library could not take: held, and saved as soon as it can."""

import asyncio
from collections.abc import Callable

from g4tui.core import G4tuiError
from g4tui.engine.draft import AnswerDraft
from g4tui.store import MessageRow

RETRY_S = 1.0


class LateSaves:
    """Tries again in the background until nothing is left; lives on one event loop.

    `on_saved` hears each row that was saved after all.
    """

    def __init__(self) -> None:
        self._drafts: list[AnswerDraft] = []
        self._trying: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self.on_saved: Callable[[MessageRow], object] = lambda row: None

    def hold(self, draft: AnswerDraft) -> None:
        """Keep an answer and save it when that is possible."""
        self._drafts.append(draft)
        if self._trying is None or self._trying.done():
            self._trying = asyncio.create_task(self._try_until_saved())

    async def save(self) -> bool:
        """Try now; whether nothing is left."""
        async with self._turn:
            for draft in list(self._drafts):
                try:
                    row = await asyncio.to_thread(draft.finish_now)
                except G4tuiError as error:
                    if error.info.kind == "storage":
                        return False
                    self._drafts.remove(draft)  # its session is gone: there is no place for it
                else:
                    self._drafts.remove(draft)
                    self.on_saved(row)
        return True

    async def close(self) -> None:
        """The last chance, when the program ends."""
        if self._trying is not None:
            self._trying.cancel()
            await asyncio.wait([self._trying])
        await self.save()

    async def _try_until_saved(self) -> None:
        await asyncio.sleep(RETRY_S)  # its turn tells of the failure first
        while not await self.save():
            await asyncio.sleep(RETRY_S)
