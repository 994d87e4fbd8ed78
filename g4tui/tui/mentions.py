"""`@path` in a prompt: text files that go with it."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from g4tui.attachments import read_attachment
from g4tui.core import Attachment
from g4tui.paths import expanded

MOST = 200
_MENTION = re.compile(r'(?:(?<=\s)|^)@(?:"([^"\n]+)"|(\S+))')
_TYPED = re.compile(r'(?:(?<=\s)|^)@("?)([^"\n]*)$')


class Completed(NamedTuple):
    """What stands in place of the last `length` characters, and what it could still become."""

    length: int
    text: str
    choices: tuple[str, ...]


class Mentioned(NamedTuple):
    """The files that go with a text, and what it names that looks like a path and is no file."""

    attachments: tuple[Attachment, ...]
    missed: tuple[str, ...]


def with_mentioned(text: str, attachments: Iterable[Attachment]) -> Mentioned:
    """The attachments, and every file that `text` names with an `@`.

    Any other word with an `@` is only a word. Blocks; raises `G4tuiError` for a file that is no
    text.
    """
    found, missed = list(attachments), []
    for quoted, bare in _MENTION.findall(text):
        names = (quoted,) if quoted else (bare, bare.rstrip(".,;:!?)"))
        path = next((path for name in names if (path := expanded(name)).is_file()), None)
        if path is not None:
            _add(found, path)
        elif quoted or "/" in bare or Path(names[-1]).suffix:
            missed.append(names[-1])
    return Mentioned(tuple(found), tuple(missed))


def _add(found: list[Attachment], path: Path) -> None:
    """Once, and under its whole path where another file has its name."""
    added = read_attachment(path)
    if added in found:
        return
    if any(each.name == added.name for each in found):
        added = Attachment(str(path), added.text)
    if added not in found:
        found.append(added)


def typed(before: str) -> str | None:
    """The path that is being typed at the end of `before`, after its `@`."""
    match = _TYPED.search(before)
    if match is None or (not match[1] and " " in match[2]):
        return None
    return match[2]


def completed(before: str) -> Completed | None:
    """The path at the end of `before` made longer, as far as that is sure. Blocks."""
    match = _TYPED.search(before)
    path = typed(before)
    if match is None or path is None:
        return None
    head, _, start = path.rpartition("/")
    folder = expanded(f"{head}/" if head or path.startswith("/") else ".")
    try:
        with os.scandir(folder) as entries:
            names = sorted(
                entry.name + ("/" if entry.is_dir() else "")
                for entry in entries
                if entry.name.startswith(start) and (start or not entry.name.startswith("."))
            )[:MOST]
    except OSError:
        return None  # there is nothing to offer
    if not names:
        return None
    common = _shared_start(names[0], names[-1])
    whole = f"{head}/{common}" if "/" in path else common
    if len(names) == 1 and not common.endswith("/"):
        quoted = match[1] or " " in whole
        return Completed(len(match[0]), f'@"{whole}" ' if quoted else f"@{whole} ", ())
    quote = '"' if match[1] or " " in whole else ""
    return Completed(len(match[0]), f"@{quote}{whole}", tuple(names) if len(names) > 1 else ())


def _shared_start(first: str, last: str) -> str:
    """What the first and the last of sorted names begin with, and so all of them."""
    pairs = enumerate(zip(first, last, strict=False))
    end = next((place for place, (one, other) in pairs if one != other), min(len(first), len(last)))
    return first[:end]
