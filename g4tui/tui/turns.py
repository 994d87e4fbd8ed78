"""Answers that are being written: one a session, going on whatever is on screen."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from g4tui.core import Cancel, ErrorInfo

Told = TypeVar("Told")
Tells = TypeVar("Tells", contravariant=True)


class Listener(Protocol[Tells]):
    """Who draws what a turn tells."""

    def heard(self, turn: "Turn", event: Tells) -> None:
        """Every event, in order, on the loop."""

    def ended(self, turn: "Turn", error: "ErrorInfo | None") -> None:
        """It is over; with the error where the turn could not even be saved."""


class Turn:
    """One question's answers on their way. `session` is where it belongs; `cancel` stops it.

    `begun` is settled once it is known whether the turn was saved, before the model is loaded.
    """

    def __init__(self, session: str, cancel: "Cancel") -> None:
        self.session = session
        self.cancel = cancel
        self.answer_id: str | None = None
        self.task: asyncio.Task[None] | None = None
        self.begun: asyncio.Future[bool] = asyncio.get_running_loop().create_future()


class Turns:
    """Runs turns as tasks of the UI's loop."""

    def __init__(self) -> None:
        self._running: list[Turn] = []

    def of(self, session: str | None) -> Turn | None:
        """A turn that runs in a session."""
        return next((turn for turn in self._running if turn.session == session), None)

    @property
    def sessions(self) -> frozenset[str]:
        """Sessions in which something is being written."""
        return frozenset(turn.session for turn in self._running)

    def start(
        self,
        session: str,
        open_stream: "Callable[[Cancel], AsyncGenerator[Told]]",
        listener: Listener[Told],
    ) -> Turn:
        """Run a stream of events; whether another may run in the session is for the caller."""
        from g4tui.core import Cancel

        turn = Turn(session, Cancel())
        self._running.append(turn)
        turn.task = asyncio.create_task(self._run(turn, open_stream(turn.cancel), listener))
        return turn

    def stop(self, session: str | None) -> bool:
        """Ask the session's turns to stop; whether there was one."""
        asked = [turn for turn in self._running if turn.session == session]
        for turn in asked:
            turn.cancel.request()
        return bool(asked)

    async def end(self, session: str) -> None:
        """Stop the session's turns and wait until they are saved."""
        tasks = [turn.task for turn in self._running if turn.session == session and turn.task]
        self.stop(session)
        if tasks:
            await asyncio.wait(tasks)

    async def close(self, limit_s: float) -> None:
        """Stop everything and wait until it is saved; what takes longer is cancelled."""
        tasks = [turn.task for turn in self._running if turn.task is not None]
        for turn in list(self._running):
            turn.cancel.request()
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=limit_s)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=limit_s)

    async def _run(
        self, turn: Turn, stream: AsyncGenerator[Told], listener: Listener[Told]
    ) -> None:
        from g4tui.core import ErrorInfo, G4tuiError

        error: ErrorInfo | None = None
        try:
            async with aclosing(stream) as events:
                async for event in events:
                    listener.heard(turn, event)
                    if not turn.begun.done():  # the first event says that it was saved
                        turn.begun.set_result(True)
        except G4tuiError as failure:
            error = failure.info
        except Exception as failure:  # noqa: BLE001  (shown to the person, with its name)
            error = ErrorInfo(
                "internal",
                "The answer broke off",
                f"{type(failure).__name__}: {failure}",
                "Ask again. If it stays so, please report it.",
            )
        finally:
            self._running.remove(turn)
            if not turn.begun.done():
                turn.begun.set_result(False)
        listener.ended(turn, error)
