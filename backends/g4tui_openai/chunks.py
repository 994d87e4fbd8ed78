"""What a server streams, read without trust."""

import re
from collections.abc import Sequence

import msgspec

from g4tui.core import FinishReason, Usage

_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "length": "length",
    "max_tokens": "length",
    "content_filter": "filtered",
}


class _Delta(msgspec.Struct, frozen=True):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct, frozen=True):
    delta: _Delta | None = None
    message: _Delta | None = None
    finish_reason: str | None = None
    index: int = 0


class _Chunk(msgspec.Struct, frozen=True):
    choices: list[_Choice] | None = None
    usage: object = None


class _CachedTokens(msgspec.Struct, frozen=True):
    cached_tokens: int | None = None


class _Usage(msgspec.Struct, frozen=True):
    prompt_tokens: int
    completion_tokens: int
    prompt_tokens_details: _CachedTokens | None = None


class Piece(msgspec.Struct, frozen=True):
    """One chunk's news: words, thinking, the end, the count; any of them may be missing."""

    text: str = ""
    reasoning: str = ""
    finish: FinishReason | None = None
    usage: Usage | None = None


def read_piece(data: object) -> Piece:
    """Raises `msgspec.ValidationError` for a chunk of another shape."""
    chunk = msgspec.convert(data, _Chunk)
    usage = _read_usage(chunk.usage)
    choice = next((choice for choice in chunk.choices or () if choice.index == 0), None)
    if choice is None:
        return Piece(usage=usage)
    delta = choice.delta or choice.message or _Delta()
    finish = None
    if choice.finish_reason:
        finish = _REASONS.get(choice.finish_reason, "stop")
    return Piece(
        text=(delta.content or "") + (delta.refusal or ""),
        reasoning=delta.reasoning_content or delta.reasoning or "",
        finish=finish,
        usage=usage,
    )


def _read_usage(data: object) -> Usage | None:
    """The server's count, or `None` where it makes no sense."""
    if data is None:
        return None
    try:
        usage = msgspec.convert(data, _Usage)
    except msgspec.ValidationError:
        return None
    details = usage.prompt_tokens_details
    cached = (details.cached_tokens or 0) if details else 0
    if (
        min(usage.prompt_tokens, usage.completion_tokens, cached) < 0
        or cached > usage.prompt_tokens
    ):
        return None
    return Usage(prompt=usage.prompt_tokens, cached=cached, completion=usage.completion_tokens)


_SURROGATE = re.compile("[\ud800-\udfff]")


class WholeCharacters:
    """Joins a character whose two halves came as JSON escapes in two chunks."""

    def __init__(self) -> None:
        self._half = ""

    def feed(self, text: str) -> str:
        """`text` with every character whole; a half without its other half becomes U+FFFD."""
        text, self._half = self._half + text, ""
        if not _SURROGATE.search(text):
            return text
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def end(self) -> str:
        """What is left."""
        left, self._half = self._half, ""
        return "\ufffd" if left else ""


class StopStrings:
    """Holds back text that may turn out to be a stop string; never lets one through."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._kept = ""
        self.hit = False

    def feed(self, text: str) -> str:
        """What may be shown now; nothing more after a hit."""
        if not self._stops or self.hit:
            return "" if self.hit else text
        text, self._kept = self._kept + text, ""
        found = [at for stop in self._stops if (at := text.find(stop)) >= 0]
        if found:
            self.hit = True
            return text[: min(found)]
        keep = max(_overlap(text, stop) for stop in self._stops)
        if keep:
            text, self._kept = text[:-keep], text[-keep:]
        return text

    def end(self) -> str:
        """What was held back and is no stop string after all."""
        left, self._kept = self._kept, ""
        return "" if self.hit else left


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of `text` begin `stop`."""
    for size in range(min(len(stop) - 1, len(text)), 0, -1):
        if stop.startswith(text[-size:]):
            return size
    return 0
