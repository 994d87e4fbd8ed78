"""Many requests in one file, answered within a day for less: what some servers offer."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from pathlib import Path
from typing import ClassVar, Literal

import msgspec

from g4tui.core.errors import ErrorInfo
from g4tui.core.events import FinishReason, Usage
from g4tui.core.messages import Request


class BatchState(msgspec.Struct, frozen=True):
    """How far a batch is: requests in all, answered, failed. `detail` is the server's own words.

    `ended`: there are answers, to some or all requests; `failed`: it was refused as a whole.
    """

    state: Literal["working", "ended", "failed"]
    total: int = 0
    answered: int = 0
    failed: int = 0
    detail: str = ""


class BatchAnswer(msgspec.Struct, frozen=True):
    """What became of one request: an answer, or `error`. `again`: it was never answered."""

    key: str
    text: str = ""
    finish: FinishReason = "stop"
    usage: Usage | None = None
    error: ErrorInfo | None = None
    again: bool = False


class Batches(ABC):
    """Sends and fetches batches; every method raises `G4tuiError`.

    `share`: of the usual price that is paid. `most_requests`, `most_bytes`: what one file may have.
    """

    share: ClassVar[float] = 1.0
    most_requests: ClassVar[int]
    most_bytes: ClassVar[int]

    @abstractmethod
    def line(self, key: str, request: Request) -> bytes:
        """A request as a line of the file, with its end; `key` comes back with the answer."""

    @abstractmethod
    async def submit(self, file: Path, label: str) -> str:
        """Send a file of such lines; the batch's id. `label` finds it again."""

    @abstractmethod
    async def find(self, label: str) -> str | None:
        """The id of a batch that was sent with this label."""

    @abstractmethod
    async def state(self, batch: str) -> BatchState:
        """How far it is."""

    @abstractmethod
    def answers(self, batch: str, folder: Path) -> AsyncIterator[BatchAnswer]:
        """What came, in any order, once it has ended; `folder` takes the files."""
