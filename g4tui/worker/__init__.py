"""Native backends in a process of their own: what the engine uses of it.

The names are imported when first asked for: the child imports this package too, and has no need of
asyncio.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from g4tui.worker.dialogue import Limits
    from g4tui.worker.exits import WorkerExit
    from g4tui.worker.host import HostConfig, Worker

__all__ = ["HostConfig", "Limits", "Worker", "WorkerExit"]


def __getattr__(name: str) -> object:
    if name in __all__:
        from g4tui.worker import host

        return getattr(host, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
