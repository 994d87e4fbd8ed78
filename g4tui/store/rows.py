"""What the store gives back: whole rows as frozen values. All text is raw, as it was written."""

from typing import Literal

import msgspec

from g4tui.core import ErrorInfo, FinishReason, Message, Params, Usage

State = Literal["complete", "streaming", "stopped", "interrupted", "failed"]
Verdict = Literal["left", "right", "tie", "both_bad"]
# `all` is what is open or archived; what is in the bin is seen there alone.
Shelf = Literal["open", "archived", "bin", "all"]


class SessionRow(msgspec.Struct, frozen=True):
    """A conversation.

    `id` is also the cache key of what backends keep for it. `title_is_set`: a person gave the
    title; else it was taken from the first message. Times are seconds since 1970. `head` is the
    last message of the line that is shown, `None` without messages. `messages` counts all of them,
    siblings too. `context`: tokens to load the model for (`None`: its default). `private`: never
    exported, never sent to another machine. `consent`: hosts that
    its text may be sent to. `deleted`: when it was put into the bin, `None` elsewhere. `origin`: a
    key of where it was imported from, empty for one that began here.
    """

    id: str
    title: str
    title_is_set: bool
    created: float
    updated: float
    model: str
    system: str
    params: Params
    private: bool
    head: str | None
    messages: int
    context: int | None = None
    consent: tuple[str, ...] = ()
    pinned: bool = False
    archived: bool = False
    deleted: float | None = None
    tags: tuple[str, ...] = ()
    origin: str = ""


class MessageRow(msgspec.Struct, frozen=True):
    """A message in the tree of its session.

    `parent` is `None` for a first message. `model`, `params`, `usage`, `error` and `finish_reason`
    tell how an answer came about. `siblings` counts the children of its parent, itself too;
    `position` is its place among them and `depth` its place in its line, both from 1.
    `memory_start`: the first message that the model saw for this answer, where older ones were
    left out. `corrects`: the answer beside it that a person rewrote into this one.
    """

    id: str
    session: str
    parent: str | None
    message: Message
    state: State
    model: str
    params: Params
    usage: Usage | None
    error: ErrorInfo | None
    finish_reason: FinishReason | None
    starred: bool
    created: float
    siblings: int
    position: int
    depth: int
    memory_start: str | None = None
    corrects: str | None = None


class Asked(msgspec.Struct, frozen=True):
    """One side of a comparison: the message before it, the model and how it samples."""

    parent: str | None
    model: str
    params: Params = Params()


class VoteRow(msgspec.Struct, frozen=True):
    """What a person thought of two answers to one prompt.

    `shown` are the two as they stood on the screen: `left` means that `shown[0]` is better.
    `answers` are the same two as their models were asked, while names are hidden as they are
    `shown`. `blind`: the person could not know who wrote which. `revealed_first`: the turn was
    blind, and the names were seen before the vote.
    """

    turn: str
    answers: tuple[str, ...]
    shown: tuple[str, ...]
    verdict: Verdict
    blind: bool
    revealed_first: bool
    reason: str
    created: float


class TurnRow(msgspec.Struct, frozen=True):
    """One prompt that several models were asked at once.

    `answers` are in the order in which the models were asked (the teacher first), `shown` the same
    from left to right. `revealed`: when the names of a blind turn were shown. `votes` are as they
    were given, one on any two of its answers, or of those that were replaced in it since. `chosen`:
    what the person wants all models to go on from, an answer or a correction of one; `None`: each
    goes on from its own.
    """

    id: str
    session: str
    created: float
    answers: tuple[str, ...]
    shown: tuple[str, ...]
    blind: bool
    revealed: float | None = None
    votes: tuple[VoteRow, ...] = ()
    chosen: str | None = None


class Hit(msgspec.Struct, frozen=True):
    """A message that was found, or a title (then `message` is the session's head, or empty).

    `snippet` is one line of raw text around the match. `ranges` are the matches in it: start and
    end in characters, in order, without overlap. Clean the pieces, not the whole, to keep them.
    """

    session: str
    message: str
    title: str
    snippet: str
    created: float
    ranges: tuple[tuple[int, int], ...] = ()
