"""The teacher as a test asks it: one call, all events, and what was logged."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from g4tui.core import (
    AsyncEngine,
    Cancel,
    Event,
    Host,
    Message,
    ModelSpec,
    Params,
    Request,
)
from g4tui.testing.subject import Answer
from g4tui_openai.backend import OpenAIBackend
from g4tui_openai.options import Limits, Options, Price, Server

SECRET = "sk-very-secret-0123456789"
QUICK = Limits(
    connect_s=2.0, first_token_s=5.0, idle_s=5.0, total_s=10.0, usage_s=0.3, retry_base_s=0.01
)


@dataclass
class Teacher:
    """An open engine, asked on the test's loop."""

    backend: OpenAIBackend
    spec: ModelSpec
    options: Options
    host: Host
    log: list[str]
    _engine: AsyncEngine | None = None

    @property
    def engine(self) -> AsyncEngine:
        if self._engine is None:
            self._engine = self.backend.open(self.spec, self.options, self.host)
        return self._engine

    async def ask(
        self,
        text: str = "hello wide world",
        cancel: Cancel | None = None,
        on_event: Callable[[Event], None] | None = None,
        **params: object,
    ) -> Answer:
        """One request to its end."""
        request = Request((Message("user", text),), msgspec.convert(params, Params))
        heard = Answer()
        async with asyncio.timeout(30):
            async for event in self.engine.generate(request, cancel or Cancel()):
                heard.events.append(event)
                if on_event:
                    on_event(event)
        return heard

    async def close(self) -> None:
        await self.engine.close()


MakeTeacher = Callable[..., Teacher]


def quick_teacher(
    folder: Path,
    base_url: str,
    *,
    key: str | None = SECRET,
    retries: int = 2,
    model: str = "parrot",
    server: Server | None = None,
    prices: dict[str, Price] | None = None,
    **limits: float,
) -> Teacher:
    """One that gives up soon."""
    options = Options(
        servers={"here": server or Server(base_url)},
        prices=prices or {},
        find_local=False,
        max_retries=retries,
        limits=msgspec.structs.replace(QUICK, **limits),
    )
    log: list[str] = []
    host = Host(folder, secret=lambda name, origin: key, log=log.append)
    return Teacher(OpenAIBackend(), ModelSpec("openai", model, "here"), options, host, log)
