"""The lines of a journal: what was asked, what came, what it cost.

`key` names a question: teacher, parameters and words. `usd` is `None` where nobody knows a price.
Times are seconds since 1970.
"""

import hashlib
from collections.abc import Sequence

import msgspec

from g4tui.core import ErrorInfo, FinishReason, ModelSpec, Params, Price
from g4tui_training.pairs import Turn


class Began(msgspec.Struct, frozen=True, tag_field="what", tag="began"):
    """A run began; `price` is for a million tokens."""

    teacher: str
    params: Params
    price: Price | None
    created: float


class Asked(msgspec.Struct, frozen=True, tag_field="what", tag="asked"):
    """A request goes out. `usd` and `tokens` are the most that it may take."""

    key: str
    usd: float
    tokens: int


class Answered(msgspec.Struct, frozen=True, tag_field="what", tag="answered", omit_defaults=True):
    """An answer. `seconds`: how long it took; 0 in a batch, whose name is `batch`."""

    key: str
    response: str
    finish_reason: FinishReason
    prompt_tokens: int
    completion_tokens: int
    usd: float
    created: float
    seconds: float = 0.0
    batch: str = ""


class Failure(msgspec.Struct, frozen=True):
    """Why there is no answer. `kind`: as the error's, or `empty`, or `endless`."""

    kind: str
    error: ErrorInfo

    def __str__(self) -> str:
        """In a line."""
        detail = self.error.detail
        return f"{self.error.title}. {detail}" if detail else self.error.title


class Missed(msgspec.Struct, frozen=True, tag_field="what", tag="missed", omit_defaults=True):
    """A request without an answer. `usd` and `tokens`: what it took, or may have taken."""

    key: str
    failure: Failure
    created: float
    usd: float = 0.0
    tokens: int = 0
    batch: str = ""


class BatchMade(msgspec.Struct, frozen=True, tag_field="what", tag="batch-made"):
    """A batch will be sent; `usd` and `tokens` are the most that it may take."""

    label: str
    requests: int
    usd: float
    tokens: int
    created: float


class BatchSent(msgspec.Struct, frozen=True, tag_field="what", tag="batch-sent"):
    """The server has it, under the name `batch`."""

    label: str
    batch: str
    created: float


class BatchEnded(msgspec.Struct, frozen=True, tag_field="what", tag="batch-ended"):
    """All of its answers are in the journal."""

    label: str
    detail: str
    created: float


Record = Began | Asked | Answered | Missed | BatchMade | BatchSent | BatchEnded


def key_of(teacher: ModelSpec, params: Params, turns: Sequence[Turn]) -> str:
    """The name of a question: 32 hexadecimal digits."""
    said = [(turn.role, turn.content) for turn in turns]
    whole = msgspec.json.encode((teacher.id, params, said), order="deterministic")
    return hashlib.blake2b(whole, digest_size=16).hexdigest()
