"""`g4tui doctor`: what is installed, what is missing, what mends it."""

import os
import platform
import sys
from pathlib import Path

import click

from g4tui import __version__
from g4tui.cli.app import App, pass_app
from g4tui.cli.doctor_facts import (
    DoctorFacts,
    ExtraFacts,
    KeyFacts,
    PathFacts,
    PythonFacts,
    TerminalFacts,
)
from g4tui.cli.doctor_library import library_facts
from g4tui.cli.doctor_model import file_problems, model_facts
from g4tui.cli.extras import extras_of
from g4tui.cli.lazy import json_option
from g4tui.cli.plugins import report_object
from g4tui.core import G4tuiError

# Extras that only gather others.
COLLECTIONS = ("all", "dev")


@click.command()
@click.option(
    "--deep", is_flag=True, help="Also read pulled model files whole and compare their sha256."
)
@json_option
@pass_app
def doctor(app: App, deep: bool) -> None:
    """Say what is installed, what is missing, and what mends it."""
    facts = examined(app, deep=deep)
    if app.json:
        app.emit(facts)
        return
    from g4tui.cli.doctor_text import told

    app.say(told(facts))


def examined(app: App, *, deep: bool = False) -> DoctorFacts:
    """Look at everything; what is broken becomes a problem, never an exception.

    `deep`: read pulled model files whole.
    """
    problems: list[str] = []
    try:
        _ = app.settings
    except G4tuiError as error:
        problems.append(str(error))
        app.assume_defaults()
    app.load_plugins()
    plugins = app.plugins.reports()
    problems += [str(report.error) for report in plugins if report.error is not None]
    problems += _wrong_tables(app)
    problems += _unknown_names(app)
    problems += file_problems(app, deep=deep)
    return DoctorFacts(
        g4tui=__version__,
        python=PythonFacts(platform.python_version(), sys.executable),
        platform=platform.platform(),
        terminal=TerminalFacts(os.environ.get("TERM", ""), sys.stdout.encoding),
        extras=_extras(),
        paths=_paths(app, problems),
        model=model_facts(app, problems),
        plugins=[report_object(report) for report in plugins],
        keys=_keys(app, problems),
        library=library_facts(app.paths, problems),
        notes=_absent_tables(app),
        problems=problems,
    )


def _extras() -> list[ExtraFacts]:
    return [
        ExtraFacts(
            extra.name, not extra.missing, extra.packages, extra.line if extra.missing else None
        )
        for extra in extras_of("g4tui")
        if extra.name not in COLLECTIONS
    ]


def _wrong_tables(app: App) -> list[str]:
    from g4tui.config import backend_options

    problems = []
    for backend in app.plugins.backends():
        try:
            backend_options(app.settings, backend)
        except G4tuiError as error:
            problems.append(str(error))
    return problems


def _unknown_names(app: App) -> list[str]:
    from g4tui.tui.settings_check import unknown_names

    return [
        f"{key} has no effect\n{app.loaded.origins.get(key, 'The settings')}: {told}"
        for key, told in unknown_names(app.settings)
    ]


def _absent_tables(app: App) -> list[str]:
    known = {report.name for report in app.plugins.reports()}
    return [
        f"[backends.{name}] is set, but no plugin of that name is installed."
        for name in app.settings.backends
        if name not in known
    ]


def _paths(app: App, problems: list[str]) -> list[PathFacts]:
    found = []
    for name in ("config", "data", "cache"):
        folder: Path = getattr(app.paths, name)
        writable = _writable(folder)
        if not writable:
            problems.append(f"{folder} is not writable.\nMake it so, or set G4TUI_HOME.")
        found.append(PathFacts(name, str(folder), _size(folder), writable))
    return found


def _writable(folder: Path) -> bool:
    """Whether files can be made in `folder`, or the folder itself where it is not there yet."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _size(folder: Path) -> int:
    total = 0
    for place, _, files in os.walk(folder):
        for name in files:
            try:
                total += (Path(place) / name).lstat().st_size
            except OSError:  # gone meanwhile
                continue
    return total


def _keys(app: App, problems: list[str]) -> list[KeyFacts]:
    try:
        found = app.keys.list()
    except G4tuiError as error:
        problems.append(str(error))
        return []
    return [KeyFacts(each.server, each.origin, each.place) for each in found]
