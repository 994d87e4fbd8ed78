"""Pairs and files of them for the tests of the distillery."""

import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

_TEXT = """
river stone window garden letter market winter orange village teacher engine mirror
planet forest button kitchen travel silver history pocket summer number bridge island
doctor basket music paper yellow morning candle window coffee rocket signal carpet
dinner animal pencil bottle castle flower ticket farmer shadow butter needle magnet
corner ladder muscle violin
"""
WORDS = _TEXT.split()


def pair(
    identity: str, prompt: str | None = None, response: str | None = None, **more: Any
) -> dict[str, Any]:
    """A row in our own shape."""
    return {
        "id": identity,
        "source": "here",
        "licence": "MIT",
        "teacher": "somebody",
        "prompt": f"What is meant by {identity}?" if prompt is None else prompt,
        "response": _answer(identity) if response is None else response,
        "finish_reason": "stop",
        "terms": "",
        "created": 1.0,
        **more,
    }


def _answer(identity: str) -> str:
    return f"By {identity} a thing is meant that has the name {identity}."


def sentence(chance: random.Random, words: int) -> str:
    """So many words."""
    return " ".join(chance.choices(WORDS, k=words))


def varied(count: int, seed: int = 1, words: int = 50, **more: Any) -> list[dict[str, Any]]:
    """Pairs that have nothing in common."""
    chance = random.Random(seed)
    return [
        pair(f"{seed}-{number}", sentence(chance, 25), sentence(chance, words), **more)
        for number in range(count)
    ]


def write_rows(file: Path, rows: Iterable[object]) -> Path:
    """Rows as JSON lines."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


def read_rows(file: Path) -> list[dict[str, Any]]:
    """Rows of a file of ours."""
    return [json.loads(line) for line in file.read_bytes().split(b"\n") if line]


def ids(file: Path) -> set[str]:
    """The ids in a file of ours; each must be there once."""
    found = [row["id"] for row in read_rows(file)]
    assert len(found) == len(set(found)), "an id is there twice"
    return set(found)


def by_rule(ledger: Path) -> dict[str, list[str]]:
    """The ids that each rule dropped, sorted."""
    found: dict[str, list[str]] = {}
    for row in read_rows(ledger):
        found.setdefault(row["rule"], []).append(row["id"])
    return {rule: sorted(listed) for rule, listed in found.items()}


def split(rows: Sequence[object], parts: int) -> list[list[object]]:
    """Rows dealt out to some files."""
    return [list(rows[start::parts]) for start in range(parts)]
