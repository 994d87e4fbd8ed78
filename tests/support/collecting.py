"""A collection in this process, from a scripted teacher or a server, without waiting."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from g4tui.config import Settings
from g4tui.core import Backend, parse_model
from g4tui.engine import Runtime
from g4tui.models import Library
from g4tui.paths import Paths
from g4tui.plugin import load_plugins
from g4tui_training.collect.collecting import Collecting
from g4tui_training.collect.teacher import teacher_of
from g4tui_training.models import Models
from g4tui_training.stages import Context
from support.pairs import read_rows, write_rows
from support.rooms import plugin_of


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        until = self.now + seconds
        await asyncio.sleep(0)
        self.now = max(self.now, until)


def ask_rows(count: int, start: int = 0) -> list[dict[str, Any]]:
    """Prompts that nobody answered."""
    return [
        {"id": f"q/{n}", "source": "q", "licence": "MIT", "prompt": f"question number {n}"}
        for n in range(start, start + count)
    ]


@dataclass
class Collected:
    """What one run left."""

    counts: dict[str, Any]
    context: Context
    clock: Clock
    said: list[str]

    @property
    def pairs(self) -> list[dict[str, Any]]:
        return read_rows(self.context.run.pairs)

    @property
    def failed(self) -> list[dict[str, Any]]:
        return read_rows(self.context.run.failed)

    @property
    def journal(self) -> list[dict[str, Any]]:
        return journal_of(self.context.run.journal)


def journal_of(file: Path) -> list[dict[str, Any]]:
    """The lines of a journal that are whole."""
    found = []
    for line in file.read_bytes().split(b"\n"):
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


@dataclass
class Collector:
    """Runs collections in one run folder, with one backend."""

    context: Context
    backend: Backend[Any]
    tables: dict[str, dict[str, object]] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    said: list[str] = field(default_factory=list)
    agree: bool = True

    def prompts(self, rows: Iterable[object]) -> None:
        write_rows(self.context.run.prompts, rows)

    def recipe(self, **changes: object) -> None:
        """Change the recipe's table `collect`."""
        recipe = self.context.recipe
        collect = msgspec.structs.replace(recipe.collect, **changes)
        recipe = msgspec.structs.replace(recipe, collect=collect)
        self.context = Context(recipe, self.context.folder, self.context.run)

    def run(self, *, batch: bool = False) -> Collected:
        """One run, to its end."""
        return asyncio.run(self.arun(batch=batch))

    async def arun(self, *, batch: bool = False) -> Collected:
        context = Context(
            self.context.recipe,
            self.context.folder,
            self.context.run,
            say=self.said.append,
            confirm=lambda question: self.agree,
            cancel=self.context.cancel,
        )
        home = self.context.folder / "home"
        paths = Paths(home / "config", home / "data", home / "cache")
        settings = Settings(backends=self.tables)
        plugins = load_plugins(extra={self.backend.name: plugin_of(self.backend)})
        runtime = Runtime(plugins, settings, paths, Library(paths))
        spec = parse_model(context.recipe.collect.teacher)
        try:
            teacher = teacher_of(spec, Models(plugins, settings, runtime), context.recipe.collect)
            collecting = Collecting(
                context, teacher, batch, 0.01, clock=self.clock, sleep=self.clock.sleep
            )
            counts = await collecting.run()
        finally:
            await runtime.close()
        return Collected(counts, context, self.clock, self.said)
