"""The models that stages use: any of g4tui's, opened as the chat opens them."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from g4tui.config import Settings, backend_options, load_settings
from g4tui.core import Backend, ModelSpec
from g4tui.engine import Runtime
from g4tui.keys import KeyRing
from g4tui.models import Library
from g4tui.paths import Paths
from g4tui.plugin import Plugins, load_plugins


@dataclass(frozen=True)
class Models:
    """A runtime, and what is known of its backends without opening a model."""

    plugins: Plugins
    settings: Settings
    runtime: Runtime

    def backend(self, spec: ModelSpec) -> Backend[Any]:
        """The backend of a model. Raises `G4tuiError`."""
        return self.plugins.backend(spec.backend)

    def options(self, spec: ModelSpec) -> msgspec.Struct:
        """The settings of its backend, checked. Raises `G4tuiError`."""
        return backend_options(self.settings, self.backend(spec))


@asynccontextmanager
async def opened_models(
    spec: ModelSpec,
    *,
    options: Mapping[str, object] = {},
    log: Callable[[str], None] = lambda line: None,
) -> AsyncIterator[Models]:
    """The person's models, with the person's settings and keys; all are closed in the end.

    `options` go over the settings of the backend of `spec`, those that it has.
    """
    paths = Paths.from_environment()
    settings = load_settings(paths).settings
    plugins = load_plugins(disabled=settings.plugins.disabled, log=log)
    if options:
        known = {
            field.name for field in msgspec.structs.fields(plugins.backend(spec.backend).options)
        }
        over = {name: value for name, value in options.items() if name in known}
        table = {**settings.backends.get(spec.backend, {}), **over}
        backends = {**settings.backends, spec.backend: table}
        settings = msgspec.structs.replace(settings, backends=backends)
    secret = KeyRing(paths).get
    runtime = Runtime(plugins, settings, paths, Library(paths), secret=secret, log=log)
    try:
        yield Models(plugins, settings, runtime)
    finally:
        await runtime.close()
