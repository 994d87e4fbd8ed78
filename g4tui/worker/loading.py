"""From a load message to an open engine, in the child."""

import importlib
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from g4tui.core import Backend, Engine, G4tuiError, Host
from g4tui.worker.protocol import Load

PROGRESS_EVERY_S = 0.02
LOG_LINE_LENGTH = 2000


def open_engine(load: Load, tell: Callable[[int, int], None]) -> Engine:
    """The engine that `load` asks for; `tell(done, total)` hears how far it is.

    Raises `G4tuiError`, or whatever the plugin raises.
    """
    progress = _Progress(tell)
    backend = find_backend(load.backend, load.module)
    if backend.runs != "worker":
        raise G4tuiError("internal", f"The backend {load.backend} does not run in a worker")
    try:
        options = msgspec.convert(load.options, backend.options)
    except msgspec.ValidationError as error:
        raise G4tuiError(
            "config",
            f"A setting of {load.backend} is wrong",
            f"[backends.{load.backend}]: {error}",
            "See the settings with: g4tui config show",
        ) from error
    host = Host(
        cache_dir=Path(load.cache_dir),
        model_files=load.model_files,
        threads=load.threads,
        log=log,
        progress=progress,
    )
    try:
        engine = backend.open(load.spec, options, host)
    finally:
        progress.over = True
    if not isinstance(engine, Engine):
        raise G4tuiError(
            "plugin",
            f"The backend {load.backend} does not work",
            f"It opened a {type(engine).__name__}, which is not an Engine.",
            "Tell its author.",
        )
    return engine


def find_backend(name: str, module: str | None) -> Backend[Any]:
    """The backend by its entry point, the only one that is loaded, or from a named module."""
    if module is None:
        from g4tui.plugin import load_plugins

        return load_plugins().backend(name)
    found: list[Backend[Any]] = importlib.import_module(module).g4tui_register_backends()
    for backend in found:
        if backend.name == name:
            return backend
    raise G4tuiError("plugin", f"The module {module} has no backend {name}")


def log(line: str) -> None:
    """Write one line to the log, which is what this process prints."""
    text = " ".join(line.splitlines())[:LOG_LINE_LENGTH]
    with suppress(OSError):  # a full disk must not end an answer
        print(text, file=sys.stderr, flush=True)  # noqa: T201


class _Progress:
    """Lets through what a person can see: each thousandth once, and not too many a second."""

    def __init__(self, tell: Callable[[int, int], None]) -> None:
        self._tell = tell
        self._last = (-1, 0.0)
        self.over = False

    def __call__(self, done: int, total: int) -> None:
        part, now = int(done * 1000 // max(total, 1)), time.monotonic()
        last_part, last_time = self._last
        if self.over or part == last_part or (now - last_time < PROGRESS_EVERY_S and done < total):
            return
        self._last = (part, now)
        self._tell(int(done), int(total))
