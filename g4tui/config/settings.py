"""Settings: one validated model, read from two TOML files.

A person's `config.toml` is read and never written; `settings.toml`, which g4tui writes, lies
beneath it: where both have a value, that of `config.toml` counts.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from g4tui.config.params import check_params
from g4tui.config.tables import (
    Table,
    bare,
    dotted,
    kind_at,
    leaves,
    merged,
    parse_key,
    read_table,
    typed_value,
    unknown_key,
    value_at,
    with_value,
    without_value,
    wrong_value,
)
from g4tui.core import Backend, G4tuiError, Params
from g4tui.core.nearest import did_you_mean
from g4tui.paths import Paths, private_folder

if TYPE_CHECKING:
    from msgspec.inspect import Type

DEFAULT_MODEL = "llama-cpp:smollm2-135m-instruct"


class ChatSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a new session begins."""

    model: Annotated[str, Meta(description="the model, as backend:model")] = DEFAULT_MODEL
    system: Annotated[str, Meta(description="the system prompt; empty: none")] = ""
    params: Annotated[Params, Meta(description="how to sample; unset: the model's default")] = (
        Params()
    )
    context: Annotated[
        Annotated[int, Meta(ge=16)] | None,
        Meta(description="tokens that a model is loaded for; unset: its backend's default"),
    ] = None


class CompareSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The two sides of a comparison."""

    teacher: Annotated[str, Meta(description="the model to learn from, as backend:model")] = ""
    student: Annotated[str, Meta(description="the local model; empty: chat.model")] = ""


class UiSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The screen."""

    theme: Annotated[str, Meta(description="a theme's name")] = "textual-dark"
    flush_ms: Annotated[
        int, Meta(ge=10, le=1000, description="milliseconds between two repaints of an answer")
    ] = 40


class CacheSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """State that backends keep between turns."""

    max_bytes: Annotated[
        int, Meta(ge=0, description="bytes of all conversations together; the oldest go first")
    ] = 2 << 30


class LibrarySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The saved chats."""

    backups: Annotated[
        bool,
        Meta(description="a copy a day; the last three stay, and one of each of four weeks"),
    ] = True


class PluginSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Plugins."""

    disabled: Annotated[
        tuple[str, ...], Meta(description="names of plugins that are not loaded")
    ] = ()


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be set. `backends` tables are checked when their plugin is used."""

    chat: ChatSettings = ChatSettings()
    compare: CompareSettings = CompareSettings()
    ui: UiSettings = UiSettings()
    cache: CacheSettings = CacheSettings()
    library: LibrarySettings = LibrarySettings()
    plugins: PluginSettings = PluginSettings()
    keys: Annotated[dict[str, str], Meta(description="keys of the screen, by action")] = {}
    backends: Annotated[
        dict[str, dict[str, object]], Meta(description="one table a backend, by its name")
    ] = {}


@dataclass(frozen=True)
class Loaded:
    """Settings, and for each dotted key that was set the name of the file that set it."""

    settings: Settings
    origins: Mapping[str, str]


@dataclass(frozen=True)
class SetResult:
    """What was written, and the file that hides it, if one does."""

    key: str
    value: object
    overridden_by: Path | None


Check = Callable[[Settings], None]


def load_settings(paths: Paths) -> Loaded:
    """Read both files. Raises `G4tuiError` of kind `config`, naming the file and the key."""
    own, written = read_table(paths.config_file), read_table(paths.settings_file)
    _checked(own, paths.config_file)
    _checked(written, paths.settings_file)
    origins = {dotted(key): paths.settings_file.name for key in leaves(written)}
    origins |= {dotted(key): paths.config_file.name for key in leaves(own)}
    return Loaded(_checked(merged(written, own), paths.config_file), origins)


def setting(settings: Settings, name: str) -> object:
    """The value of a dotted key, in plain types. Raises `G4tuiError` of kind `usage`."""
    key = parse_key(name)
    _check_name(key)
    plain: Table = msgspec.to_builtins(settings)
    try:
        value = value_at(plain, key)
    except KeyError:
        return None
    return list(value) if isinstance(value, tuple) else value


def set_setting(paths: Paths, name: str, text: str, check: Check = lambda _: None) -> SetResult:
    """Write one value to `settings.toml`.

    `text` is the value as a person types it: a TOML value, or bare text where text belongs.
    `check` sees the settings as they would be, and may refuse them by raising. Raises `G4tuiError`:
    `usage` for an unknown key or a wrong value, `config` for a broken file, `storage`.
    """
    key = parse_key(name)
    _check_name(key)
    written = with_value(read_table(paths.settings_file), key, _parsed(key, text))
    return _write(paths, key, written, check)


def unset_setting(paths: Paths, name: str) -> bool:
    """Take one value out of `settings.toml`; whether it was there."""
    key = parse_key(name)
    _check_name(key)
    before = read_table(paths.settings_file)
    after = without_value(before, key)
    if after == before:
        return False
    _write(paths, key, after, lambda _: None)
    return True


def set_list(paths: Paths, name: str, values: tuple[str, ...]) -> SetResult:
    """Write a list of strings to `settings.toml`; raises as `set_setting` does."""
    key = parse_key(name)
    written = with_value(read_table(paths.settings_file), key, list(values))
    return _write(paths, key, written, lambda _: None)


def backend_options(settings: Settings, backend: Backend[Any]) -> msgspec.Struct:
    """The `[backends.NAME]` table as the backend's own type. Raises `G4tuiError` (`config`)."""
    table = settings.backends.get(backend.name, {})
    kind: type[msgspec.Struct] = backend.options
    place = f"[backends.{backend.name}]"
    title, remedy = f"A setting in {place} is wrong", "Correct it; see: g4tui config path"
    if unknown := unknown_key(table, kind):
        guess = did_you_mean(unknown.key[-1], unknown.known)
        known = guess or f"Known: {', '.join(unknown.known) or 'none'}."
        raise G4tuiError("config", title, f"There is no {dotted(unknown.key)}. {known}", remedy)
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        raise G4tuiError("config", title, f"{wrong_value(error, table, kind)}.", remedy) from error


