"""What a plugin is told of a turn that is over."""

import msgspec

from g4tui.core import ErrorInfo, FinishReason, Message, Request, Usage


class FinishedTurn(msgspec.Struct, frozen=True):
    """A request and what came of it.

    `model` is the full name (`backend:model`). Either `finish_reason` or `error` is set; on an
    error `answer` holds the text until then. `private`: the person keeps this session on this
    machine, and so must a plugin.
    """

    model: str
    request: Request
    answer: Message
    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    error: ErrorInfo | None = None
    private: bool = False
