"""TOML tables held against msgspec types: dotted keys, unknown keys, readable errors."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from g4tui.core import G4tuiError

Table = dict[str, object]

MOST_PARTS = 32
"""Of a dotted key: none of ours has as many, and no reader of TOML takes tables of any depth."""


class Unknown(NamedTuple):
    """A key that the type does not have, and those that it has in that place."""

    key: tuple[str, ...]
    known: tuple[str, ...]


def read_table(file: Path) -> Table:
    """A TOML file; a missing one is empty. Raises `G4tuiError` of kind `config`."""
    try:
        with file.open("rb") as stream:
            return tomllib.load(stream)
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError) as error:  # not TOML, not UTF-8, a number of 5,000 digits
        reason = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise G4tuiError(
            "config", f"{file.name} is not valid TOML", f"{file}: {reason}.", f"Correct {file}."
        ) from error
    except OSError as error:
        remedy = f"Make {file} readable."
        if isinstance(error, IsADirectoryError):
            remedy = f"Move the folder {file} away: settings are read from a file of that name."
        elif isinstance(error, NotADirectoryError):
            remedy = "Set G4TUI_HOME to a folder, or to one that can be made."
        raise G4tuiError(
            "config", f"{file.name} cannot be read", f"{file}: {error.strerror or error}.", remedy
        ) from error


def dotted(key: tuple[str, ...]) -> str:
    """A key as it is typed: `backends.llama-cpp.threads`; other characters are quoted."""
    return ".".join(
        part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else _quoted(part) for part in key
    )


def _quoted(part: str) -> str:
    return msgspec.json.encode(part).decode().replace("\x7f", "\\u007f")


def parse_key(text: str) -> tuple[str, ...]:
    """The parts of a dotted key; raises `G4tuiError` of kind `usage`."""
    try:
        found: object = tomllib.loads(f"{text}=0") if "\n" not in text else {}
    except (ValueError, RecursionError):
        found = {}
    key: list[str] = []
    while isinstance(found, dict) and len(found) == 1:
        part, found = next(iter(found.items()))
        key.append(part)
    if not 0 < len(key) <= MOST_PARTS or found != 0:
        raise G4tuiError("usage", f"{text!r} is not a setting's name", "It reads like chat.model.")
    if key[0] == "keys":  # of actions, whose ids have dots: keys.chat.new is keys."chat.new"
        key[1:] = [".".join(key[1:])] if key[1:] else []
    return tuple(key)


def typed_value(text: str) -> object:
    """A value as a person types it: TOML, or bare text."""
    if "\n" in text:
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text


def value_at(table: Mapping[str, object], key: tuple[str, ...]) -> object:
    """What lies at `key`; raises `KeyError`."""
    found: object = table
    for part in key:
        if not isinstance(found, Mapping):
            raise KeyError(part)
        found = found[part]
    return found


def leaves(table: Mapping[str, object], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The keys of everything that is not a table, and of empty tables."""
    for name, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, (*above, name))
        else:
            yield (*above, name)


def with_value(table: Table, key: tuple[str, ...], value: object) -> Table:
    """A copy of `table` with `value` at `key`; raises `G4tuiError` where a value is in the way."""
    name, *rest = key
    if not rest:
        return {**table, name: value}
    inner = table.get(name, {})
    if not isinstance(inner, dict):
        raise G4tuiError("usage", f"{name} is a value, not a table", f"It is set to {inner!r}.")
    return {**table, name: with_value(inner, tuple(rest), value)}


def without_value(table: Table, key: tuple[str, ...]) -> Table:
    """A copy of `table` without `key`, and without tables that became empty."""
    name, *rest = key
    inner = table.get(name)
    kept = {other: value for other, value in table.items() if other != name}
    if rest and isinstance(inner, dict) and (left := without_value(inner, tuple(rest))):
        return {**table, name: left}
    return kept


def merged(under: Table, over: Table) -> Table:
    """Both tables; where both have a value, that of `over`."""
    result = dict(under)
    for name, value in over.items():
        below = result.get(name)
        both = isinstance(below, dict) and isinstance(value, dict)
        result[name] = merged(below, value) if both else value  # type: ignore[arg-type]
    return result


def unknown_key(table: Mapping[str, object], kind: type[msgspec.Struct]) -> Unknown | None:
    """The first key that `kind` does not have, at any depth."""
    from msgspec.inspect import type_info

    return _unknown(table, type_info(kind), ())


