"""What a record of any shape becomes before it is a row, and how its values are found."""

import math
from collections.abc import Mapping, Sequence

import msgspec

from g4tui.core import Role
from g4tui_training.pairs import Turn

Record = Mapping[str, object]
ROLES: Mapping[str, Role] = {
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "system": "system",
}


class Unfit(Exception):  # noqa: N818 - it is a verdict on a record
    """Why a record gives no row, in a few words that many records share."""


class Draft(msgspec.Struct, frozen=True):
    """A row as its file tells it. Empty text is "not told"; `response` `None` is "no answer".

    `fields` is the record (or the message of a tree) that the row was made of.
    """

    turns: tuple[Turn, ...]
    response: str | None
    fields: Record
    id: str = ""
    source: str = ""
    licence: str = ""
    teacher: str = ""
    finish_reason: str = ""
    terms: str = ""
    created: float | None = None
    rank: float | None = None


def conversation(turns: Sequence[Turn], fields: Record, **more: object) -> Draft:
    """A draft of a whole conversation: its last turn is the answer if the assistant has it.

    What an assistant says before anybody asked is left out. Raises `Unfit`.
    """
    said = list(turns)
    start = 0
    while start < len(said) and said[start].role == "system":
        start += 1
    while start < len(said) and said[start].role == "assistant":
        del said[start]
    if not any(turn.role == "user" for turn in said):
        raise Unfit("no user in the conversation")
    response = said.pop().content if said[-1].role == "assistant" else None
    made = Draft(tuple(said), response, fields)
    return msgspec.structs.replace(made, **more)


def turn_of(role: object, content: object) -> Turn:
    """One message of a list. Raises `Unfit`."""
    known = ROLES.get(role.lower()) if isinstance(role, str) else None
    if known is None:
        raise Unfit(f"unknown role {str(role)[:40]!r}")
    return Turn(known, text_of(content))


def text_of(content: object) -> str:
    """Text, text parts as OpenAI has them, or an object with one text in it. Raises `Unfit`."""
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        texts = [value for value in content.values() if isinstance(value, str)]
        if len(texts) == 1:
            return texts[0]
    if isinstance(content, list | tuple):
        parts = [part.get("text") if isinstance(part, Mapping) else part for part in content]
        if all(isinstance(part, str) for part in parts):
            return "".join(str(part) for part in parts)
        raise Unfit("a message holds more than text")
    raise Unfit("a message without text")


def value_at(record: Record, name: str) -> object:
    """The value of a column; `a.0.b` reaches into objects and lists. Raises `KeyError`."""
    if name in record:
        return record[name]
    found: object = record
    for part in name.split("."):
        if isinstance(found, Mapping):
            found = found[part]
        elif isinstance(found, list | tuple) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        else:
            raise KeyError(name)
    return found


def as_text(value: object) -> str:
    """A cell as text; nothing is empty, whole numbers have no point."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def as_number(value: object) -> float | None:
    """A cell as a number; `None` where it is none."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        return None
    return number if number is not None and math.isfinite(number) else None
