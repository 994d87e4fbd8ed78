"""Prompts to answer: rows of this project, drawn so that the order of a file changes nothing."""

import hashlib
from pathlib import Path

from g4tui.core import G4tuiError
from g4tui_training.lines import Broken
from g4tui_training.pairs import Prompt, read_rows

_LONGEST = 4000


def read_prompts(file: Path, count: int) -> list[str]:
    """At most `count` single questions of a file of prompts or pairs; the same ones each time."""
    found: set[str] = set()
    for row in read_rows(file, Prompt):
        if isinstance(row, Broken):
            continue
        turns = row.turns
        if len(turns) == 1 and turns[0].role == "user" and len(turns[0].content) <= _LONGEST:
            found.add(turns[0].content)
    if not found and count:
        raise G4tuiError(
            "usage", "There are no prompts to answer", f"{file} has no row with one question."
        )
    return sorted(found, key=lambda text: hashlib.sha256(text.encode()).digest())[:count]
