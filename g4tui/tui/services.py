"""What screens work with. Built off the UI thread after the first paint."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:  # before the first paint none of these may be imported
    from g4tui.config import Settings
    from g4tui.core.messages import Params
    from g4tui.engine import Chat, Runtime
    from g4tui.models import Library
    from g4tui.paths import Paths
    from g4tui.plugin import Plugins
    from g4tui.store import Store

P = ParamSpec("P")
R = TypeVar("R")


@dataclass
class Services:
    """The rooms behind the screens.

    `store` and `library` block: call them with `await in_thread(services.store.sessions)`.
    `runtime` and `chat` are asyncio and live on the UI's loop. `settings` is replaced when a
    setting is written.
    """

    paths: "Paths"
    settings: "Settings"
    store: "Store"
    plugins: "Plugins"
    library: "Library"
    runtime: "Runtime"
    chat: "Chat"


def _no_params() -> "Params":
    from g4tui.core.messages import Params

    return Params()


@dataclass(frozen=True)
class SessionOptions:
    """What the parameters screen edits: how one session is answered.

    `context` is the size to load the model with, in tokens; None: its default.
    """

    system: str = ""
    params: "Params" = field(default_factory=_no_params)
    context: int | None = None


async def in_thread(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a blocking call beside the UI's loop."""
    return await asyncio.to_thread(call, *args, **kwargs)
