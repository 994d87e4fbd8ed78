"""The reference of the hooks says what the hooks are."""

import inspect
import re
from pathlib import Path

import pluggy

from g4tui.plugin import hookspecs

REPOSITORY = Path(__file__).parents[2]
REFERENCE = (REPOSITORY / "plugins" / "README.md").read_text()


def hooks() -> dict[str, tuple[str, ...]]:
    """Every hook with its arguments, as pluggy sees them."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return {
        name: tuple(inspect.signature(getattr(hookspecs, name)).parameters)
        for name in dir(hookspecs)
        if manager.parse_hookspec_opts(hookspecs, name) is not None
    }


def test_every_hook_has_a_section_with_its_arguments_and_no_other_has() -> None:
    sections = re.findall(r"^### `(g4tui_\w+)\((.*?)\)`$", REFERENCE, re.MULTILINE)
    documented = {
        name: tuple(argument for argument in arguments.split(", ") if argument)
        for name, arguments in sections
    }
    assert documented == hooks()


def test_every_hook_is_in_the_table_with_its_arguments() -> None:
    rows = re.findall(r"^\| `(g4tui_\w+)` \| (.*?) \|", REFERENCE, re.MULTILINE)
    assert {
        name: () if gets == "nothing" else tuple(gets.replace("`", "").split(", "))
        for name, gets in rows
    } == hooks()


def test_the_hooks_say_since_when_they_are() -> None:
    for name in hooks():
        doc = inspect.getdoc(getattr(hookspecs, name)) or ""
        assert ".. versionadded::" in doc, name


def test_the_reference_states_the_api_that_is_asked_for() -> None:
    stated = {int(number) for number in re.findall(r"G4TUI_API = (\d+)", REFERENCE)}
    assert stated == {hookspecs.API_VERSION}
