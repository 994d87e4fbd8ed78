"""The recipe that `init` writes: every key with what it means, made from the recipe's types."""

from collections.abc import Iterator

import msgspec
from msgspec import inspect

from g4tui_training.recipe import Columns, Recipe, Source

_HEAD = """\
# A recipe of g4tui-train: one file that describes a whole run.
#
#   g4tui-train run {file}
#
# Lines that begin with # are what is taken if nothing is said; take the # away to change one.
# Paths are relative to this file.

name = "{name}"
"""
_SOURCE = """\
# Where prompts come from; as many [[sources]] as you like. JSON lines, JSON arrays, CSV and
# parquet; rows of our own shape ({"prompt": ...}), Alpaca, ShareGPT, OpenAI messages, plain text
# and message trees are recognised. Rows that have an answer keep it, and nobody is asked for them.
[[sources]]
name = "mine"
path = "prompts.jsonl"
licence = "unknown"
"""
_TEACHER = 'teacher = "openai:gpt-4o-mini"\nmax_usd = 1.0'
_WIDTH = 96


def commented_recipe(name: str, file: str) -> str:
    """A recipe that loads as it is; each other key stands in it as a comment."""
    recipe = Recipe(name=name)
    source = Source(name="mine", path="prompts.jsonl", licence="unknown")
    skip = ("name", "path", "licence")
    parts = [_HEAD.format(name=name, file=file)]
    parts.append("\n".join(_keys(recipe, skip=("name", "sources"))) + "\n")
    parts.append(_SOURCE + "\n".join(_keys(source, skip=skip)) + "\n")
    parts.extend(_tables(recipe, ()))
    return "\n".join(parts).rstrip("\n") + "\n"


def _tables(defaults: msgspec.Struct, above: tuple[str, ...]) -> Iterator[str]:
    for field in _fields(type(defaults)):
        inner = getattr(defaults, field.name)
        if not isinstance(inner, msgspec.Struct):
            continue
        name = (*above, field.encode_name)
        doc = (type(inner).__doc__ or "").split("\n\n")[0].replace("\n", " ")
        lines = [f"# {doc}", f"[{'.'.join(name)}]"]
        if name == ("collect",):
            lines.append(_TEACHER)
        yield "\n".join([*lines, *_keys(inner, skip=("teacher", "max_usd"))]) + "\n"
        yield from _tables(inner, name)


def _fields(kind: type[msgspec.Struct]) -> tuple[inspect.Field, ...]:
    struct = inspect.type_info(kind)
    assert isinstance(struct, inspect.StructType)
    return struct.fields


def _keys(defaults: msgspec.Struct, skip: tuple[str, ...] = ()) -> Iterator[str]:
    """The keys of one table that are no tables themselves, as comments."""
    for field in _fields(type(defaults)):
        default = getattr(defaults, field.name)
        if field.encode_name in skip or isinstance(default, msgspec.Struct):
            continue
        about = _about(field.type)
        value = "" if default is None else f"{field.encode_name} = {_toml(default)}"
        shown = f"# {value or field.encode_name + ' (not set)'}"
        long = len(shown) + len(about) > _WIDTH
        if about and long:
            yield f"# {about}:"
            yield shown
        else:
            yield f"{shown}  # {about}" if about else shown
    if isinstance(defaults, Source):
        names = ", ".join(each.encode_name for each in msgspec.structs.fields(Columns))
        yield f"# which column holds what ({names}):"
        yield '# columns = { prompt = "question", response = "answer" }'


def _about(kind: inspect.Type) -> str:
    """What a key means, and what it may be."""
    found = []
    while isinstance(kind, inspect.Metadata):
        told = (kind.extra_json_schema or {}).get("description")
        if isinstance(told, str):
            found.append(told)
        kind = kind.type
    if isinstance(kind, inspect.UnionType):
        found.extend(filter(None, (_about(each) for each in kind.types)))
    if isinstance(kind, inspect.LiteralType):
        found.append(" | ".join(_toml(value) for value in kind.values))
    return "; ".join(dict.fromkeys(found))


def _toml(value: object) -> str:
    import tomli_w

    plain = msgspec.to_builtins(value)
    if isinstance(plain, dict):
        return "{}"
    if isinstance(plain, list | tuple):
        return "[" + ", ".join(_toml(each) for each in plain) + "]"
    return tomli_w.dumps({"value": plain}).removeprefix("value = ").rstrip("\n")
