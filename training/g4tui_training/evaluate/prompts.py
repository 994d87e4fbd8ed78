"""Prompts to answer: rows of this project, drawn so that the order of a file changes nothing."""

import hashlib
from pathlib import Path

from g4tui_training.lines import Broken
from g4tui_training.pairs import Prompt, read_rows

_LONGEST = 4000


def read_prompts(file: Path, count: int) -> list[str]:
    """At most `count` single questions of a file of prompts or pairs; the same ones each time.

    None where the file has none.
    """
    found: set[str] = set()
    for row in read_rows(file, Prompt):
        if isinstance(row, Broken):
            continue
        turns = row.turns
        if len(turns) == 1 and turns[0].role == "user" and len(turns[0].content) <= _LONGEST:
            found.add(turns[0].content)
    return sorted(found, key=lambda text: hashlib.sha256(text.encode()).digest())[:count]
