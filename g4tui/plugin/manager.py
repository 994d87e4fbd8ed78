"""All plugins of one run of the application."""

import os
import threading
from collections.abc import Callable, Collection, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

import msgspec
import pluggy

from g4tui.core import Backend, ErrorInfo, G4tuiError, Request
from g4tui.core.nearest import did_you_mean
from g4tui.plugin import hookspecs
from g4tui.plugin.calls import TurnHooks
from g4tui.plugin.exchange import Exporter, Importer
from g4tui.plugin.loading import Loading, Registered, plugin_error
from g4tui.plugin.report import PluginReport
from g4tui.plugin.sources import Source, given_sources, installed_sources, without_repetition
from g4tui.plugin.turns import FinishedTurn

if TYPE_CHECKING:
    import click

DISABLED_VARIABLE = "G4TUI_DISABLED_PLUGINS"
# Imports run one after another where they can, since concurrent ones may meet half-made modules.
_PATIENCE_S = 0.5


def load_plugins(
    *,
    disabled: Collection[str] = (),
    enabled: bool = True,
    extra: Mapping[str, ModuleType | object] = {},
    environ: Mapping[str, str] = os.environ,
    log: Callable[[str], None] = lambda line: None,
) -> "Plugins":
    """The plugins that are installed, none of them imported yet.

    `disabled` are names; those in `$G4TUI_DISABLED_PLUGINS` (separated by commas or spaces) are
    added. `enabled=False` leaves only the plugins that come with g4tui itself. `extra` maps names
    to modules that stand beside the installed ones. `log` is told what hooks do wrong, from any
    thread.
    """
    by_environment = environ.get(DISABLED_VARIABLE, "").replace(",", " ").split()
    return Plugins(
        [*given_sources(extra), *installed_sources()],
        disabled={*disabled, *by_environment},
        only_ours=not enabled,
        log=log,
    )


