"""What commands share: the global options, and the rooms behind them, opened when first asked."""

import os
import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:  # each is imported by the command that needs it
    from g4tui.config import Loaded, Settings
    from g4tui.core import ErrorInfo
    from g4tui.engine import Runtime
    from g4tui.keys import KeyRing
    from g4tui.models import Library
    from g4tui.paths import Paths
    from g4tui.plugin import Plugins
    from g4tui.store import Store


class App:
    """One run of the command line. `close` after use."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self.json = False
        self.debug = False
        self.no_plugins = False
        self.plugin_command = ""  # the one that runs, where it is a plugin's
        self._environ = environ
        self._closing: list[Callable[[], None]] = []

    @cached_property
    def paths(self) -> "Paths":
        """Where things lie."""
        from g4tui.paths import Paths

        return Paths.from_environment(self._environ)

    @cached_property
    def loaded(self) -> "Loaded":
        """The settings with their origins; raises for a broken file."""
        from g4tui.config import load_settings

        return load_settings(self.paths)

    @property
    def settings(self) -> "Settings":
        """The settings; raises for a broken file."""
        return self.loaded.settings

    def assume_defaults(self) -> None:
        """Go on as if no setting was made."""
        from g4tui.config import Loaded, Settings

        self.loaded = Loaded(Settings(), {})

    @cached_property
    def plugins(self) -> "Plugins":
        """The installed plugins, none of them imported."""
        from g4tui.plugin import load_plugins

        return load_plugins(
            disabled=self.settings.plugins.disabled,
            enabled=not self.no_plugins,
            environ=self._environ,
            log=self.note,
        )

    @cached_property
    def keys(self) -> "KeyRing":
        """API keys."""
        from g4tui.keys import KeyRing

        return KeyRing(self.paths, self._environ)

    @cached_property
    def library(self) -> "Library":
        """The model files."""
        from g4tui.models import Library

        return Library(self.paths)

    @cached_property
    def store(self) -> "Store":
        """The saved sessions. What a g4tui that is gone left streaming counts as interrupted."""
        from g4tui.store import Store

        store = Store.open(self.paths.database)
        self._closing.append(store.close)
        store.recover()
        return store

    def look_after_library(self) -> None:
        """What is due in a library that was opened: told on stderr where it fails."""
        if "store" not in self.__dict__:
            return
        from g4tui.core import G4tuiError
        from g4tui.upkeep import look_after

        try:
            look_after(self.store, self.paths, backups=self.settings.library.backups)
        except G4tuiError as error:
            self.note(str(error))

    def runtime(self, paths: "Paths | None" = None) -> "Runtime":
        """A new one; it belongs to the event loop that uses it. `paths`: in place of the usual."""
        from g4tui.engine import Runtime

        return Runtime(
            self.plugins,
            self.settings,
            paths or self.paths,
            self.library,
            secret=self.keys.get,
            log=self.note if self.debug else lambda line: None,
        )

    def load_plugins(self) -> None:
        """Load all of them. What a plugin prints meanwhile goes to stderr: stdout is for output."""
        from contextlib import redirect_stdout

        with redirect_stdout(sys.stderr):
            self.plugins.load_all()

    def say(self, text: str = "") -> None:
        """A line (or several) of output for people."""
        from g4tui.sanitize import clean

        sys.stdout.write(clean(text) + "\n")

    def emit(self, value: object) -> None:
        """`value` (plain types and structs) as JSON, which is safe for terminals as it is."""
        from g4tui.cli.output import as_json

        sys.stdout.write(as_json(value, indented=sys.stdout.isatty()) + "\n")

    def note(self, text: str) -> None:
        """A diagnostic, to stderr."""
        from g4tui.sanitize import clean

        sys.stdout.flush()
        sys.stderr.write(clean(text.rstrip("\n")) + "\n")
        sys.stderr.flush()

    def redacted(self, text: str) -> str:
        """`text` without keys."""
        return self.keys.redacted(text)

    def report(self, info: "ErrorInfo") -> None:
        """Tell an error: on stderr for people, as an object on stdout with `--json`."""
        from g4tui.cli.output import error_object

        if self.json:
            self.emit({"error": error_object(info, self.redacted)})
            return
        self.note(self.redacted(str(info)))

    def close(self) -> None:
        """Close what was opened."""
        while self._closing:
            self._closing.pop()()


def get_app(context: click.Context) -> App:
    """The `App` of this command line."""
    return context.ensure_object(App)


pass_app = click.make_pass_decorator(App, ensure=True)
