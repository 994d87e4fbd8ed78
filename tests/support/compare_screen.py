"""The compare screen over scripted models: each has its own answers, its own gate."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from g4tui.config import Settings
from g4tui.config.settings import CompareSettings
from g4tui.core import AsyncEngine, Cancel, Event, Host, ModelSpec, NoOptions, Request
from g4tui.store import VoteRow
from g4tui.store.store import BUSY_S
from g4tui.testing import ScriptedBackend
from g4tui.testing.scripted import Script, ScriptedEngine
from g4tui.tui.screens.compare import CompareScreen
from support.chat_app import Driven, Steps, driven_chat
from support.rooms import Rooms, make_rooms

TEACHER, STUDENT = "scripted:teacher", "scripted:student"
TEACHES, LEARNS = "A careful answer.", "A quick answer."
HINTS = ("scripted", "teacher", "student", "tok/s", "first 0", " tok ", "$", "Plug", "example.org")
"""What must not be seen while names are hidden."""


class SeveralModels(ScriptedBackend):
    """`scripts`: the answers of each model. `gates`: each event of such a model waits."""

    def __init__(self, scripts: Mapping[str, Sequence[Script]], **named: Any) -> None:
        super().__init__(models=list(scripts), **named)
        self.parts = {name: ScriptedBackend(each) for name, each in scripts.items()}
        self.gates: dict[str, Steps] = {}
        self.asked: list[str] = []
        self.prompts: dict[str, list[Request]] = {name: [] for name in scripts}

    def open(self, spec: ModelSpec, options: NoOptions, host: Host) -> AsyncEngine:
        return _Engine(self, spec.model)


class _Engine(ScriptedEngine):
    def __init__(self, backend: SeveralModels, model: str) -> None:
        super().__init__(backend)
        self._all = backend
        self._model = model

    async def generate(self, request: Request, cancel: Cancel) -> AsyncIterator[Event]:
        part = self._all.parts[self._model]
        part.context = self.context
        self._all.asked.append(self._model)
        self._all.prompts[self._model].append(request)
        part.gate = _Gate(self._all.gates[self._model], cancel) if self._gated else None
        async for event in ScriptedEngine(part).generate(request, cancel):
            yield event

    @property
    def _gated(self) -> bool:
        return self._model in self._all.gates


class _Gate:
    """Opens with the steps, or when the answer is to stop."""

    def __init__(self, steps: Steps, cancel: Cancel) -> None:
        self._steps = steps
        self._stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        cancel.on_request(lambda: loop.call_soon_threadsafe(self._stopped.set))

    async def wait(self) -> None:
        waits = [asyncio.create_task(each.wait()) for each in (self._steps, self._stopped)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for each in waits:
            each.cancel()


def compare_rooms(
    home: Path,
    scripts: Mapping[str, Sequence[Script]],
    *,
    busy_s: float = BUSY_S,
    **named: Any,
) -> Rooms:
    """Rooms with these models; the first two are teacher and student."""
    rooms = make_rooms(home, SeveralModels(scripts, **named), busy_s=busy_s)
    teacher, student = [f"scripted:{name}" for name in list(scripts)[:2]]
    rooms.settings = Settings(compare=CompareSettings(teacher, student))
    return rooms


class Comparison(Driven):
    """The running screen."""

    @property
    def screen(self) -> CompareScreen:
        """It."""
        assert self.app.compare is not None
        return self.app.compare

    @property
    def models(self) -> SeveralModels:
        """The scripted models."""
        assert isinstance(self.rooms.backend, SeveralModels)
        return self.rooms.backend

    async def put(self, text: str) -> None:
        """Type a question and send it."""
        self.screen.prompt_box.prompt.focus()
        self.screen.prompt_box.prompt.insert(text)
        await self.press("enter")

    async def done(self, turns: int = 1) -> None:
        """Wait until so many turns are there and nothing is being written of the last one."""
        await self.until(lambda: self._is_quiet and self._turns() == turns)

    @property
    def _is_quiet(self) -> bool:
        compared = self.screen.comparing.compared
        return compared is not None and compared.row is not None and not compared.writing

    def _turns(self) -> int:
        """How many there are, once the last one is in view."""
        turns = self.rooms.store.turns()
        compared = self.screen.comparing.compared
        in_view = compared.row.id if compared is not None and compared.row is not None else ""
        return len(turns) if turns and turns[-1].id == in_view else 0

    def pane(self, place: int) -> str:
        """What stands in a pane."""
        return self.screen.panes[place].transcript.plain

    def title(self, place: int) -> str:
        """What a pane is called."""
        return self.screen.panes[place].name_shown


@asynccontextmanager
async def comparing(
    rooms: Rooms,
    *,
    size: tuple[int, int] = (120, 24),
    session: str = "",
    before: Callable[[], None] = lambda: None,
) -> AsyncIterator[Comparison]:
    """The application with the compare screen open."""
    async with driven_chat(rooms, size=size, session=session, model=STUDENT) as ui:
        if session:
            await ui.until(lambda: ui.chat.conversation.id == session)
        before()
        await ui.press("ctrl+t")
        screen = Comparison(ui.app, ui.pilot, rooms)
        await screen.sees("Compare")
        await screen.until(lambda: bool(screen.screen.comparing.models) and screen.title(1))
        yield screen


def two(home: Path, **named: Any) -> Rooms:
    """A teacher and a student, each with an answer of its own."""
    return compare_rooms(home, {"teacher": [TEACHES], "student": [LEARNS]}, **named)


def saved_vote(ui: Comparison) -> VoteRow | None:
    """The vote on the pair in view, once it is saved."""
    given = ui.screen.comparing.given(ui.screen.pair)
    return given.row if given is not None else None
