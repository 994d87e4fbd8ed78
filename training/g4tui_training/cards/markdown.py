"""Pieces of Markdown that no text from a data set can break out of."""

import re
from collections.abc import Sequence

from g4tui.sanitize import clean, clean_line

_SPECIAL = re.compile(r"([\\`*_\[\]|<>~&])")


def inline(text: str) -> str:
    """Text on one line, with nothing in it that Markdown or HTML would obey."""
    return _SPECIAL.sub(r"\\\1", clean_line(text)).strip()


def fenced(text: str, limit: int = 700) -> str:
    """Text as a block, cut after `limit` characters; its own fences stay text."""
    shown = clean(text)
    if len(shown) > limit:
        shown = shown[: limit - 1] + "…"
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{shown}\n{fence}"


def table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; cells are escaped."""
    lines = ["| " + " | ".join(heading) + " |", "|" + "---|" * len(heading)]
    lines += ["| " + " | ".join(inline(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def yaml_text(text: str) -> str:
    """A YAML scalar: JSON strings are YAML too."""
    import json

    return json.dumps(clean_line(text), ensure_ascii=False)
