"""The whole chat over real rooms, driven as a person drives it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from textual.events import Key
from textual.pilot import Pilot

from g4tui.tui.app import G4tuiApp
from g4tui.tui.screens.chat import ChatScreen
from g4tui.tui.services import Services
from support.rooms import Rooms, until
from support.screen_host import services_of, shown, told

if TYPE_CHECKING:
    from g4tui.store import MessageRow

MODEL = "scripted:parrot"


class Steps:
    """A gate for `ScriptedBackend`: each event of a stream waits to be let through."""

    def __init__(self) -> None:
        self._passes = asyncio.Semaphore(0)

    def let(self, count: int) -> None:
        """Let so many more events through."""
        for _ in range(count):
            self._passes.release()

    async def wait(self) -> None:
        """As the backend calls it."""
        await self._passes.acquire()


class Driven:
    """A running chat: `sees` waits for words on the screen, `toast` for words of a toast."""

    def __init__(self, app: G4tuiApp, pilot: Pilot[int], rooms: Rooms) -> None:
        self.app = app
        self.pilot = pilot
        self.rooms = rooms

    @property
    def chat(self) -> ChatScreen:
        """The chat screen."""
        assert self.app.chat is not None
        return self.app.chat

    @property
    def shown(self) -> str:
        """The screen as text."""
        return shown(self.app)

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait for a condition."""
        try:
            await until(condition)
        except TimeoutError:
            raise AssertionError(f"it did not come about; the screen:\n{self.shown}") from None

    async def sees(self, *wanted: str) -> str:
        """Wait until all of these are on the screen."""
        return await self._looked(lambda seen: all(each in seen for each in wanted))

    async def misses(self, *unwanted: str) -> str:
        """Wait until none of these is on the screen."""
        return await self._looked(lambda seen: not any(each in seen for each in unwanted))

    async def _looked(self, condition: Callable[[str], bool]) -> str:
        """What was on the screen when it first fitted; to draw it is what a look costs."""
        seen = [""]

        def look() -> bool:
            seen[0] = self.shown
            return condition(seen[0])

        await self.until(look)
        return seen[0]

    async def toast(self, wanted: str) -> None:
        """Wait for a toast."""
        await self.until(lambda: wanted in told(self.app))

    async def press(self, *keys: str) -> None:
        """Press keys, and let them act."""
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type text into what has the focus."""
        for letter in text:
            self.app.post_message(Key("space" if letter == " " else letter, letter))
        await self.pilot.pause()

    async def ask(self, text: str) -> None:
        """Put a question into the prompt and send it."""
        self.chat.prompt_box.prompt.focus()
        self.chat.prompt_box.prompt.insert(text)
        await self.press("enter")

    async def answered(self, count: int) -> "list[MessageRow]":
        """Wait until the newest session has so many messages, the last one whole; its line."""
        await self.until(lambda: self.whole(count))
        return self.line

    def whole(self, count: int) -> bool:
        """Whether it has, and nothing runs any more."""
        line = self.line
        running = self.chat.answering.turns.sessions
        return len(line) == count and line[-1].state != "streaming" and not running

    @property
    def line(self) -> "list[MessageRow]":
        """The messages of the session that was changed last."""
        sessions = self.rooms.store.sessions(limit=1)
        return self.rooms.store.path(sessions[0].id) if sessions else []

    async def to_transcript(self) -> None:
        """Put the focus where letters act."""
        if not self.chat.transcript.has_focus:
            self.chat.prompt_box.prompt.focus()
            await self.press("tab")
        await self.until(lambda: self.chat.transcript.has_focus)


@asynccontextmanager
async def driven_chat(
    rooms: Rooms,
    *,
    size: tuple[int, int] = (100, 30),
    session: str = "",
    model: str = MODEL,
    few_colours: bool = False,
    notifications: bool = False,
    open_services: Callable[[], Services] | None = None,
) -> AsyncIterator[Driven]:
    """The application, its services open."""
    services = services_of(rooms)
    opened = open_services or (lambda: services)
    app = G4tuiApp(opened, model=model, session=session, few_colours=few_colours)
    async with app.run_test(size=size, notifications=notifications) as pilot:
        driven = Driven(app, pilot, rooms)
        if open_services is None:
            await driven.until(lambda: driven.chat.flow is not None)
        yield driven
        await driven.chat.answering.turns.close(5)
