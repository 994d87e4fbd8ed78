"""`--set KEY=VALUE`: values that go over a recipe's own, on the command line."""

from collections.abc import Iterable

import msgspec
from msgspec import inspect

from g4tui.config.tables import Table, bare, kind_at, parse_key, typed_value, with_value
from g4tui.core import G4tuiError
from g4tui.core.nearest import did_you_mean
from g4tui_training.recipe import Recipe, Source


def with_changes(table: Table, changes: Iterable[str]) -> Table:
    """A recipe's table with each `KEY=VALUE` set; `sources.NAME.KEY` reaches into a source.

    A value is TOML; what is no TOML, or belongs to a key that holds text, is taken as text. Keys
    that no recipe has stay in the table: the recipe's own check tells of them. Raises `G4tuiError`
    of kind `usage`.
    """
    for change in changes:
        name, equals, text = change.partition("=")
        if not equals:
            raise G4tuiError("usage", f"{change!r} sets nothing", "Write --set KEY=VALUE.")
        key = parse_key(name.strip())
        if key[0] == "sources" and len(key) > 2:
            value = _value(Source, key[2:], text)
            table = {**table, "sources": _source_changed(table, key[1], key[2:], value)}
        else:
            table = with_value(table, key, _value(Recipe, key, text))
    return table


def _source_changed(table: Table, name: str, key: tuple[str, ...], value: object) -> list[object]:
    found = table.get("sources")
    sources = found if isinstance(found, list) else []
    names = [str(each.get("name")) for each in sources if isinstance(each, dict)]
    if name not in names:
        guess = did_you_mean(name, names) or f"Its sources: {', '.join(names)}."
        raise G4tuiError("usage", f"The recipe has no source {name}", guess)
    return [
        with_value(each, key, value)
        if isinstance(each, dict) and each.get("name") == name
        else each
        for each in sources
    ]


def _value(kind: type[msgspec.Struct], key: tuple[str, ...], text: str) -> object:
    wanted = kind_at(kind, key)
    value = typed_value(text)
    is_text = wanted is not None and isinstance(bare(wanted), inspect.StrType)
    return text if is_text and not isinstance(value, str) else value
