"""OpenAI's Batch API: a file of requests, answered within a day at half the price."""

import asyncio
import errno
from collections.abc import AsyncIterator, Awaitable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, TypeVar

import msgspec

from g4tui.core import BatchAnswer, Batches, BatchState, G4tuiError, Request, Usage
from g4tui_openai.chunks import WholeCharacters, read_piece
from g4tui_openai.payload import body_of
from g4tui_openai.prices import cost

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from g4tui_openai.engine import OpenAIEngine

ENDPOINT: Literal["/v1/chat/completions"] = "/v1/chat/completions"
_STREAMED = ("stream", "stream_options")
_NEVER_ASKED = ("batch_expired", "batch_cancelled")
_ENDED = ("completed", "expired", "cancelled")
_LABEL = "g4tui"
_LOOKED_AT = 1000
# Answers come in one file of up to 50,000; a line of it has no end in the sense of a stream.
_FILE_BYTES = 2 << 30
_FILE_S = 3600.0
# Never the server's name for it, which could be that of any file.
_DOWNLOAD = ".batch-answers.jsonl"
_DISK = (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT)

Result = TypeVar("Result")


class _Response(msgspec.Struct, frozen=True):
    status_code: int = 0
    body: object = None


class _Error(msgspec.Struct, frozen=True):
    code: str | None = None
    message: str | None = None


class _Line(msgspec.Struct, frozen=True):
    custom_id: str
    response: _Response | None = None
    error: _Error | None = None


class OpenAIBatches(Batches):
    """Batches of one model; the client comes from the engine, with larger limits."""

    share: ClassVar[float] = 0.5
    most_requests: ClassVar[int] = 50_000
    most_bytes: ClassVar[int] = 200_000_000

    def __init__(self, engine: "OpenAIEngine") -> None:
        self._engine = engine
        self._made: AsyncOpenAI | None = None

    def line(self, key: str, request: Request) -> bytes:
        """As the Batch API wants it."""
        engine = self._engine
        body = body_of(engine.model, request, engine.endpoint, engine.quirks)
        plain = {name: value for name, value in body.items() if name not in _STREAMED}
        line = {"custom_id": key, "method": "POST", "url": ENDPOINT, "body": plain}
        return msgspec.json.encode(line) + b"\n"

    async def submit(self, file: Path, label: str) -> str:
        """Upload the file, make the batch."""
        client = await self._client()
        uploaded = await self._asked(client.files.create(file=file, purpose="batch"))
        made = await self._asked(
            client.batches.create(
                input_file_id=uploaded.id,
                endpoint=ENDPOINT,
                completion_window="24h",
                metadata={_LABEL: label},
            )
        )
        return made.id

    async def find(self, label: str) -> str | None:
        """Among the latest thousand."""
        return await self._asked(_labelled(await self._client(), label))

    async def state(self, batch: str) -> BatchState:
        """As the server tells it."""
        client = await self._client()
        found = await self._asked(client.batches.retrieve(batch))
        counts = found.request_counts
        errors = (found.errors.data or []) if found.errors else []
        said = "; ".join(error.message for error in errors[:3] if error.message)
        state: Literal["working", "ended", "failed"] = "working"
        if found.status == "failed":
            state = "failed"
        elif found.status in _ENDED:
            state = "ended"
        return BatchState(
            state=state,
            total=counts.total if counts else 0,
            answered=counts.completed if counts else 0,
            failed=counts.failed if counts else 0,
            detail=f"{found.status}: {said}" if said else found.status,
        )

    async def answers(self, batch: str, folder: Path) -> AsyncIterator[BatchAnswer]:
        """Downloads the file of answers, then the one of errors; either may be missing."""
        client = await self._client()
        found = await self._asked(client.batches.retrieve(batch))
        file = folder / _DOWNLOAD
        for identity in (found.output_file_id, found.error_file_id):
            if not identity:
                continue
            await self._asked(_download(client, identity, file))
            for answer in self._read(file):
                yield answer
            file.unlink(missing_ok=True)

    def _read(self, file: Path) -> Iterator[BatchAnswer]:
        with file.open("rb") as lines:
            for data in lines:
                if data.strip():
                    try:
                        line = msgspec.json.decode(data, type=_Line)
                    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                        raise G4tuiError.of(self._engine.faults.of_exception(error).info) from None
                    yield self._answer(line)

    def _answer(self, line: _Line) -> BatchAnswer:
        faults = self._engine.faults
        if line.error is not None and (line.error.code or line.error.message):
            again = line.error.code in _NEVER_ASKED
            body = {"code": line.error.code, "message": line.error.message}
            return BatchAnswer(line.custom_id, error=faults.of_body(body).info, again=again)
        response = line.response or _Response()
        if response.status_code != 200:
            fault = faults.of_status(response.status_code, response.body, {})
            return BatchAnswer(line.custom_id, error=fault.info)
        try:
            piece = read_piece(response.body)
        except msgspec.ValidationError as error:
            return BatchAnswer(line.custom_id, error=faults.of_exception(error).info)
        whole = WholeCharacters()
        text = whole.feed(piece.text) + whole.end()
        usage = self._priced(piece.usage) if piece.usage else None
        return BatchAnswer(line.custom_id, text, piece.finish or "stop", usage)

    def _priced(self, usage: Usage) -> Usage:
        full = cost(self._engine.price, usage.prompt, usage.cached, usage.completion)
        dollars = None if full is None else full * self.share
        return msgspec.structs.replace(usage, cost_usd=dollars)

    async def _client(self) -> "AsyncOpenAI":
        if self._made is None:
            limits = msgspec.structs.replace(
                self._engine.limits, body_bytes=_FILE_BYTES, event_bytes=_FILE_BYTES
            )
            self._made = await self._engine.new_client(limits)
        return self._made

    async def _asked(self, asked: Awaitable[Result]) -> Result:
        """What the client gives, or an error with the server's words."""
        from openai import APIStatusError

        try:
            async with asyncio.timeout(_FILE_S):
                return await asked
        except APIStatusError as error:
            fault = self._engine.faults.of_status(
                error.status_code, error.body, error.response.headers
            )
            raise G4tuiError.of(fault.info) from None
        except OSError as error:
            if error.errno in _DISK:
                raise  # the disk refused the download; no fault of the server
            raise G4tuiError.of(self._engine.faults.of_exception(error).info) from None
        except Exception as error:  # noqa: BLE001 - every failure becomes words for the person
            raise G4tuiError.of(self._engine.faults.of_exception(error).info) from None


async def _labelled(client: "AsyncOpenAI", label: str) -> str | None:
    seen = 0
    async for batch in client.batches.list(limit=100):
        seen += 1
        if (batch.metadata or {}).get(_LABEL) == label:
            return batch.id
        if seen >= _LOOKED_AT:
            break
    return None


async def _download(client: "AsyncOpenAI", identity: str, file: Path) -> None:
    async with client.files.with_streaming_response.content(identity) as response:
        with file.open("wb") as stream:
            async for part in response.iter_bytes():
                stream.write(part)
