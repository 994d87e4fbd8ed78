"""Loading one plugin in a thread that may hang or raise without harm."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import pluggy

from g4tui.core import Backend, ErrorInfo, ErrorKind, G4tuiError
from g4tui.core.nearest import nearest
from g4tui.plugin import hookspecs
from g4tui.plugin.exchange import Exporter, Importer
from g4tui.plugin.report import PluginReport
from g4tui.plugin.sources import Source

if TYPE_CHECKING:
    import click

LOAD_LIMIT_S = 5.0

Item = TypeVar("Item")


@dataclass
class Registered:
    """What a plugin gave when it was loaded."""

    module: object
    backends: list[Backend[Any]] = field(default_factory=list)
    exporters: list[Exporter] = field(default_factory=list)
    importers: list[Importer] = field(default_factory=list)
    commands: "list[click.Command]" = field(default_factory=list)
    provides: tuple[str, ...] = ()


class Loading:
    """One plugin on its way in. `start` and `wait` may be called from any thread, repeatedly.

    `wait` decides once: a plugin that comes in after its limit stays failed.
    """

    def __init__(self, source: Source, limit_s: float = LOAD_LIMIT_S) -> None:
        self.source = source
        self._limit_s = limit_s
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._deadline: float | None = None
        self._registered: Registered | None = None
        self._api_version: int | None = None
        self._error: ErrorInfo | None = None
        self._import_ms: float | None = None
        self._report: PluginReport | None = None

    def start(self) -> None:
        """Begin to load, if that has not been done."""
        with self._lock:
            if self._deadline is not None:
                return
            self._deadline = time.monotonic() + self._limit_s
        name = f"g4tui plugin {self.source.name}"
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def pause(self, seconds: float) -> None:
        """Let it load alone for a moment."""
        self._ended.wait(seconds)

    def wait(self) -> tuple[PluginReport, Registered | None]:
        """How it went, after at most the limit; the second is `None` on a failure."""
        self.start()
        assert self._deadline is not None
        self._ended.wait(max(0.0, self._deadline - time.monotonic()))
        with self._lock:
            if self._report is None:
                self._report = self._decide()
            ok = self._report.status == "ok"
            return self._report, self._registered if ok else None

    def _decide(self) -> PluginReport:
        ended = self._ended.is_set()
        error = self._error if ended else self._late()
        provides = self._registered.provides if ended and self._registered else ()
        return PluginReport(
            name=self.source.name,
            distribution=self.source.distribution,
            version=self.source.version,
            status="failed" if error else "ok",
            api_version=self._api_version,
            import_ms=self._import_ms if ended else self._limit_s * 1000,
            provides=provides,
            error=error,
        )

    def _late(self) -> ErrorInfo:
        return plugin_error(
            self.source.name,
            f"It was still importing after {self._limit_s:g} s.",
            "Report it to its author; until then: " + disable_line(self.source.name),
        )

    def _run(self) -> None:
        begun = time.perf_counter()
        try:
            module = self.source.load()
            self._api_version = _checked_api(self.source, module)
            self._registered = register(self.source.name, module)
        except G4tuiError as error:
            self._error = error.info
        except ModuleNotFoundError as error:
            self._error = _missing_module(self.source, error)
        except BaseException as error:  # noqa: BLE001 - SystemExit too: a plugin never ends the app
            self._error = plugin_error(
                self.source.name,
                f"Loading it raised {describe(error)}.",
                "Update it, or switch it off: " + disable_line(self.source.name),
            )
        finally:
            self._import_ms = round((time.perf_counter() - begun) * 1000, 1)
            self._ended.set()


def register(name: str, module: object) -> Registered:
    """Check a plugin's hooks against the specifications and call those that register things."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(module, name)
    callers = manager.get_hookcallers(module) or []
    hooks = []
    for caller in callers:
        for implementation in caller.get_hookimpls():
            if implementation.wrapper or implementation.hookwrapper:
                raise pluggy.PluginValidationError(module, f"{caller.name} is a wrapper")
            if caller.has_spec():
                hooks.append(caller.name)
            elif not implementation.optionalhook:
                raise _unknown_hook(name, caller.name)
    for attribute in dir(module):
        if attribute.startswith("g4tui_") and _is_unmarked(getattr(module, attribute)):
            remedy = f"Its author should write @hookimpl above {attribute}."
            raise G4tuiError.of(plugin_error(name, f"{attribute} is no hook yet.", remedy))
    result = Registered(module)
    hook = manager.hook
    if "g4tui_register_backends" in hooks:
        backends = hook.g4tui_register_backends()
        result.backends = _listed(backends, Backend)  # type: ignore[type-abstract]
    if "g4tui_register_exporters" in hooks:
        exporters = hook.g4tui_register_exporters()
        result.exporters = _listed(exporters, Exporter)  # type: ignore[type-abstract]
    if "g4tui_register_importers" in hooks:
        importers = hook.g4tui_register_importers()
        result.importers = _listed(importers, Importer)  # type: ignore[type-abstract]
    if "g4tui_register_commands" in hooks:
        import click  # only for the few plugins that have commands

        result.commands = _listed(hook.g4tui_register_commands(), click.Command)
    for backend in result.backends:
        _check_backend(name, backend)
    result.provides = (
        *(f"backend:{backend.name}" for backend in result.backends),
        *(f"exporter:{exporter.name}" for exporter in result.exporters),
        *(f"importer:{importer.name}" for importer in result.importers),
        *(f"command:{command.name}" for command in result.commands),
        *(
            f"hook:{hook.removeprefix('g4tui_')}"
            for hook in hooks
            if not hook.startswith("g4tui_register_")
        ),
    )
    return result


