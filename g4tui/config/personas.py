"""Personas: a system prompt and parameters under a name, one TOML file each.

A person's own lie in `personas/` of the config folder, and go before those that come with g4tui.
"""

import os
import re
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from g4tui.config.params import check_params
from g4tui.config.tables import read_table, readable
from g4tui.core import G4tuiError, Params
from g4tui.core.nearest import did_you_mean
from g4tui.paths import Paths, private_folder

NAME = re.compile(r"[\w][\w .-]{0,39}")


class Persona(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a chat is answered. Its name is that of its file."""

    system: Annotated[str, Meta(description="the system prompt")]
    about: Annotated[str, Meta(description="one line that says what it is for")] = ""
    params: Annotated[Params, Meta(description="how to sample")] = Params()


def own_folder(paths: Paths) -> Path:
    """Where a person's own lie; it need not be there."""
    return paths.config / "personas"


def personas(paths: Paths) -> tuple[dict[str, Persona], list[G4tuiError]]:
    """All of them by name, and what is wrong with files that cannot be used. Blocks."""
    found: dict[str, Persona] = {}
    wrong: list[G4tuiError] = []
    shipped = files("g4tui.config").joinpath("personas")
    for folder in (Path(str(shipped)), own_folder(paths)):
        for file in sorted(folder.glob("*.toml")):
            try:
                found[file.stem] = _read(file)
            except G4tuiError as error:
                wrong.append(error)
    return found, wrong


def persona_named(paths: Paths, name: str) -> Persona:
    """Raises `G4tuiError`: `config` where its file is wrong, `usage` without one. Blocks."""
    own = own_folder(paths) / f"{name}.toml"
    if NAME.fullmatch(name) and own.is_file():
        return _read(own)
    found, _ = personas(paths)
    if name in found:
        return found[name]
    guess = did_you_mean(name, found)
    raise G4tuiError(
        "usage",
        f"There is no persona {name}",
        f"{guess} There are: {', '.join(sorted(found))}.".strip(),
        f"A persona is a TOML file in {own_folder(paths)}",
    )


def _read(file: Path) -> Persona:
    table = read_table(file)
    try:
        persona = msgspec.convert(table, Persona)
    except msgspec.ValidationError as error:
        raise _unusable(file, readable(error)) from error
    complaint = check_params(persona.params)
    if complaint:
        raise _unusable(file, f"params.{complaint}")
    return msgspec.structs.replace(persona, system=persona.system.strip())


def _unusable(file: Path, why: str) -> G4tuiError:
    return G4tuiError(
        "config",
        "A persona cannot be used",
        f"{file}: {why}",
        "It has system, about and a table params.",
    )


def save_persona(paths: Paths, name: str, persona: Persona) -> Path:
    """Write a new one. Raises `G4tuiError`: `usage` for a name that is taken or no file's name."""
    import tomli_w

    if not NAME.fullmatch(name):
        raise G4tuiError(
            "usage",
            "That is no name for a persona",
            "It has letters, digits, spaces, dots and dashes, 40 at most.",
        )
    file = private_folder(own_folder(paths)) / f"{name}.toml"
    text = tomli_w.dumps(msgspec.to_builtins(persona), multiline_strings=True)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise G4tuiError(
            "usage", "There is such a persona already", f"{file}", "Give another name."
        ) from None
    except OSError as error:
        raise G4tuiError(
            "storage", "The persona could not be saved", f"{file}: {error.strerror or error}."
        ) from error
    return file
