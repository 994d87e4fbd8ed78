"""Rule files: lists of rows that a person decided to drop, as the map's lasso writes them.

reason = "off topic"
ids = ["source/1", "source/2"]
"""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from g4tui.config.tables import read_table, readable
from g4tui.core import G4tuiError


class DropList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule file."""

    ids: tuple[str, ...]
    reason: str = ""


def read_drops(files: Iterable[Path]) -> dict[str, str]:
    """Each id with its reason. Raises `G4tuiError`: `missing`, or `config` for a broken file."""
    found: dict[str, str] = {}
    for file in files:
        if not file.is_file():
            raise G4tuiError("missing", f"There is no rule file {file.name}", f"{file} is no file.")
        try:
            listed = msgspec.convert(read_table(file), DropList)
        except msgspec.ValidationError as error:
            raise G4tuiError(
                "config", f"{file.name} is no rule file", f"{file}: {readable(error)}."
            ) from error
        for identity in listed.ids:
            found.setdefault(identity, listed.reason or f"listed in {file.name}")
    return found