def _unknown(value: object, kind: msgspec.inspect.Type, above: tuple[str, ...]) -> Unknown | None:
    from msgspec import inspect

    if not isinstance(value, Mapping):
        return None
    kind = _table_kind(kind)
    if isinstance(kind, inspect.StructType):
        fields = {field.encode_name: field.type for field in kind.fields}
        for name, inner in value.items():
            if name not in fields:
                return Unknown((*above, name), tuple(fields))
            if found := _unknown(inner, fields[name], (*above, name)):
                return found
    if isinstance(kind, inspect.DictType):
        for name, inner in value.items():
            if found := _unknown(inner, kind.value_type, (*above, name)):
                return found
    return None


def bare(kind: msgspec.inspect.Type) -> msgspec.inspect.Type:
    """A type without what `Meta` says about it."""
    from msgspec import inspect

    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    return kind


def _table_kind(kind: msgspec.inspect.Type) -> msgspec.inspect.Type:
    """The one table type in a union; another type is itself."""
    from msgspec import inspect

    kind = bare(kind)
    if not isinstance(kind, inspect.UnionType):
        return kind
    members = [bare(each) for each in kind.types]
    tables = [each for each in members if isinstance(each, inspect.StructType | inspect.DictType)]
    return tables[0] if len(tables) == 1 else kind


def kind_at(kind: type[msgspec.Struct], key: tuple[str, ...]) -> msgspec.inspect.Type | None:
    """The type of the value at `key`; `None` where that is not known."""
    from msgspec import inspect

    found: inspect.Type = inspect.type_info(kind)
    for part in key:
        found = _table_kind(found)
        if isinstance(found, inspect.StructType):
            fields = {field.encode_name: field.type for field in found.fields}
            if part not in fields:
                return None
            found = fields[part]
        elif isinstance(found, inspect.DictType):
            found = found.value_type
        elif isinstance(found, inspect.CollectionType):
            found = found.item_type
        else:
            return None
    return bare(found)


def with_choices(problem: str, kind: type[msgspec.Struct]) -> str:
    """A `readable` problem; of a value that is none of a few, with those that there are."""
    from msgspec import inspect

    place, _, value = problem.partition(": invalid enum value ")
    found = kind_at(kind, tuple(re.findall(r"[^.\[\]]+", place))) if value else None
    kinds = found.types if isinstance(found, inspect.UnionType) else (found,)
    choices = [
        str(choice)
        for each in kinds
        if each is not None and isinstance(one := bare(each), inspect.LiteralType)
        for choice in one.values
    ]
    return f"{place}: {value} is none of {', '.join(choices)}" if choices else problem


def wrong_value(error: msgspec.ValidationError, table: Table, kind: type[msgspec.Struct]) -> str:
    """What is wrong in `table`, its key in front: `ui.flush_ms: expected integer, got text`.

    Where msgspec writes `keys[...]`, the one key is found that gives this very error by itself.
    """
    if "[...]" not in readable(error):
        return with_choices(readable(error), kind)
    *above, what = readable(error).split("[...]")
    key: tuple[str, ...] = ()
    for part in above:
        key += tuple(filter(None, part.split(".")))
        name = _wrong_name(readable(error), table, key, kind)
        if name is None:
            return readable(error)
        table = with_value(table, key, {name: value_at(table, (*key, name))})
        key = (*key, name)
    return f"{dotted(key)}{what}" if key else what


def _wrong_name(
    complaint: str, table: Table, above: tuple[str, ...], kind: type[msgspec.Struct]
) -> str | None:
    """The name in the table at `above` that gives `complaint` when it is alone there."""
    try:
        found = value_at(table, above)
    except KeyError:
        return None
    names: Iterable[str] = found if isinstance(found, Mapping) else ()
    for name in names:
        alone = with_value(table, above, {name: value_at(table, (*above, name))})
        if _complaint(alone, kind) == complaint:
            return name
    return None


def _complaint(table: Table, kind: type[msgspec.Struct]) -> str:
    try:
        msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        return readable(error)
    return ""


def readable(error: msgspec.ValidationError) -> str:
    """msgspec's message in words of TOML, the key in front."""
    text = re.sub(r"^Object missing required field", "it lacks", str(error).replace("`", ""))
    for theirs, toml in (
        ("object", "table"),
        ("array", "list"),
        ("int", "integer"),
        ("float", "number"),
        ("str", "text"),
    ):
        text = re.sub(rf"\b{theirs}\b", toml, text)
    text = text.replace(" | null", "")  # TOML has none: what is unset is left out
    what, at, where = text.rpartition(" - at $")
    if not at:
        return _lowered(text)
    return f"{where.lstrip('.')}: {_lowered(what)}" if where else _lowered(what)


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
