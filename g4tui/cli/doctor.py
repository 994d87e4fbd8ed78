"""`g4tui doctor`: what is installed, what is missing, what mends it."""

import asyncio
import os
import platform
import sqlite3
import sys
from pathlib import Path

import click

from g4tui import __version__
from g4tui.cli.app import App, pass_app
from g4tui.cli.doctor_facts import (
    DoctorFacts,
    ExtraFacts,
    KeyFacts,
    LibraryFacts,
    ModelFacts,
    PathFacts,
    PythonFacts,
    TerminalFacts,
)
from g4tui.cli.extras import extras_of
from g4tui.cli.lazy import json_option
from g4tui.cli.models import all_models
from g4tui.cli.plugins import report_object
from g4tui.core import G4tuiError

# Extras that only gather others.
COLLECTIONS = ("all", "dev")


@click.command()
@json_option
@pass_app
def doctor(app: App) -> None:
    """Say what is installed, what is missing, and what mends it."""
    facts = examined(app)
    if app.json:
        app.emit(facts)
        return
    from g4tui.cli.doctor_text import told

    app.say(told(facts))


def examined(app: App) -> DoctorFacts:
    """Look at everything; what is broken becomes a problem, never an exception."""
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
    return DoctorFacts(
        g4tui=__version__,
        python=PythonFacts(platform.python_version(), sys.executable),
        platform=platform.platform(),
        terminal=TerminalFacts(os.environ.get("TERM", ""), sys.stdout.encoding),
        extras=_extras(),
        paths=_paths(app, problems),
        model=_model(app, problems),
        plugins=[report_object(report) for report in plugins],
        keys=_keys(app, problems),
        library=_library(app, problems),
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


def _model(app: App, problems: list[str]) -> ModelFacts:
    name = app.settings.chat.model
    try:
        found = asyncio.run(all_models(app))
    except G4tuiError as error:
        problems.append(str(error))
        return ModelFacts(name)
    ready = sum(model.ready for model in found)
    same = [model for model in found if model.id == name]
    # A backend that lacks its library lists nothing but that, and its remedy comes first.
    broken = [model for model in found if model.id == f"{name.partition(':')[0]}:"]
    for model in same + broken:
        return ModelFacts(name, model.ready, model.detail, model.remedy, ready)
    remedy = f"Pull it: g4tui models pull {name.partition(':')[2]}"
    return ModelFacts(name, False, "not on this machine", remedy, ready)


def _keys(app: App, problems: list[str]) -> list[KeyFacts]:
    try:
        found = app.keys.list()
    except G4tuiError as error:
        problems.append(str(error))
        return []
    return [KeyFacts(each.server, each.origin, each.place) for each in found]


def _library(app: App, problems: list[str]) -> LibraryFacts:
    """Looked at without opening it for writing, so that nothing is brought up to date here."""
    file = app.paths.data / "library.sqlite3"
    facts = LibraryFacts(str(file))
    if not file.exists():
        return facts
    facts.size_bytes = file.stat().st_size
    try:
        connection = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            said = [str(row[0]) for row in connection.execute("PRAGMA quick_check(5)")]
            facts.sessions = connection.execute("SELECT count(*) FROM sessions").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.Error as error:
        said = [str(error)]
    facts.check = said[0] if said else "ok"
    if said != ["ok"]:
        problems.append(f"The library is damaged or cannot be read: {'; '.join(said)}\n{file}")
    return facts
