"""The models of a backend, whatever it does when it is asked for them."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import msgspec

from g4tui.background import in_daemon
from g4tui.core import Backend, G4tuiError, Host, ModelInfo

# A backend whose list takes longer is shown as not ready rather than waited for.
LIST_LIMIT_S = 4.0


async def models_of(
    backend: Backend[Any],
    opened: Callable[[], Awaitable[tuple[Host, msgspec.Struct]]],
    held: Collection[str],
) -> list[ModelInfo]:
    """What it lists; instead of an error one model that is not ready, named like the backend.

    `opened` gives its host and its options; `held` are the ids of models that are held back.
    """
    try:
        host, options = await opened()
        listed = await asyncio.wait_for(
            in_daemon(lambda: backend.models(host, options), "list models"), LIST_LIMIT_S
        )
    except G4tuiError as error:
        return [_not_ready(backend.name, error.info.title, error.info.remedy)]
    except TimeoutError:
        return [_not_ready(backend.name, "did not list its models in time", "Try again later.")]
    except Exception as error:  # noqa: BLE001  (a plugin may raise anything)
        return [_not_ready(backend.name, str(error), "See: g4tui plugins")]
    return [_held(model) if model.id in held else model for model in listed]


def _not_ready(backend: str, detail: str, remedy: str) -> ModelInfo:
    return ModelInfo(
        id=f"{backend}:",
        backend=backend,
        title=backend,
        ready=False,
        detail=detail,
        remedy=remedy,
    )


def _held(model: ModelInfo) -> ModelInfo:
    return msgspec.structs.replace(
        model,
        ready=False,
        detail="held back after two crashes",
        remedy=f"Release it with: g4tui models release {model.id}",
    )
