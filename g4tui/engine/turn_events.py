"""What a turn tells its screen, beside the engine's own `Progress` and deltas."""

import msgspec

from g4tui.core import Progress, ReasoningDelta, TextDelta
from g4tui.store import MessageRow


class TurnStarted(msgspec.Struct, frozen=True):
    """Both messages are saved. `user` is `None` for another answer to the same question."""

    user: MessageRow | None
    answer: MessageRow


class MemoryBegins(msgspec.Struct, frozen=True):
    """The model sees the conversation only from this message on; `dropped` ones are left out."""

    message: str
    dropped: int


class ContextUsed(msgspec.Struct, frozen=True):
    """Tokens of the prompt, and of the model's whole context."""

    used: int
    limit: int


class TurnFinished(msgspec.Struct, frozen=True):
    """The answer as it was saved: state, usage and error are in it. Always the last event."""

    answer: MessageRow


TurnEvent = (
    TurnStarted | MemoryBegins | ContextUsed | Progress | TextDelta | ReasoningDelta | TurnFinished
)