class Plugins:
    """What is installed and what of it was loaded; safe from any thread."""

    def __init__(
        self,
        sources: list[Source],
        *,
        disabled: Collection[str] = (),
        only_ours: bool = False,
        log: Callable[[str], None] = lambda line: None,
    ) -> None:
        first, self._late = without_repetition(sources)
        self._off = {
            name: source
            for name, source in first.items()
            if name in disabled or (only_ours and source.distribution and not source.ours)
        }
        self._loadings = {
            name: Loading(source) for name, source in first.items() if name not in self._off
        }
        self._only_ours = only_ours
        self._log = log
        self._lock = threading.Lock()
        self._loaded: dict[str, Registered] = {}
        self._reports: dict[str, PluginReport] = {}
        self._complaints: dict[str, ErrorInfo] = {}
        self._awaited: set[str] = set()
        self._turn_hooks = TurnHooks(self._complain)
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)

    def backend_names(self) -> list[str]:
        """The names that may be backends: those of all entry points that are not switched off."""
        return list(self._loadings)

    def backend(self, name: str) -> Backend[Any]:
        """The backend of that name; loads its plugin and no other.

        Raises `G4tuiError`: `usage` for an unknown or disabled name, `missing` where something is
        not installed, `plugin` for a plugin that does not work.
        """
        if name not in self._loadings:
            raise self._unknown(name)
        report, registered = self._load(name)
        if registered is None:
            assert report.error is not None
            raise G4tuiError.of(report.error)
        if not registered.backends:
            raise G4tuiError("usage", f"{name} is a plugin without a backend", "", _NAMES)
        return registered.backends[0]

    def load_all(self) -> None:
        """Load every plugin; takes 5 s and a little at the worst, however many hang."""
        self._load_all_of(list(self._loadings))

    def begin_to_load_others(self) -> None:
        """Load the plugins that did not come with g4tui, in the background.

        Their hooks may be for every turn, whatever the backend: `prepare_turn` waits for them.
        """
        names = [name for name, loading in self._loadings.items() if not loading.source.ours]
        if names:
            self._await(names)
            threading.Thread(
                target=self._load_all_of, args=(names,), name="g4tui plugins", daemon=True
            ).start()

    def backends(self) -> list[Backend[Any]]:
        """Those of the plugins that were loaded."""
        return [each for plugin in self._registered() for each in plugin.backends]

    def exporters(self) -> list[Exporter]:
        """Those of the plugins that were loaded."""
        return [each for plugin in self._registered() for each in plugin.exporters]

    def importers(self) -> list[Importer]:
        """Those of the plugins that were loaded."""
        return [each for plugin in self._registered() for each in plugin.importers]

    def commands(self) -> "list[click.Command]":
        """Those of the plugins that were loaded."""
        return [each for plugin in self._registered() for each in plugin.commands]

    def reports(self) -> list[PluginReport]:
        """On the plugins that were loaded or tried, switched off, or came second with a name."""
        with self._lock:
            reports = [
                msgspec.structs.replace(report, error=self._complaints.get(name, report.error))
                for name, report in self._reports.items()
            ]
        reports += [_unloaded(source, "disabled") for source in self._off.values()]
        reports += [_unloaded(source, "failed", _taken(source)) for source in self._late]
        return sorted(reports, key=lambda report: report.name)

    def prepare_turn(self, request: Request) -> Request:
        """`request` as the plugins want it; never raises, takes 2 s at most when all are loaded.

        It waits for plugins that are on their way in, and for a thread when there are
        implementations: not for the event loop.
        """
        self._wait_for_awaited()
        caller = self._manager.hook.g4tui_prepare_turn
        return self._turn_hooks.prepare(caller.get_hookimpls()[::-1], request)

    def turn_finished(self, turn: FinishedTurn) -> None:
        """Tell the loaded plugins; never raises, takes 2 s at most, as `prepare_turn`."""
        caller = self._manager.hook.g4tui_turn_finished
        self._turn_hooks.finished(caller.get_hookimpls()[::-1], turn)

    def _load_all_of(self, names: list[str]) -> None:
        self._await(names)
        for name in names:
            self._loadings[name].start()
            self._loadings[name].pause(_PATIENCE_S)
        for name in names:
            self._load(name)

    def _await(self, names: list[str]) -> None:
        with self._lock:
            self._awaited.update(names)

    def _wait_for_awaited(self) -> None:
        """A turn goes nowhere past a plugin that is not there yet; one that failed is told."""
        with self._lock:
            awaited = [name for name in self._loadings if name in self._awaited]
        for name in awaited:
            error = self._load(name)[0].error
            with self._lock:
                told = name not in self._awaited
                self._awaited.discard(name)
            if error is not None and not told:
                self._log(f"{error.title}: {error.detail}")

    def _load(self, name: str) -> tuple[PluginReport, Registered | None]:
        report, registered = self._loadings[name].wait()
        with self._lock:
            if name not in self._reports:
                self._reports[name] = report
                if registered is not None:
                    self._loaded[name] = registered
                    self._manager.register(registered.module, name)
        return report, registered

    def _registered(self) -> list[Registered]:
        with self._lock:
            return [self._loaded[name] for name in self._loadings if name in self._loaded]

    def _complain(self, name: str, error: ErrorInfo) -> None:
        with self._lock:
            self._complaints[name] = error
        self._log(f"{error.title}: {error.detail}")

    def _unknown(self, name: str) -> G4tuiError:
        if name in self._off and self._only_ours:
            return G4tuiError(
                "usage",
                f"The plugin {name} is not loaded",
                "--no-plugins was given, which leaves only what comes with g4tui.",
                "Run it without --no-plugins.",
            )
        if name in self._off:
            return G4tuiError(
                "usage",
                f"The plugin {name} is switched off",
                "",
                f"Switch it on: g4tui plugins enable {name} (and see ${DISABLED_VARIABLE}).",
            )
        known = ", ".join(self._loadings) or "none"
        return G4tuiError(
            "usage",
            f"There is no backend {name}",
            f"Plugins installed: {known}. {did_you_mean(name, self._loadings)}".rstrip(),
            _NAMES,
        )


_NAMES = "See what is installed with: g4tui plugins"


def _taken(source: Source) -> ErrorInfo:
    detail = "Another installed plugin has the same name and comes first."
    remedy = f"Uninstall one of the two: pip uninstall {source.distribution}"
    return plugin_error(source.name, detail, remedy)


def _unloaded(source: Source, status: str, error: ErrorInfo | None = None) -> PluginReport:
    return PluginReport(
        name=source.name,
        distribution=source.distribution,
        version=source.version,
        status="disabled" if status == "disabled" else "failed",
        error=error,
    )