def _checked(table: Table, file: Path) -> Settings:
    if unknown := unknown_key(table, Settings):
        key = dotted(unknown.key)
        guess = did_you_mean(unknown.key[-1], unknown.known)
        raise G4tuiError(
            "config",
            f"Unknown setting {key}",
            f"{file} sets {key}. {guess or 'Known here: ' + ', '.join(unknown.known) + '.'}",
            f"Correct {file}.",
        )
    try:
        settings = msgspec.convert(table, Settings)
    except msgspec.ValidationError as error:
        wrong = wrong_value(error, table, Settings)
    else:
        problem = check_params(settings.chat.params)
        if not problem:
            return settings
        wrong = f"chat.params.{problem.rstrip('.')}"
    raise G4tuiError("config", "A setting is wrong", f"{file}: {wrong}.", f"Correct {file}.")


def _check_name(key: tuple[str, ...]) -> None:
    nested: object = 0
    for part in reversed(key):
        nested = {part: nested}
    assert isinstance(nested, dict)
    if unknown := unknown_key(nested, Settings):
        guess = did_you_mean(unknown.key[-1], unknown.known)
        raise G4tuiError(
            "usage",
            f"There is no setting {dotted(key)}",
            guess or f"Known here: {', '.join(unknown.known)}.",
            "See all with: g4tui config show",
        )


def _parsed(key: tuple[str, ...], text: str) -> object:
    from msgspec import inspect

    kind = kind_at(Settings, key)
    if _is_text(kind):
        return text
    value = typed_value(text)
    listed = isinstance(kind, inspect.VarTupleType | inspect.ListType)
    if listed and isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _is_text(kind: "Type | None") -> bool:
    from msgspec import inspect

    if isinstance(kind, inspect.UnionType):
        return any(_is_text(bare(each)) for each in kind.types)
    return isinstance(kind, inspect.StrType)


def _write(paths: Paths, key: tuple[str, ...], written: Table, check: Check) -> SetResult:
    own = read_table(paths.config_file)
    try:
        _checked(written, paths.settings_file)
    except G4tuiError as error:
        title = f"That is no value for {dotted(key)}"
        detail = error.info.detail.removeprefix(f"{paths.settings_file}: ")
        raise G4tuiError("usage", title, detail, "See all with: g4tui config show") from error
    check(_checked(merged(written, own), paths.config_file))
    _replace(paths.settings_file, written)
    hidden = any(_overlaps(key, other) for other in leaves(own))
    value = None
    try:
        value = value_at(written, key)
    except KeyError:
        hidden = False
    return SetResult(dotted(key), value, paths.config_file if hidden else None)


def _overlaps(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]


def _replace(file: Path, table: Table) -> None:
    import tomli_w

    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        private_folder(file.parent)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            tomli_w.dump(table, stream)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise G4tuiError(
            "storage",
            "The settings cannot be saved",
            f"{file}: {error.strerror or error}.",
            f"Make {file.parent} writable and see that its disk is not full.",
        ) from error
