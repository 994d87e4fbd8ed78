"""Keeping house: sessions pinned, tagged, put away, deleted and had back."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple

from g4tui.tui.services import in_thread

if TYPE_CHECKING:
    from g4tui.store import SessionRow
    from g4tui.tui.flow import Flow

BIN_DAYS = 30


class Step(NamedTuple):
    """What was done to a session and can be undone. `was_open`: it was on the screen."""

    session: str
    title: str
    kind: Literal["deleted", "archived"]
    was_open: bool


class House:
    """What a person does to sessions as a whole. Failures are `G4tuiError`s."""

    def __init__(self, flow: "Flow") -> None:
        self._flow = flow
        self._store = flow.services.store
        self._steps: list[Step] = []

    async def pin(self, row: "SessionRow") -> bool:
        """Keep it at the top, or no longer; whether it is there now."""
        pinned = not row.pinned
        self._flow.updated(await in_thread(self._store.set_pinned, row.id, pinned))
        return pinned

    async def set_tags(self, row: "SessionRow", tags: Sequence[str]) -> None:
        """These tags and no others."""
        gone = [tag for tag in row.tags if tag not in tags]
        if gone:
            row = await in_thread(self._store.untag, row.id, *gone)
        if tags:
            row = await in_thread(self._store.tag, row.id, *tags)
        self._flow.updated(row)

    async def archive(self, row: "SessionRow") -> None:
        """Out of the list, where search still finds it."""
        await in_thread(self._store.set_archived, row.id)
        self._put_away(row, "archived")

    async def delete(self, row: "SessionRow") -> None:
        """Into the bin; what streams in it stops."""
        await self._flow.answering.turns.end(row.id)
        await in_thread(self._store.bin_session, row.id)
        self._put_away(row, "deleted")

    def _put_away(self, row: "SessionRow", kind: Literal["deleted", "archived"]) -> None:
        was_open = self._flow.conversation.id == row.id
        self._steps.append(Step(row.id, row.title, kind, was_open))
        if was_open:
            self._flow.begin()
        self._flow.sessions_changed()

    async def undo(self) -> Step | None:
        """Take back what was put away last, and say what it was."""
        if not self._steps:
            return None
        step = self._steps.pop()
        await self.take_back(step.session)
        return step

    async def take_back(self, session: str) -> None:
        """Into the list again, out of the bin or the archive."""
        row = await in_thread(self._store.session, session)
        if row.deleted is not None:
            await in_thread(self._store.restore_session, session)
        else:
            await in_thread(self._store.set_archived, session, False)
        self._steps = [step for step in self._steps if step.session != session]
        self._flow.sessions_changed()

    async def destroy(self, session: str) -> None:
        """Delete for good."""
        await in_thread(self._store.delete_session, session)
        await self._forget([session])

    async def empty_bin(self, older_than_s: float) -> int:
        """Delete for good what is in the bin for longer; how many that were."""
        gone = [row.id for row in await in_thread(self._store.empty_bin, older_than_s)]
        await self._forget(gone)
        return len(gone)

    async def look_after(self) -> None:
        """What is due: old things in the bin deleted for good, the daily backup."""
        from g4tui.background import in_daemon
        from g4tui.upkeep import look_after

        services = self._flow.services
        backups = services.settings.library.backups
        work = partial(look_after, self._store, services.paths, backups=backups)
        gone = await in_daemon(work, "g4tui upkeep")  # the program's end does not wait for a copy
        self._steps = [step for step in self._steps if step.session not in gone]

    async def _forget(self, sessions: Sequence[str]) -> None:
        from g4tui.engine import forget_conversation

        self._steps = [step for step in self._steps if step.session not in sessions]
        for session in sessions:
            await in_thread(forget_conversation, self._flow.services.paths.plugin_caches, session)

    async def set_private(self, row: "SessionRow", private: bool) -> None:
        """Never sent to another machine, never exported; or as others."""
        self._flow.updated(await in_thread(self._store.update_session, row.id, private=private))
