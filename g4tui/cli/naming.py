"""A model's name as people type it: one that lacks its backend is told whole."""

import asyncio
from typing import TYPE_CHECKING

from g4tui.core import G4tuiError, ModelSpec, parse_model
from g4tui.core.nearest import nearest

if TYPE_CHECKING:
    from g4tui.cli.app import App
    from g4tui.engine import Runtime


async def named_model(
    app: "App", runtime: "Runtime", name: str, *, context: int | None = None
) -> ModelSpec:
    """`parse_model`, whose error says which model was meant, where one has that name."""
    try:
        return parse_model(name, context=context)
    except G4tuiError as error:
        await asyncio.to_thread(app.load_plugins)
        listed = [model.id for model in await runtime.list_models()]
        meant = [each for each in listed if each.partition(":")[2] == name]
        if name.lower().endswith(".gguf"):
            meant.append(f"llama-cpp:{name}")
        if not meant:  # no plain name: the nearest one
            by_name = {each.partition(":")[2]: each for each in reversed(listed)}
            meant = [by_name[near]] if (near := nearest(name, by_name)) else []
        if not meant:
            raise
        told = error.info
        remedy = f"Did you mean {meant[0]}?"
        raise G4tuiError(told.kind, told.title, told.detail, remedy) from None


def check_name(app: "App", name: str) -> None:
    """The same for a command that opens no models: nothing is imported for a name that is whole."""
    try:
        parse_model(name)
    except G4tuiError:
        asyncio.run(_refuse(app, name))


async def _refuse(app: "App", name: str) -> None:
    from g4tui.cli.ask_turn import opened

    async with opened(app) as runtime:
        await named_model(app, runtime, name)
