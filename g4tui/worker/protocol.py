"""What host and child say to each other: one JSON object a line, each way.

The child speaks first (`Hello`). Then the host asks, with a number of its own choice for each
question, and the child answers with that number, in the order of the questions. Only `Cancel`,
`UseThreads` and the end of the child's input are heeded while it works.
"""

from typing import Literal, TypeVar

import msgspec

from g4tui.core import ErrorInfo, Event, Message, ModelFile, ModelSpec, Request
from g4tui.core.whole import whole

Said = TypeVar("Said")
NoNumber = Literal["nan", "inf", "-inf"]

PROTOCOL = 1
MAX_LINE = 64 * 1024 * 1024
"""Bytes of a line without its end: a pasted book fits, an endless line is noticed."""


class MalformedError(Exception):
    """The other side's bytes make no sense; the text says in which way."""


class Load(msgspec.Struct, frozen=True, tag="load", tag_field="op"):
    """Open `spec` with the backend of that name; from the module `module` where one is named."""

    id: int
    backend: str
    spec: ModelSpec
    options: dict[str, object]
    cache_dir: str
    model_files: tuple[ModelFile, ...] = ()
    threads: int = 1
    module: str | None = None


class Generate(msgspec.Struct, frozen=True, tag="generate", tag_field="op"):
    """Answer; replied to with `Streamed` events up to `Finished` or `Failed`."""

    id: int
    request: Request


class Cancel(msgspec.Struct, frozen=True, tag="cancel", tag_field="op"):
    """Stop the generation of that number; without a reply of its own."""

    id: int


class CountTokens(msgspec.Struct, frozen=True, tag="count_tokens", tag_field="op"):
    """How many tokens do these messages have? Replied to with `Counted`."""

    id: int
    messages: tuple[Message, ...]


class Tokenize(msgspec.Struct, frozen=True, tag="tokenize", tag_field="op"):
    """The ids of a text; replied to with `Tokenized`."""

    id: int
    text: str


class PromptIds(msgspec.Struct, frozen=True, tag="prompt_ids", tag_field="op"):
    """The ids of a prompt made of these messages; replied to with `Tokenized`."""

    id: int
    messages: tuple[Message, ...]


class Score(msgspec.Struct, frozen=True, tag="score", tag_field="op"):
    """Log-probabilities of `ids[start:]`; replied to with `Scored`."""

    id: int
    ids: tuple[int, ...]
    start: int


class Embed(msgspec.Struct, frozen=True, tag="embed", tag_field="op"):
    """A vector for each text; replied to with `Embedded`."""

    id: int
    texts: tuple[str, ...]


class Idle(msgspec.Struct, frozen=True, tag="idle", tag_field="op"):
    """Save what is worth saving; replied to with `Done`."""

    id: int


class Unload(msgspec.Struct, frozen=True, tag="unload", tag_field="op"):
    """Close the engine and end; replied to with `Done`."""

    id: int


class UseThreads(msgspec.Struct, frozen=True, tag="use_threads", tag_field="op"):
    """Compute with at most so many threads (`None`: as loaded) from now on; without a reply."""

    count: int | None


class Hello(msgspec.Struct, frozen=True, tag="hello", tag_field="op"):
    """The child's first line."""

    protocol: int


class Loading(msgspec.Struct, frozen=True, tag="loading", tag_field="op"):
    """How far a load is, in the backend's own steps."""

    id: int
    done: int
    total: int


class Loaded(msgspec.Struct, frozen=True, tag="loaded", tag_field="op"):
    """The model is open; `context` is in tokens."""

    id: int
    context: int
    can_continue: bool


class Streamed(msgspec.Struct, frozen=True, tag="event", tag_field="op"):
    """One event of an answer."""

    id: int
    event: Event


class Counted(msgspec.Struct, frozen=True, tag="counted", tag_field="op"):
    """The number of tokens."""

    id: int
    count: int


class Tokenized(msgspec.Struct, frozen=True, tag="tokenized", tag_field="op"):
    """Token ids."""

    id: int
    ids: list[int]


class Scored(msgspec.Struct, frozen=True, tag="scored", tag_field="op"):
    """Natural log-probabilities; JSON has no infinity, so what is not finite comes as its name."""

    id: int
    values: list[float | NoNumber]


class Embedded(msgspec.Struct, frozen=True, tag="embedded", tag_field="op"):
    """One vector a text."""

    id: int
    vectors: list[list[float]]


class Done(msgspec.Struct, frozen=True, tag="done", tag_field="op"):
    """It was done; there is nothing more to say."""

    id: int


class Refused(msgspec.Struct, frozen=True, tag="refused", tag_field="op"):
    """It could not be done."""

    id: int
    error: ErrorInfo


class _Numbered(msgspec.Struct, frozen=True):
    """What all messages of the host share."""

    id: int


Question = Load | Generate | CountTokens | Tokenize | PromptIds | Score | Embed | Idle | Unload
Ask = Question | Cancel | UseThreads
Reply = (
    Hello | Loading | Loaded | Streamed | Counted | Tokenized | Scored | Embedded | Done | Refused
)

REMEDY = "Look at the parameters, and at the plugins that prepare requests: g4tui plugins"

_encoder = msgspec.json.Encoder()
_asks: "msgspec.json.Decoder[Ask]" = msgspec.json.Decoder(Ask)
_numbered = msgspec.json.Decoder(_Numbered)
_replies: "msgspec.json.Decoder[Reply]" = msgspec.json.Decoder(Reply)


def encode(message: Ask | Reply) -> bytes:
    """The line of `message`, with its end.

    A lone surrogate has no UTF-8 form and becomes U+FFFD. Raises `MalformedError` for what JSON
    cannot hold and for a line over `MAX_LINE`.
    """
    try:
        line = _encoder.encode(message)
    except UnicodeEncodeError:
        line = _encoder.encode(whole(msgspec.to_builtins(message)))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise MalformedError(f"a message cannot be written as JSON: {error}") from error
    if len(line) > MAX_LINE:
        raise MalformedError(f"a message of {len(line):,} bytes is over the limit of {MAX_LINE:,}")
    return line + b"\n"


def decode_ask(line: bytes) -> Ask | Refused:
    """The host's message in `line`, or the refusal of one that has a number and makes no sense.

    Such a one is no broken pipe: a value of the wrong type got as far as here. Raises
    `MalformedError`.
    """
    try:
        return _decoded(_asks, line)
    except MalformedError as error:
        number = _decoded(_numbered, line).id
        reason = str(error.__cause__)
        return Refused(number, ErrorInfo("usage", "The request makes no sense", reason, REMEDY))


def decode_reply(line: bytes) -> Reply:
    """The child's message in `line`; raises `MalformedError`."""
    return _decoded(_replies, line)


class Lines:
    """Cuts a stream of bytes into lines, and notices early what cannot be one of ours."""

    def __init__(self, limit: int = MAX_LINE) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes, without their ends; raises `MalformedError`."""
        *lines, rest = data.split(b"\n")
        if lines and self._parts:
            lines[0] = b"".join((*self._parts, lines[0]))
            self._parts, self._size = [], 0
        if rest:
            if not self._parts and rest[0] != ord("{"):
                raise MalformedError(f"a line starts with {rest[:40]!r}")
            self._parts.append(rest)
            self._size += len(rest)
        if self._size > self._limit or any(len(line) > self._limit for line in lines):
            raise MalformedError(f"a line is longer than {self._limit:,} bytes")
        return lines


def _decoded(decoder: "msgspec.json.Decoder[Said]", line: bytes) -> Said:
    try:
        return decoder.decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedError(f"{error}: {line[:80]!r}") from error
