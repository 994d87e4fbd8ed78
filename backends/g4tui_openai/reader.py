"""Reading one answer off the wire. Imports openai, so only ever imported late."""

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from g4tui.core import FinishReason, ReasoningDelta, Request, TextDelta, Usage
from g4tui_openai.chunks import Piece, StopStrings, WholeCharacters, read_piece
from g4tui_openai.faults import FaultError
from g4tui_openai.payload import body_of, learn, refused_field

if TYPE_CHECKING:
    from openai import AsyncStream

    from g4tui_openai.engine import OpenAIEngine

Say = Callable[[TextDelta | ReasoningDelta | Usage], None]
_MOST_FIELDS = 8


class Reader:
    """One request: tries until the first word, then reads to the end."""

    def __init__(self, engine: "OpenAIEngine", request: Request, say: Say) -> None:
        self._engine = engine
        self._request = request
        self._say = say
        self._spoke = False
        self._finish: FinishReason | None = None
        self._whole = {"text": WholeCharacters(), "reasoning": WholeCharacters()}
        self._stops = StopStrings(request.params.stop)

    async def run(self) -> FinishReason:
        """How the answer ended. Raises `FaultError` or whatever the client raises."""
        tries = drops = 0
        while True:
            try:
                return await self._attempt()
            except Exception as error:  # noqa: BLE001 - all become words for the person
                if self._finish:
                    # The answer is whole; only what follows it (the count) was lost.
                    return self._finish
                fault = self._engine.faults.of_exception(error)
                if self._spoke:
                    self._speak(self._stops.end())
                    raise fault from None
                if drops < _MOST_FIELDS and self._dropped_field(fault):
                    drops += 1
                    continue
                if not fault.retry or tries >= self._engine.max_retries:
                    raise fault from None
                wait = self._wait_s(tries, fault)
                if wait is None:
                    raise fault from None
                tries += 1
                self._engine.log(f"openai: {fault.info.title}; try {tries + 1} in {wait:.1f} s")
            await asyncio.sleep(wait)

    def _wait_s(self, tries: int, fault: FaultError) -> float | None:
        """Seconds until the next try; `None` when the server asks for more than is sensible."""
        limits, asked = self._engine.limits, fault.info.retry_after_s
        if asked is not None and asked > limits.retry_after_s:
            return None
        backoff = min(limits.retry_base_s * 2.0**tries, 8.0)
        return max(asked or 0.0, backoff) * random.uniform(1.0, 1.25)

    def _dropped_field(self, fault: FaultError) -> bool:
        """Whether the refusal was about a field that can be left out."""
        engine = self._engine
        sent = body_of(engine.model, self._request, engine.endpoint, engine.quirks)
        field = refused_field(sent, fault.status, fault.named, fault.text)
        if field is None or fault.info.kind == "context":
            return False
        learn(field, engine.quirks)
        engine.log(f"openai: {engine.endpoint.host} does not take {field}; sent without it")
        return True

    async def _attempt(self) -> FinishReason:
        engine = self._engine
        client = await engine.client()
        # Only after the client was built in a thread: here it costs nothing any more.
        from openai import APIError, APIStatusError, AsyncStream

        body = body_of(engine.model, self._request, engine.endpoint, engine.quirks)
        try:
            stream = await client.post(
                "/chat/completions",
                body=body,
                cast_to=object,
                stream=True,
                stream_cls=AsyncStream[object],
            )
            try:
                await self._read(stream)
            finally:
                await stream.close()
        except APIStatusError as error:
            headers: Mapping[str, str] = error.response.headers
            raise engine.faults.of_status(error.status_code, error.body, headers) from None
        except APIError as error:
            if error.body is not None:
                raise engine.faults.of_body(error.body) from None
            raise
        return self._finish or "stop"

    async def _read(self, stream: "AsyncStream[object]") -> None:
        """Everything up to the end of the body, or to a stop string."""
        if "text/html" in stream.response.headers.get("content-type", ""):
            raise self._engine.faults.web_page()
        chunks = aiter(stream)
        deadline: float | None = None
        loop = asyncio.get_running_loop()
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    data = await anext(chunks)
            except StopAsyncIteration:
                break
            except TimeoutError:
                if self._finish:
                    return
                raise
            self._take(read_piece(data))
            if self._stops.hit:
                self._finish = "stop"
                return
            if self._finish and deadline is None:
                deadline = loop.time() + self._engine.limits.usage_s
        if self._finish is None:
            self._unfinished(stream)

    def _take(self, piece: Piece) -> None:
        if piece.usage:
            self._say(piece.usage)
        if self._finish:
            return
        self._spoke = self._spoke or bool(piece.text or piece.reasoning)
        self._think(self._whole["reasoning"].feed(piece.reasoning))
        self._speak(self._stops.feed(self._whole["text"].feed(piece.text)))
        if piece.finish:
            self._finish = piece.finish
            self._think(self._whole["reasoning"].end())
            self._speak(self._stops.feed(self._whole["text"].end()) + self._stops.end())

    def _speak(self, text: str) -> None:
        if text:
            self._say(TextDelta(text))

    def _think(self, text: str) -> None:
        if text:
            self._say(ReasoningDelta(text))

    def _unfinished(self, stream: "AsyncStream[object]") -> None:
        """The body ended without a finish reason: no success, unless it is one whole object."""
        from g4tui_openai.client import HEAD

        self._speak(self._stops.end())
        head = bytes(stream.response.extensions.get(HEAD, b"")).lstrip()
        if not self._spoke and head[:1] == b"<":
            raise self._engine.faults.web_page()
        if not self._spoke and head[:1] == b"{":
            self._whole_object(head)
        if not head:
            raise self._engine.faults.make(
                "protocol",
                f"{self._engine.endpoint.host} sent nothing at all",
                "It began an answer and closed it without a word.",
                "The conversation may be longer than its context (set context for this server), "
                "or it failed: see its own log.",
            )
        if self._finish is None:
            raise self._engine.faults.make(
                "protocol",
                "The answer was cut off",
                f"{self._engine.endpoint.host} closed the stream without saying that it was done.",
                "Try again; the text so far is kept.",
            )

    def _whole_object(self, head: bytes) -> None:
        """A server that answers without streaming, or with an error in a success."""
        data: object = msgspec.json.decode(head)
        if isinstance(data, dict) and data.get("error"):
            raise self._engine.faults.of_body(data)
        self._take(read_piece(data))
