"""What goes from stage to stage: prompts, pairs and preferences, one JSON object a line.

`source` names where a row is from, `licence` is an SPDX expression, `terms` is `openai` where the
terms of OpenAI reach the text in spite of its licence, else empty. A row has `prompt` (one user
message) or `messages` (all turns before the answer). `created` is in seconds since 1970.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from g4tui.core import Message, Role
from g4tui_training.lines import Broken, broken_line, read_lines


class Turn(msgspec.Struct, frozen=True):
    """One message."""

    role: Role
    content: str


class _Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """What all rows share."""

    id: str
    source: str
    licence: str


class Prompt(_Conversation, frozen=True, kw_only=True):
    """What the teacher will be asked; with a `response`, a published pair that needs no asking.

    `rank`: 0 is the best of several answers. `weight`: how much the row counts in training.
    """

    prompt: str | UnsetType = UNSET
    messages: tuple[Turn, ...] | UnsetType = UNSET
    terms: str = ""
    teacher: str | UnsetType = UNSET
    response: str | UnsetType = UNSET
    finish_reason: str | UnsetType = UNSET
    created: float | UnsetType | None = UNSET
    rank: float | UnsetType = UNSET
    weight: float | UnsetType = UNSET

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The conversation before the answer."""
        return _turns(self.prompt, self.messages)

    def answered(
        self, response: str, *, teacher: str, finish_reason: str, terms: str, created: float
    ) -> "Pair":
        """This prompt with an answer to it; `terms` of the teacher join those of the prompt."""
        return Pair(
            id=self.id,
            source=self.source,
            licence=self.licence,
            teacher=teacher,
            prompt=self.prompt,
            messages=self.messages,
            response=response,
            finish_reason=finish_reason,
            terms=terms or self.terms,
            created=created,
            weight=self.weight,
        )

    def as_pair(self) -> "Pair | None":
        """The published pair; `None` where the teacher has to be asked."""
        if self.response is UNSET:
            return None
        return Pair(
            id=self.id,
            source=self.source,
            licence=self.licence,
            teacher="" if self.teacher is UNSET else self.teacher,
            prompt=self.prompt,
            messages=self.messages,
            response=self.response,
            finish_reason="" if self.finish_reason is UNSET else self.finish_reason,
            terms=self.terms,
            created=None if self.created is UNSET else self.created,
            rank=self.rank,
            weight=self.weight,
        )


class Pair(_Conversation, frozen=True, kw_only=True):
    """A conversation and the answer to it.

    `teacher` is a model's name, or `human`; `finish_reason` is empty where nobody told. `labels`
    say what `clean` saw without dropping the row.
    """

    teacher: str
    prompt: str | UnsetType = UNSET
    messages: tuple[Turn, ...] | UnsetType = UNSET
    response: str
    finish_reason: str = ""
    terms: str = ""
    created: float | None = None
    rank: float | UnsetType = UNSET
    weight: float | UnsetType = UNSET
    labels: tuple[str, ...] | UnsetType = UNSET

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The conversation before the answer."""
        return _turns(self.prompt, self.messages)


class Preference(_Conversation, frozen=True, kw_only=True):
    """Two answers to one conversation, and which was better."""

    messages: tuple[Turn, ...]
    chosen: str
    chosen_model: str
    rejected: str
    rejected_model: str


Row = TypeVar("Row", bound=msgspec.Struct)


def asked(turns: tuple[Turn, ...]) -> tuple[str | UnsetType, tuple[Turn, ...] | UnsetType]:
    """A row's `prompt` and `messages`, one of which is not set."""
    if len(turns) == 1 and turns[0].role == "user":
        return turns[0].content, UNSET
    return UNSET, turns


def messages_of(turns: Iterable[Turn]) -> tuple[Message, ...]:
    """Turns as an engine takes them."""
    return tuple(Message(turn.role, turn.content) for turn in turns)


def read_rows(
    file: Path, kind: type[Row], *, start: int = 0, end: int | None = None
) -> Iterator[Row | Broken]:
    """The rows of a file of this project, all or those that begin in bytes `start` to `end`.

    A line that is none is `Broken`, never an exception.
    """
    decoder = msgspec.json.Decoder(kind)
    for line in read_lines(file, start=start, end=end):
        if isinstance(line, Broken):
            yield line
            continue
        try:
            yield decoder.decode(line.data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            yield broken_line(file, line.number, str(error), line.data)


def row_line(row: msgspec.Struct) -> bytes:
    """A row as its line, with the `\\n`."""
    return msgspec.json.encode(row) + b"\n"


def _turns(prompt: str | UnsetType, messages: tuple[Turn, ...] | UnsetType) -> tuple[Turn, ...]:
    if messages is not UNSET:
        return messages
    return (Turn("user", prompt),) if prompt is not UNSET else ()
