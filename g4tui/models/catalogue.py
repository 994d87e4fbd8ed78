"""Models that can be pulled by name."""

from functools import cache
from importlib.resources import files

import msgspec

DEFAULT = "smollm2-135m-instruct"


class CatalogueEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model that can be pulled.

    Sizes are bytes, `context` is tokens. `size_bytes` is rounded unless `exact`; `sha256` is empty
    where it is not known beforehand. `ram_bytes` is a rough figure for a context of 4096.
    """

    name: str
    title: str
    source: str
    size_bytes: int
    context: int
    ram_bytes: int
    licence: str
    quantisation: str = ""
    sha256: str = ""
    exact: bool = False
    note: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    model: tuple[CatalogueEntry, ...]


@cache
def catalogue() -> tuple[CatalogueEntry, ...]:
    """All entries; the first is the default model."""
    text = files(__package__).joinpath("catalogue.toml").read_text("utf-8")
    return msgspec.toml.decode(text, type=_File).model


def entry_named(name: str) -> CatalogueEntry | None:
    """The entry of this name, if there is one."""
    return next((entry for entry in catalogue() if entry.name == name), None)
