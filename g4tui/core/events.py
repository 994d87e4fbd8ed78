"""What an engine tells while it answers: a closed union. `Finished` or `Failed` ends a stream."""

from typing import Literal

import msgspec

from g4tui.core.errors import ErrorInfo

Phase = Literal["queue", "load", "prefill"]
FinishReason = Literal["stop", "length", "filtered", "cancelled"]


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """What comes before the first token: `load` in thousandths, `prefill` in tokens.

    `queue`: it waits until the model is free; `total` others are before it.
    """

    phase: Phase
    done: int
    total: int


class TextDelta(msgspec.Struct, frozen=True, tag="text"):
    """A piece of the answer; whole characters, any length."""

    text: str


class ReasoningDelta(msgspec.Struct, frozen=True, tag="reasoning"):
    """A piece of the model's thinking, apart from the answer."""

    text: str


class Usage(msgspec.Struct, frozen=True, tag="usage"):
    """What an answer took. Sent once, before the terminal event.

    Tokens: `prompt` in all, of which `cached` were not evaluated anew; `completion` generated.
    `estimated`: the counts are ours, the server gave none. `ttft_s`: seconds from the request to
    the first token; `tok_per_s`: generated tokens per second after it. `cost_usd`: `None` when the
    price is unknown, 0.0 for a local model.
    """

    prompt: int = 0
    cached: int = 0
    completion: int = 0
    estimated: bool = False
    ttft_s: float | None = None
    tok_per_s: float | None = None
    cost_usd: float | None = None


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """The answer ended as it should, or the person stopped it (`cancelled`)."""

    reason: FinishReason


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The answer ended with an error; the text so far is kept."""

    error: ErrorInfo


Event = Progress | TextDelta | ReasoningDelta | Usage | Finished | Failed
