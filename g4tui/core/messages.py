"""What is said: messages of a conversation, and the request that is made of them."""

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

Role = Literal["system", "user", "assistant"]


class Attachment(msgspec.Struct, frozen=True):
    """A text file put into a message; `text` is its whole content."""

    name: str
    text: str


class Message(msgspec.Struct, frozen=True):
    """One turn's words. `reasoning` is the folded thinking of an answer, never sent back."""

    role: Role
    text: str
    reasoning: str = ""
    attachments: tuple[Attachment, ...] = ()

    @property
    def content(self) -> str:
        """What a model reads: each attached file under its name, fenced, then the text."""
        return "".join(_fenced(attachment) for attachment in self.attachments) + self.text


def _fenced(attachment: Attachment) -> str:
    """A file between fences that its own text cannot close."""
    longest = max((len(run) for run in re.findall("`+", attachment.text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{attachment.name}:\n{fence}\n{attachment.text}\n{fence}\n\n"


class Params(msgspec.Struct, frozen=True, omit_defaults=True):
    """How to sample. `None` means: as the model (or its server) does by default.

    `max_tokens` counts the answer's tokens; `stop` strings end an answer and are not part of it;
    `extra` (JSON values) is passed to the backend as it is.
    """

    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    extra: Mapping[str, object] = {}

    def merged(self, over: "Params") -> "Params":
        """These parameters with every value that `over` sets."""
        mine, theirs = msgspec.structs.asdict(self), msgspec.structs.asdict(over)
        extra = {**self.extra, **over.extra}
        chosen = {key: value for key, value in theirs.items() if value is not None and value != ()}
        return Params(**{**mine, **chosen, "extra": extra})


class Request(msgspec.Struct, frozen=True):
    """One generation. The last message is the user's, or, with `continue_last`, an answer to go on.

    `cache_key` names the conversation (a file-name-safe string) for state that a backend may keep
    between turns; `adapters` are absolute paths of LoRA files to apply to the loaded base.
    Both are set by the host.
    """

    messages: tuple[Message, ...]
    params: Params = Params()
    continue_last: bool = False
    cache_key: str | None = None
    adapters: tuple[str, ...] = ()