def _is_unmarked(thing: object) -> bool:
    """Whether this is a function that was meant as a hook, but not marked as one."""
    return isinstance(thing, FunctionType) and not hasattr(thing, f"{hookspecs.PROJECT}_impl")


def plugin_error(name: str, detail: str, remedy: str, kind: ErrorKind = "plugin") -> ErrorInfo:
    """The error of one plugin."""
    return ErrorInfo(kind, f"The plugin {name} does not work", detail, remedy)


def disable_line(name: str) -> str:
    """The command that switches a plugin off."""
    return f"g4tui plugins disable {name}"


def describe(error: BaseException) -> str:
    """An exception on one line, cut to a readable length."""
    text = " ".join(str(error).split())
    name = type(error).__name__
    return f"{name}: {text[:500]}" if text else name


def _checked_api(source: Source, module: object) -> int:
    version = getattr(module, "G4TUI_API", None)
    if isinstance(version, int) and version == hookspecs.API_VERSION:
        return version
    said = "does not state its G4TUI_API" if version is None else f"is made for API {version!r:.40}"
    newer = isinstance(version, int) and version > hookspecs.API_VERSION
    raise G4tuiError.of(
        plugin_error(
            source.name,
            f"It {said}; this g4tui has API {hookspecs.API_VERSION}.",
            "Update g4tui." if newer else f"Update {source.distribution or 'the plugin'}.",
        )
    )


def _missing_module(source: Source, error: ModuleNotFoundError) -> ErrorInfo:
    what = error.name or "a module"
    package = source.distribution or source.name
    if source.name in source.extras:
        line = f'pip install "{package}[{source.name}]"'
    else:
        line = f"pip install --upgrade --force-reinstall {package}"
    detail = f"It needs {what}, which is not installed."
    return plugin_error(source.name, detail, f"Install it: {line}", "missing")


def _unknown_hook(plugin: str, hook: str) -> G4tuiError:
    known = [name for name in vars(hookspecs) if name.startswith("g4tui_")]
    near = nearest(hook, known)
    remedy = f"Did its author mean {near}?" if near else "Update g4tui or the plugin."
    return G4tuiError.of(plugin_error(plugin, f"There is no hook {hook}.", remedy))


def _check_backend(plugin: str, backend: Backend[Any]) -> None:
    problem = ""
    if getattr(backend, "name", None) != plugin:
        said = getattr(backend, "name", None)
        problem = f"Its backend is called {said!r}, but its entry point {plugin!r}."
    elif not plugin or any(mark in plugin for mark in "@:+ "):
        problem = "A backend's name cannot hold a space, '@', ':' or '+'."
    elif not _is_struct(getattr(backend, "options", None)):
        problem = "Its backend has no options type (a msgspec.Struct; NoOptions for none)."
    elif backend.runs not in ("worker", "loop"):
        problem = f"Its backend runs in {backend.runs!r}, which is neither 'worker' nor 'loop'."
    if problem:
        raise G4tuiError.of(plugin_error(plugin, problem, "Tell its author."))


def _is_struct(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, msgspec.Struct)


def _listed(results: Iterable[Iterable[object]], kind: type[Item]) -> list[Item]:
    items: list[Item] = []
    for result in results:
        for item in result:
            if not isinstance(item, kind):
                found = type(item).__name__
                raise TypeError(f"a hook gave {found!r} where a {kind.__name__} belongs")
            items.append(item)
    return items
