"""`g4tui config`: settings shown and changed."""

import json
from typing import TYPE_CHECKING

import click
import msgspec

from g4tui.cli.app import App, pass_app
from g4tui.cli.lazy import common, json_option

if TYPE_CHECKING:
    from g4tui.config import Settings

MODELS = ("chat.model", "compare.teacher", "compare.student")
"""Settings that name a model."""


@click.group()
@common
def config() -> None:
    """Show and change settings.

    config.toml is yours and only read; `set` writes settings.toml, which config.toml goes before.
    """


@config.command()
@click.option("--all", "every", is_flag=True, help="All places, named: settings, data and cache.")
@json_option
@pass_app
def path(app: App, every: bool) -> None:
    """Print where config.toml lies, or belongs."""
    places = {
        "config": app.paths.config_file,
        "settings": app.paths.settings_file,
        "data": app.paths.data,
        "cache": app.paths.cache,
    }
    if app.json:
        app.emit({name: str(place) for name, place in places.items()})
        return
    if not every:
        app.say(str(app.paths.config_file))
        return
    for name, place in places.items():
        app.say(f"{name:8}  {place}")


@config.command()
@json_option
@pass_app
def show(app: App) -> None:
    """Print every setting and which file sets it."""
    from g4tui.config.tables import dotted, leaves, value_at

    plain = msgspec.to_builtins(app.settings)
    every = msgspec.structs.asdict(app.settings.chat.params)
    plain["chat"]["params"] = {**every, "stop": list(every["stop"])}
    origins = app.loaded.origins
    if app.json:
        app.emit({"settings": plain, "origins": dict(origins)})
        return
    for key in leaves(plain):
        name, value = dotted(key), value_at(plain, key)
        origin = origins.get(name, "default")
        app.say(f"{name} = {_toml(value)}  # {origin}")


@config.command()
@click.argument("key")
@json_option
@pass_app
def get(app: App, key: str) -> None:
    """Print one setting."""
    from g4tui.config import setting

    value = setting(app.settings, key)
    if app.json:
        app.emit({"key": key, "value": value, "origin": app.loaded.origins.get(key, "default")})
    else:
        app.say(value if isinstance(value, str) else _toml(value))


@config.command("set")
@click.argument("key")
@click.argument("value")
@json_option
@pass_app
def set_command(app: App, key: str, value: str) -> None:
    """Set KEY to VALUE in settings.toml."""
    from g4tui.config import Settings, set_setting

    def check(settings: Settings) -> None:
        if key in MODELS and value:
            _check_model(app, key, value)
        _check_backend(app, key, settings)

    result = set_setting(app.paths, key, value, check)
    if app.json:
        hidden = str(result.overridden_by) if result.overridden_by else None
        app.emit({"key": result.key, "value": result.value, "overridden_by": hidden})
        return
    app.say(f"{result.key} = {_toml(result.value)}")
    if result.overridden_by is not None:
        app.note(f"This has no effect: {result.overridden_by} sets {key} and goes before it.")


@config.command()
@click.argument("key")
@json_option
@pass_app
def unset(app: App, key: str) -> None:
    """Take KEY out of settings.toml."""
    from g4tui.config import unset_setting

    there = unset_setting(app.paths, key)
    if app.json:
        app.emit({"key": key, "was_set": there})
    else:
        app.say(f"{key} is unset." if there else f"{key} was not set in settings.toml.")


def _check_model(app: App, key: str, name: str) -> None:
    from g4tui.cli.naming import check_name
    from g4tui.core import G4tuiError

    try:
        check_name(app, name)
    except G4tuiError as error:
        told = error.info
        title = f"That is no value for {key}"
        raise G4tuiError("usage", title, told.detail, told.remedy) from None


def _check_backend(app: App, key: str, settings: "Settings") -> None:
    """Let a backend that is at hand check its own table before it is written."""
    from g4tui.config import backend_options
    from g4tui.config.tables import parse_key
    from g4tui.core import G4tuiError

    parts = parse_key(key)
    if parts[0] != "backends" or len(parts) < 3 or parts[1] not in app.plugins.backend_names():
        return
    try:
        backend = app.plugins.backend(parts[1])
    except G4tuiError as error:
        app.note(f"{key} is not checked. {error.info.title}.")
        return
    try:
        backend_options(settings, backend)
    except G4tuiError as error:
        title, remedy = f"That is no value for {key}", "See all with: g4tui config show"
        raise G4tuiError("usage", title, error.info.detail, remedy) from error


def _toml(value: object) -> str:
    """A value as it would be typed; JSON is near enough to TOML for one that is not a table."""
    return "unset" if value is None else json.dumps(value, ensure_ascii=False)
