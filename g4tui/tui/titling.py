"""A title for a chat, written by a model."""

import re
from collections.abc import Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from g4tui.core import Cancel, Failed, G4tuiError, Message, ModelSpec, Params, Request, TextDelta

if TYPE_CHECKING:
    from g4tui.engine import Runtime
    from g4tui.store import MessageRow

MESSAGES = 4
CHARACTERS = 600
LONGEST = 60
ASKED = "Write a title of two to six words for the conversation above. Answer with the title only."


async def title_for(runtime: "Runtime", spec: ModelSpec, rows: "Sequence[MessageRow]") -> str:
    """A title from how the conversation begins; empty where the model gave none.

    Raises `G4tuiError` where it cannot answer.
    """
    said = "\n\n".join(
        f"{'Question' if row.message.role == 'user' else 'Answer'}: {row.message.text[:CHARACTERS]}"
        for row in rows[:MESSAGES]
    )
    request = Request(
        (Message("user", f"{said}\n\n{ASKED}"),), Params(temperature=0.2, max_tokens=32)
    )
    cancel = Cancel()
    async with aclosing(runtime.load(spec, cancel)) as steps:
        async for _ in steps:
            pass
    text = ""
    async with aclosing(runtime.generate(spec, request, cancel)) as stream:
        async for event in stream:
            if isinstance(event, TextDelta):
                text += event.text
            elif isinstance(event, Failed):
                raise G4tuiError.of(event.error)
    return tidy(text)


def tidy(text: str) -> str:
    """What a model said, as a title: one line without marks around it."""
    line = next((line for line in text.splitlines() if line.strip(" \t#*\"'`_-")), "")
    line = re.sub(r"^\s*(?:\W*title\W*:)\s*", "", line, flags=re.IGNORECASE)
    line = " ".join(line.strip(" \t#*\"'`_“”„«».:").split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rsplit(" ", 1)[0] + "…"
