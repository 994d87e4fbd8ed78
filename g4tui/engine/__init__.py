"""A turn from request to saved answer: models opened and shared, context kept, text never lost."""

from g4tui.engine.caches import forget_conversation
from g4tui.engine.chat import HEAD, Chat
from g4tui.engine.runtime import Runtime
from g4tui.engine.turn_events import (
    ContextUsed,
    MemoryBegins,
    TurnEvent,
    TurnFinished,
    TurnStarted,
)

__all__ = [
    "HEAD",
    "Chat",
    "ContextUsed",
    "MemoryBegins",
    "Runtime",
    "TurnEvent",
    "TurnFinished",
    "TurnStarted",
    "forget_conversation",
]
