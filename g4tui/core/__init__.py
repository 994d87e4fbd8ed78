"""Values and contracts, all public: what a plugin may import. No I/O, no UI."""

from g4tui.core.backend import (
    AsyncEngine,
    Backend,
    Engine,
    Host,
    ModelFile,
    ModelInfo,
    NoOptions,
    Price,
    estimated_tokens,
    unsupported,
)
from g4tui.core.batches import BatchAnswer, Batches, BatchState
from g4tui.core.cancel import Cancel
from g4tui.core.errors import ErrorInfo, ErrorKind, G4tuiError
from g4tui.core.events import (
    Event,
    Failed,
    Finished,
    FinishReason,
    Phase,
    Progress,
    ReasoningDelta,
    TextDelta,
    Usage,
)
from g4tui.core.messages import Attachment, Message, Params, Request, Role
from g4tui.core.naming import ModelSpec, parse_model

__all__ = [
    "AsyncEngine",
    "Attachment",
    "Backend",
    "BatchAnswer",
    "BatchState",
    "Batches",
    "Cancel",
    "Engine",
    "ErrorInfo",
    "ErrorKind",
    "Event",
    "Failed",
    "FinishReason",
    "Finished",
    "G4tuiError",
    "Host",
    "Message",
    "ModelFile",
    "ModelInfo",
    "ModelSpec",
    "NoOptions",
    "Params",
    "Phase",
    "Price",
    "Progress",
    "ReasoningDelta",
    "Request",
    "Role",
    "TextDelta",
    "Usage",
    "estimated_tokens",
    "parse_model",
    "unsupported",
]
