"""The distillery as a plugin: `g4tui train ...`."""

import click

from g4tui.plugin import hookimpl
from g4tui_training.cli import group

G4TUI_API = 1


@hookimpl
def g4tui_register_commands() -> list[click.Command]:
    """One command with all stages below it."""
    return [group("train")]
