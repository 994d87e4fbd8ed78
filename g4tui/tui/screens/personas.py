"""The picker of personas."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from g4tui.tui.bindings import bindings
from g4tui.tui.screens.pick import PickRow, PickScreen

if TYPE_CHECKING:
    from g4tui.config.personas import Persona

SAVE = "save"
"""What the picker ends with where this chat's own prompt is to become one; no file's stem."""
CHOSEN = "use:"


class PersonasScreen(PickScreen):
    """`use:NAME`, or `save`."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("pick"), *bindings("personas")]

    def __init__(self, found: "Mapping[str, Persona]", system: str, folder: str) -> None:
        rows = [PickRow(f"{CHOSEN}{name}", name, each.about) for name, each in found.items()]
        same = (name for name, each in found.items() if each.system == system)
        current = next(same, None)
        super().__init__(
            "Personas",
            rows,
            current=f"{CHOSEN}{current}" if current else None,
            note=f"A persona is a TOML file in {folder}",
        )

    def action_save(self) -> None:
        """Make one of this chat's system prompt and parameters."""
        self.dismiss(SAVE)
