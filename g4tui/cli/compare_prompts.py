"""The file of prompts: one JSON value a line."""

import json
from dataclasses import dataclass
from pathlib import Path

from g4tui.core import G4tuiError, Message

LONGEST_LINE = 32_000_000
MOST_COMPLAINTS = 20


@dataclass(frozen=True)
class Prompt:
    """What to ask, after what was said before; `row` is its line in the file, from 1.

    `system` is `None` where the prompt does not say.
    """

    text: str
    before: tuple[Message, ...] = ()
    system: str | None = None
    row: int | None = None

    @classmethod
    def of(cls, text: str) -> "Prompt":
        """One that was typed."""
        return cls(text)


def read_prompts(file: Path) -> tuple[list[Prompt], list[str]]:
    """The prompts, and what is wrong with the lines that are none.

    Raises `G4tuiError` of kind `usage` where there is no prompt at all.
    """
    prompts: list[Prompt] = []
    wrong: list[str] = []
    with file.open("rb") as lines:
        row = 0
        while line := lines.readline(LONGEST_LINE + 1):
            row += 1
            if len(line) > LONGEST_LINE:
                wrong.append(f"{file}:{row}: the line is too long; the rest was not read.")
                break
            if not line.strip():
                continue
            try:
                prompts.append(_prompt(line, row))
            except ValueError as error:
                wrong.append(f"{file}:{row}: {error}; left out.")
    if not prompts:
        raise G4tuiError(
            "usage",
            "There is no prompt in the file",
            "\n".join(wrong[:MOST_COMPLAINTS]) or f"{file} is empty.",
            'Each line is a JSON value: "a text", {"prompt": ...} or {"messages": [...]}.',
        )
    if len(wrong) > MOST_COMPLAINTS:
        wrong[MOST_COMPLAINTS:] = [f"{file}: {len(wrong) - MOST_COMPLAINTS} more lines like these."]
    return prompts, wrong


def _prompt(line: bytes, row: int) -> Prompt:
    """Raises `ValueError` that says what is wrong."""
    try:
        value = json.loads(line.decode("utf-8-sig" if row == 1 else "utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON ({' '.join(str(error).split())})") from error
    if isinstance(value, str):
        value = {"prompt": value}
    if not isinstance(value, dict):
        raise ValueError("neither a text nor an object")
    if "messages" in value:
        messages = [_message(each) for each in _list(value["messages"])]
    else:
        messages = [Message("user", _text(value.get("prompt"), "prompt"))]
    system = [message.text for message in messages if message.role == "system"]
    if isinstance(value.get("system"), str):
        system.insert(0, value["system"])
    said = [message for message in messages if message.role != "system"]
    if not said or said[-1].role != "user":
        raise ValueError("the last message is not the user's")
    return Prompt(said[-1].text, tuple(said[:-1]), "\n\n".join(system) if system else None, row=row)


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError("messages are no list")
    return value


def _message(value: object) -> Message:
    if not isinstance(value, dict) or value.get("role") not in ("system", "user", "assistant"):
        raise ValueError("a message has no role that is known")
    return Message(value["role"], _text(value.get("content", value.get("text")), "content"))


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"no text as {name}")
    return value
