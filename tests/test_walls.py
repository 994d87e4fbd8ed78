"""The walls that import-linter holds up know every room."""

import pkgutil
import tomllib
from pathlib import Path

import g4tui

REPOSITORY = Path(__file__).parents[1]
PUBLIC = {"g4tui.core", "g4tui.formats"}
# What each wall lets through, beside `PUBLIC`.
OPEN = {
    "core and formats import nothing of the project": set[str](),
    "backends see only core, formats and plugin": {"g4tui.plugin"},
    "plugins see core, formats and plugin, and what makes text safe": {
        "g4tui.plugin",
        "g4tui.sanitize",
        "g4tui.html",
    },
}


def contracts() -> dict[str, dict[str, list[str]]]:
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    return {each["name"]: each for each in settings["tool"]["importlinter"]["contracts"]}


def rooms() -> set[str]:
    names = (module.name for module in pkgutil.iter_modules(g4tui.__path__))
    return {f"g4tui.{name}" for name in names if not name.startswith("_")}


def test_the_walls_before_core_backends_and_plugins_name_every_other_room() -> None:
    for name, through in OPEN.items():
        assert set(contracts()[name]["forbidden_modules"]) == rooms() - PUBLIC - through, name


def test_every_room_but_one_is_told_to_do_without_textual() -> None:
    told = set(contracts()["only the TUI imports Textual"]["source_modules"])
    assert rooms() - told == {"g4tui.tui"}
