"""A loaded model that answers: the backend's engine, one request at a time."""

import codecs
import math
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import Protocol

from g4tui.core import (
    Cancel,
    Engine,
    Event,
    Failed,
    Finished,
    FinishReason,
    G4tuiError,
    Message,
    Progress,
    Request,
    TextDelta,
    Usage,
)
from g4tui_ctransformers.prompts import Prompter
from g4tui_ctransformers.sampling import Sampler, Sampling
from g4tui_ctransformers.stops import StopFilter
from g4tui_ctransformers.words import WHOLE, chunks, encoded, prompt_ids

# One evaluation takes no longer than this where one token does not: a stop waits for its end.
STEP_S = 0.05


class NativeModel(Sampling, Protocol):
    """What the engine needs of `native.Model`."""

    context: int
    bos: int

    def tokenize(self, text: bytes, *, bos: bool = False) -> list[int]:
        """Ids of a text."""

    def piece(self, token: int) -> bytes:
        """The bytes of one token."""

    def is_end(self, token: int) -> bool:
        """Whether it ends an answer."""

    def use_threads(self, count: int | None) -> None:
        """At most so many from the next evaluation on."""

    def evaluate(self, ids: Sequence[int], past: int) -> None:
        """Have the model read `ids` behind `past` tokens."""


