"""Which licences let a model be trained on a text and given away."""

import re

from g4tui_training.recipe import Recipe

PERMISSIVE = frozenset(
    name.lower()
    for name in (
        "0BSD",
        "AFL-3.0",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSL-1.0",
        "CC-BY-2.0",
        "CC-BY-2.5",
        "CC-BY-3.0",
        "CC-BY-4.0",
        "CC0-1.0",
        "CDLA-Permissive-1.0",
        "CDLA-Permissive-2.0",
        "ISC",
        "MIT",
        "MIT-0",
        "ODC-By-1.0",
        "PDDL-1.0",
        "PSF-2.0",
        "Unlicense",
        "WTFPL",
        "Zlib",
    )
)
_TOKEN = re.compile(r"\(|\)|[^\s()]+")


def is_permissive(expression: str) -> bool:
    """Whether an SPDX expression allows use under permissive licences alone.

    `A AND B` needs both, `A OR B` one of them. What is unknown, or cannot be read, is not
    permissive. An exception (`WITH`) adds a permission and changes nothing.
    """
    tokens = _TOKEN.findall(expression)
    if not tokens:
        return False
    verdict, rest = _either(tokens)
    return verdict and not rest


def needs_attribution(expression: str) -> bool:
    """Whether the licence asks that the author is named (CC BY in all its forms, ODC-By)."""
    return bool(re.search(r"\b(CC-BY|ODC-By)\b", expression, re.IGNORECASE))


def forbidden_reason(recipe: Recipe, licence: str, terms: str) -> str:
    """Why the recipe leaves a row out: `licence NAME` or `terms NAME`; empty where it takes it."""
    if recipe.licence == "any":
        return ""
    if not is_permissive(licence):
        return f"licence {licence}"
    if terms and terms not in recipe.allow_terms:
        return f"terms {terms}"
    return ""


def _either(tokens: list[str]) -> tuple[bool, list[str]]:
    verdict, rest = _both(tokens)
    while rest and rest[0].upper() == "OR":
        other, rest = _both(rest[1:])
        verdict = verdict or other
    return verdict, rest


def _both(tokens: list[str]) -> tuple[bool, list[str]]:
    verdict, rest = _one(tokens)
    while rest and rest[0].upper() in ("AND", "WITH"):
        if rest[0].upper() == "WITH":
            rest = rest[2:]
            continue
        other, rest = _one(rest[1:])
        verdict = verdict and other
    return verdict, rest


def _one(tokens: list[str]) -> tuple[bool, list[str]]:
    if not tokens:
        return False, []
    if tokens[0] != "(":
        return tokens[0].lower() in PERMISSIVE, tokens[1:]
    verdict, rest = _either(tokens[1:])
    return verdict and rest[:1] == [")"], rest[1:]
