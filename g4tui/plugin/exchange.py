"""What exporters and importers exchange: whole sessions as values."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, ClassVar, Literal

import msgspec

from g4tui.core import ErrorInfo, Message, Params, Usage


class TranscriptMessage(msgspec.Struct, frozen=True):
    """One message of a session's tree.

    `id` is any string unique within its transcript, `parent` the id of the message before it
    (`None` for a first one). `created` is in seconds since 1970 (UTC).
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


class Transcript(msgspec.Struct, frozen=True):
    """A session: its messages, parents before children; `head` ends the branch that is shown."""

    title: str
    messages: tuple[TranscriptMessage, ...]
    head: str | None = None
    created: float = 0.0
    model: str = ""
    system: str = ""
    params: Params = Params()


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
    """A way to read sessions from a file that somebody else may have made."""

    name: ClassVar[str]
    title: ClassVar[str]

    @abstractmethod
    def recognises(self, path: Path) -> bool:
        """Whether `read` is likely to understand `path`; quick, reads little, never raises."""

    @abstractmethod
    def read(self, path: Path) -> Iterator[Transcript]:
        """One transcript after another, in bounded memory. Raises `G4tuiError`."""