class CtransformersEngine(Engine):
    """Answers from one model. What it has read stays in its memory: the next prompt that begins
    alike is only read from where it differs."""

    can_continue = True

    def __init__(
        self, model: NativeModel, family: str, prompter: Prompter, batch_size: int
    ) -> None:
        self.context = model.context
        self._model = model
        self._family = family
        self._prompter = prompter
        self._batch_size = batch_size
        self._read: list[int] = []
        self._step = 1

    def use_threads(self, count: int | None) -> None:
        """Never more than it was opened with."""
        self._model.use_threads(count)

    def generate(self, request: Request, cancel: Cancel) -> Iterator[Event]:
        """Answer a request; every failure is a `Failed` event."""
        try:
            yield from self._answer(request, cancel)
        except G4tuiError as error:
            yield Failed(error.info)

    def _answer(self, request: Request, cancel: Cancel) -> Iterator[Event]:
        started = perf_counter()
        ids = self._request_ids(request)
        room = self._room(ids, request.params.max_tokens)
        sampler = Sampler(self._model, request.params)
        cached = self._reuse(ids)
        for done in self._prefill(ids, cached, cancel):
            yield Progress("prefill", done, len(ids))
        answer = _Answer(self._model, self._prompter.form.stop + request.params.stop)
        if len(self._read) == len(ids):
            fresh = not request.continue_last
            for text in answer.run(sampler, self._read, room, cancel, fresh):
                yield TextDelta(text)
        yield Usage(
            prompt=len(ids),
            cached=cached,
            completion=answer.count,
            ttft_s=answer.first - started if answer.first else None,
            tok_per_s=answer.rate,
            cost_usd=0.0,
        )
        yield Finished(answer.reason)

    def _request_ids(self, request: Request) -> list[int]:
        messages = request.messages
        if not messages:
            raise _unusable("There is no message to answer.")
        if request.adapters:
            raise _unusable("ctransformers applies no adapters.")
        if request.continue_last and messages[-1].role != "assistant":
            raise _unusable("Only an answer can be continued, and the last message is none.")
        return self._prompt(messages, request.continue_last, self.context)

    def _prompt(self, messages: Sequence[Message], continued: bool, limit: int) -> list[int]:
        segments = self._prompter.segments(messages, continued=continued)
        ids = prompt_ids(segments, self._family, self._model.tokenize, limit)
        return [self._model.bos, *ids] if self._family == "llama" else ids or [self._model.bos]

    def _room(self, ids: Sequence[int], max_tokens: int | None) -> int:
        """How many tokens the answer may have."""
        if len(ids) >= self.context:
            raise G4tuiError(
                "context",
                "The conversation is longer than the model's context",
                f"The prompt has {len(ids):,} tokens or more; prompt and answer together may "
                f"have {self.context:,}.",
                "Shorten it, or start a new session.",
            )
        if max_tokens is not None and max_tokens < 1:
            raise _unusable(f"max_tokens is {max_tokens}; it must be at least 1.")
        room = self.context - len(ids)
        return room if max_tokens is None else min(room, max_tokens)

    def _reuse(self, ids: Sequence[int]) -> int:
        """How much of the prompt was read before; the last token is always read again."""
        same = 0
        for old, new in zip(self._read, ids[:-1], strict=False):
            if old != new:
                break
            same += 1
        del self._read[same:]
        return same

    def _prefill(self, ids: Sequence[int], done: int, cancel: Cancel) -> Iterator[int]:
        """Read `ids[done:]`; gives how many are done, after each step. Ends early when stopped."""
        while done < len(ids) and not cancel.requested:
            batch = ids[done : done + self._step]
            began = perf_counter()
            self._evaluate(batch)
            self._adapt(perf_counter() - began, len(batch))
            done += len(batch)
            yield done

    def _adapt(self, seconds: float, count: int) -> None:
        """Choose the next step so that a stop is heeded soon."""
        if seconds > STEP_S:
            self._step = max(1, count // 2)
        elif count == self._step and seconds < STEP_S / 3:
            self._step = min(self._batch_size, 2 * self._step)

    def _evaluate(self, batch: Sequence[int]) -> None:
        past = len(self._read)
        try:
            self._model.evaluate(batch, past)
        except G4tuiError:
            self._read.clear()
            raise
        self._read.extend(batch)

    def tokenize(self, text: str) -> list[int]:
        """Ids of a text; control words in it are not recognised."""
        data = encoded(text)
        if self._family in WHOLE:
            return self._model.tokenize(data)
        return [token for chunk in chunks(data) for token in self._model.tokenize(chunk)]

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """How many tokens these messages have as a prompt for an answer; exact."""
        return len(self._prompt(messages, False, 1 << 62)) if messages else 0

    def score(self, ids: Sequence[int], start: int) -> list[float]:
        """Log-probabilities of `ids[start:]`. Token by token: only the last one has any."""
        if not 1 <= start <= len(ids) or len(ids) > self.context:
            raise _unusable(f"{len(ids)} tokens from {start} on do not fit {self.context}.")
        if not all(0 <= token < self._model.vocabulary for token in ids):
            raise _unusable("There is a token that the model does not know.")
        self._read.clear()
        for place in range(0, start, self._batch_size):
            self._evaluate(ids[place : min(start, place + self._batch_size)])
        scores = []
        for token in ids[start:]:
            logits = self._model.logits()
            most = max(logits)
            total = math.fsum(math.exp(value - most) for value in logits)
            scores.append(logits[token] - most - math.log(total))
            self._evaluate([token])
        return scores


class _Answer:
    """One answer while it is generated."""

    def __init__(self, model: NativeModel, stops: Sequence[str]) -> None:
        self._model = model
        self._stops = StopFilter(stops)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.count = 0
        self.reason: FinishReason = "cancelled"
        self.first = 0.0
        self._last = 0.0

    @property
    def rate(self) -> float | None:
        """Tokens a second after the first."""
        seconds = self._last - self.first
        return (self.count - 1) / seconds if self.count > 1 and seconds > 0 else None

    def run(
        self, sampler: Sampler, read: list[int], room: int, cancel: Cancel, fresh: bool
    ) -> Iterator[str]:
        """Pieces of text until the answer ends; then `reason` says why.

        `read` is what the model has read, and grows. `fresh`: the space before the first word
        belongs to the prompt's format, not to the answer.
        """
        while not cancel.requested:
            token = sampler.next(read)
            self._last = perf_counter()
            self.first = self.first or self._last
            if self._model.is_end(token):
                self.reason = "stop"
                break
            self.count += 1
            text = self._decoder.decode(self._model.piece(token))
            if fresh and text:
                text = text.lstrip(" ")
                fresh = not text
            if shown := self._stops.push(text):
                yield shown
            if self._stops.found or self.count == room:
                self.reason = "stop" if self._stops.found else "length"
                break
            self._model.evaluate([token], len(read))
            read.append(token)
        rest = self._decoder.decode(b"", final=True)
        if last := self._stops.push(rest) + self._stops.rest():
            yield last


def _unusable(detail: str) -> G4tuiError:
    return G4tuiError("usage", "The request cannot be answered", detail, "Change the request.")
