"""What exporters and importers exchange: whole sessions as values."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
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


class Transcript(msgspec.Struct, frozen=True):
    """A session: its messages, parents before children; `head` ends the branch that is shown.

    `origin` names where it comes from, as `chatgpt:ID`: what has the same origin is imported once.
    `title_is_set`: a person gave the title; else it was taken from the first message. Times are
    seconds since 1970 (UTC); `context` is in tokens.
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
