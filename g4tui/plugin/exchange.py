"""What exporters and importers exchange: whole sessions as values."""

from abc import ABC, abstractmethod
from collections.abc import Container, Iterable, Iterator
from typing import BinaryIO, ClassVar, Literal

import msgspec

from g4tui.core import ErrorInfo, FinishReason, Message, Params, Usage


class TranscriptMessage(msgspec.Struct, frozen=True):
    """One message of a session's tree.

    `id` is any string unique within its transcript, `parent` the id of the message before it
    (`None` for a first one). `created` is in seconds since 1970 (UTC). `corrects` is the answer
    that this one is a correction of, `memory_start` the first message that the model saw for it
    where older ones were left out; both are ids of the same transcript.
    """

    id: str
    parent: str | None
    message: Message
    state: Literal["complete", "stopped", "interrupted", "failed"] = "complete"
    model: str = ""
    params: Params = Params()
    usage: Usage | None = None
    error: ErrorInfo | None = None
    starred: bool = False
    created: float = 0.0
    finish_reason: FinishReason | None = None
    corrects: str | None = None
    memory_start: str | None = None


class TranscriptVote(msgspec.Struct, frozen=True):
    """What a person thought of two answers: `left` means that the first of `shown` is better.

    `answers` are the same two in the order in which their models were asked. `blind`: the person
    could not know who wrote which. `revealed_first`: the names of a blind turn were seen before.
    """

    answers: tuple[str, str]
    shown: tuple[str, str]
    verdict: Literal["left", "right", "tie", "both_bad"]
    blind: bool = False
    revealed_first: bool = False
    reason: str = ""
    created: float = 0.0


class TranscriptTurn(msgspec.Struct, frozen=True):
    """A prompt that several models were asked at once; all in it are ids of messages.

    `answers` are in the order in which the models were asked, `shown` the same from left to right.
    `revealed`: when the names of a blind turn were seen. `chosen`: what the person wants all to go
    on from, an answer or a correction of one. `votes` are on any two of its answers; one stays on
    them though one was asked again and stands in the turn no more.

    As long as a blind turn is not revealed, nothing tells who wrote what: its answers are without a
    model, and `answers` is the same as `shown`.
    """

    answers: tuple[str, ...]
    shown: tuple[str, ...]
    created: float = 0.0
    blind: bool = False
    revealed: float | None = None
    chosen: str | None = None
    votes: tuple[TranscriptVote, ...] = ()

    def is_among(self, messages: Container[str]) -> bool:
        """Whether it is a comparison of these messages."""
        pairs = [(self.answers, self.shown)]
        pairs += [(vote.answers, vote.shown) for vote in self.votes]
        voted_on = {frozenset(vote.shown) for vote in self.votes}
        return (
            len(voted_on) == len(self.votes)
            and all(
                len(asked) > 1
                and len(set(asked)) == len(asked) == len(shown)
                and set(asked) == set(shown)
                and all(answer in messages for answer in asked)
                for asked, shown in pairs
            )
            and (self.chosen is None or self.chosen in messages)
        )


class Transcript(msgspec.Struct, frozen=True):
    """A session: its messages, parents before children; `head` ends the branch that is shown.

    `origin` names where it comes from, as `chatgpt:ID`: what has the same origin is imported once.
    `title_is_set`: a person gave the title; else it was taken from the first message. Times are
    seconds since 1970 (UTC); `context` is in tokens. `turns` are the comparisons as they came.
    """

    title: str
    messages: tuple[TranscriptMessage, ...]
    head: str | None = None
    created: float = 0.0
    model: str = ""
    system: str = ""
    params: Params = Params()
    origin: str = ""
    title_is_set: bool = True
    updated: float = 0.0
    context: int | None = None
    tags: tuple[str, ...] = ()
    pinned: bool = False
    archived: bool = False
    turns: tuple[TranscriptTurn, ...] = ()

    def shown_line(self) -> list[TranscriptMessage]:
        """The branch that is shown: from its first message to `head` (without one: to the last)."""
        messages = {message.id: message for message in self.messages}
        head = self.head
        if head is None and self.messages:
            head = self.messages[-1].id
        line = []
        while head is not None and head in messages:
            message = messages.pop(head)  # taken out: a circle ends
            line.append(message)
            head = message.parent
        return line[::-1]


class LeftOut(msgspec.Struct, frozen=True):
    """What an importer passed over, for the person to know: `what` in the plural, as `images`.

    `example` tells one of them apart: a title, an id, a file's name.
    """

    what: str
    count: int = 1
    example: str = ""


class Exporter(ABC):
    """A way to write sessions to a file. `name` is what a person types; `suffix` begins with a dot.

    The host opens the file, writes beside it and renames, and leaves private sessions out.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    suffix: ClassVar[str]

    @abstractmethod
    def write(self, transcripts: Iterable[Transcript], out: BinaryIO) -> None:
        """Write all of them. The texts are raw: what they hold must stay inert in the file."""


class Importer(ABC):
    """A way to read sessions from a file that somebody else may have made.

    The host opens the file, which can be sought in. What a file tells of itself is not to be
    trusted: its size, its depth, its names.
    """

    name: ClassVar[str]
    title: ClassVar[str]

    @abstractmethod
    def recognises(self, file: BinaryIO) -> bool:
        """Whether `read` is likely to understand `file`; quick, reads little, never raises."""

    @abstractmethod
    def read(self, file: BinaryIO) -> Iterator[Transcript | LeftOut]:
        """One transcript after another, in bounded memory, and what had to be left out.

        Raises `G4tuiError` for a file that cannot be read, or no further.
        """
