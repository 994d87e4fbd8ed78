"""One model of one server, as the host sees it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from time import monotonic
from typing import TYPE_CHECKING

from g4tui.core import (
    AsyncEngine,
    Batches,
    Cancel,
    ErrorInfo,
    Event,
    Failed,
    Finished,
    Host,
    ReasoningDelta,
    Request,
    TextDelta,
    Usage,
)
from g4tui_openai.endpoints import Endpoint
from g4tui_openai.faults import FaultError, Faults
from g4tui_openai.keys import Key
from g4tui_openai.listing import Context
from g4tui_openai.meter import Meter
from g4tui_openai.options import Limits, Options
from g4tui_openai.payload import Quirks
from g4tui_openai.prices import price_of

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_CLOSING_S = 0.05


class _Begun:
    """Put before all pieces, when the client is there: importing it is no waiting for a server."""


class _Cancelled:
    """Put among the pieces when the person asked to stop."""


class _Ended:
    """Put among the pieces when the reader is done, with or without a fault."""

    def __init__(self, reason: Finished | None, fault: FaultError | None) -> None:
        self.reason = reason
        self.fault = fault


Piece = TextDelta | ReasoningDelta | Usage
Mailbox = asyncio.Queue[_Begun | Piece | _Cancelled | _Ended]


class OpenAIEngine(AsyncEngine):
    """Streams chat completions; holds one client with its connections."""

    def __init__(
        self,
        endpoint: Endpoint,
        model: str,
        key: Key | None,
        options: Options,
        quirks: Quirks,
        context: Context,
        host: Host,
    ) -> None:
        self.context = context.tokens
        self._sure = context.known and not endpoint.official
        self.model = model
        self.endpoint = endpoint
        self.limits = options.limits
        self.max_retries = options.max_retries
        self.quirks = quirks
        self.faults = Faults(endpoint, model, key)
        self.log = host.log
        self._key = key
        self.price = price_of(model, endpoint, options.prices)
        self._client: AsyncOpenAI | None = None
        self._clients: list[AsyncOpenAI] = []
        self._readers: set[asyncio.Task[None]] = set()

    async def generate(self, request: Request, cancel: Cancel) -> AsyncIterator[Event]:
        """Pieces as they come, the count, the end.

        A task of its own reads the wire, so that a stop or a limit never waits for the server.
        """
        prompt = self.count_tokens(request.messages)
        if self._sure and prompt >= self.context:
            yield Failed(self._too_long(prompt))
            return
        meter = Meter(prompt, self.price)
        mailbox: Mailbox = asyncio.Queue()
        reader = asyncio.create_task(self._read(request, mailbox))
        self._readers.add(reader)
        reader.add_done_callback(self._readers.discard)
        loop = asyncio.get_running_loop()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop closed meanwhile
                loop.call_soon_threadsafe(mailbox.put_nowait, _Cancelled())

        cancel.on_request(wake)
        try:
            while True:
                item = await self._next(mailbox, meter)
                if isinstance(item, _Cancelled) or cancel.requested:
                    ending: Finished | Failed = Finished("cancelled")
                    break
                if isinstance(item, _Ended):
                    fault = item.fault
                    ending = Failed(fault.info) if fault else item.reason or Finished("stop")
                    break
                if isinstance(item, _Begun):
                    meter.begin()
                    continue
                meter.see(item)
                if not isinstance(item, Usage):
                    yield item
        finally:
            await self._silence(reader)
        if isinstance(ending, Finished) or meter.spoke:
            yield meter.usage()
        yield ending

    async def _next(self, mailbox: Mailbox, meter: Meter) -> _Begun | Piece | _Cancelled | _Ended:
        """The next item, or the end by a limit."""
        limits, now = self.limits, monotonic()
        quiet = limits.idle_s if meter.spoke else limits.first_token_s
        left = max(min(meter.last + quiet, meter.began + limits.total_s) - now, 0.0)
        try:
            async with asyncio.timeout(left if self._client else None):
                return await mailbox.get()
        except TimeoutError:
            return _Ended(None, self._too_late(meter))

    def _too_long(self, prompt: int) -> ErrorInfo:
        """For servers that cut a long prompt in silence, or answer it with nothing."""
        return ErrorInfo(
            "context",
            f"The conversation is too long for {self.model}",
            f"It has about {prompt:,} tokens; the context is {self.context:,}.",
            "Start a new session, or shorten the message.",
        )

    def _too_late(self, meter: Meter) -> FaultError:
        host = self.endpoint.host
        if monotonic() - meter.began >= self.limits.total_s:
            title, detail = (
                f"{host} did not finish in time",
                f"limits.total_s is {self.limits.total_s:g}.",
            )
        elif meter.spoke:
            title, detail = (
                f"{host} fell silent",
                f"No word came for {self.limits.idle_s:g} seconds.",
            )
        else:
            seconds = self.limits.first_token_s
            title, detail = f"{host} does not answer", f"No word came within {seconds:g} seconds."
        remedy = "Try again; the limits are in [backends.openai.limits]."
        return self.faults.make("timeout", title, detail, remedy)

    async def _read(self, request: Request, mailbox: Mailbox) -> None:
        """Puts pieces, then exactly one `_Ended`."""
        from g4tui_openai.reader import Reader

        reader = Reader(self, request, mailbox.put_nowait)
        try:
            await self.client()
            mailbox.put_nowait(_Begun())
            reason = await reader.run()
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - every failure becomes words for the person
            fault = self.faults.of_exception(error)
            self.context = min(self.context, fault.context or self.context)
            mailbox.put_nowait(_Ended(None, fault))
        else:
            mailbox.put_nowait(_Ended(Finished(reason), None))

    async def _silence(self, reader: "asyncio.Task[None]") -> None:
        """End the reader; its connection may take longer to close than anybody should wait."""
        reader.cancel()
        await asyncio.wait({reader}, timeout=_CLOSING_S)

    def batches(self) -> Batches:
        """OpenAI's Batch API, which some other servers have too."""
        from g4tui_openai.batches import OpenAIBatches

        return OpenAIBatches(self)

    async def client(self) -> "AsyncOpenAI":
        """The client for answers."""
        if self._client is None:
            self._client = await self.new_client(self.limits)
        return self._client

    async def new_client(self, limits: Limits) -> "AsyncOpenAI":
        """Another client, imported and built in a thread: it takes a second."""
        made = await asyncio.to_thread(_build, self.endpoint, self._key, limits)
        self._clients.append(made)
        return made

    async def close(self) -> None:
        """Close connections."""
        for reader in list(self._readers):
            await self._silence(reader)
        clients, self._clients, self._client = self._clients, [], None
        for client in clients:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await client.close()


def _build(endpoint: Endpoint, key: Key | None, limits: Limits) -> "AsyncOpenAI":
    from g4tui_openai.client import build

    return build(endpoint, key, limits)
