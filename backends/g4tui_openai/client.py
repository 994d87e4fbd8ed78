"""The openai package's client behind guards. Imports it, which takes a second: only in a thread."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator
from urllib.request import getproxies, proxy_bypass

import httpx2
from openai import AsyncOpenAI

from g4tui_openai.endpoints import Endpoint
from g4tui_openai.keys import Key
from g4tui_openai.options import Limits

_PASSED = frozenset(
    {"host", "accept", "content-type", "content-length", "user-agent", "connection"}
)
_ACCOUNT = frozenset({"openai-organization", "openai-project"})
_BLANK_LINES = (b"\n\n", b"\r\r", b"\r\n\r\n")
HEAD = "g4tui.head"
_HEAD_BYTES = 4096
# Some thousand empty events may be in one part; reading so many at once would stall the screen.
_SLICE_BYTES = 4096


def build(endpoint: Endpoint, key: Key | None, limits: Limits) -> AsyncOpenAI:
    """A client for one server: no redirects, no retries and no cookies of its own."""
    proxy = _proxy(endpoint)
    inner = httpx2.AsyncHTTPTransport(proxy=proxy)
    guard = Guard(
        inner,
        endpoint.origin,
        key,
        limits,
        official=endpoint.official,
        direct=proxy is None and not endpoint.loopback,
    )
    timeout = httpx2.Timeout(None, connect=limits.connect_s)
    http = httpx2.AsyncClient(
        transport=guard, timeout=timeout, follow_redirects=False, trust_env=False
    )
    # The key is not given to the client: the guard adds it, so that no object of the client,
    # no log of it and no traceback through it can hold the key.
    return AsyncOpenAI(
        api_key="kept-by-the-guard",
        admin_api_key="",
        base_url=endpoint.base_url,
        http_client=http,
        timeout=timeout,
        max_retries=0,
    )


def _proxy(endpoint: Endpoint) -> str | None:
    """The proxy of the environment for this server; this machine's own are never proxied."""
    if endpoint.loopback or proxy_bypass(endpoint.host):
        return None
    proxies = getproxies()
    return proxies.get(endpoint.origin.partition(":")[0]) or proxies.get("all")


class TooMuchError(Exception):
    """The server sent more than an answer may have."""


class EncodedError(Exception):
    """The server compressed what was asked for plain, so its size cannot be bounded."""


class Guard(httpx2.AsyncBaseTransport):
    """Sends the key to its own origin only, and stops an answer that outgrows its limits.

    Other headers that the client library adds (from the environment too) stay here, except
    OpenAI's account headers on the way to OpenAI. `direct`: no proxy looks names up for us.
    """

    def __init__(
        self,
        inner: httpx2.AsyncBaseTransport,
        origin: str,
        key: Key | None,
        limits: Limits,
        *,
        official: bool,
        direct: bool,
    ) -> None:
        self._inner = inner
        self._origin = origin
        self._key = key
        self._limits = limits
        self._direct = direct
        self._passed = _PASSED | _ACCOUNT if official else _PASSED

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """As the inner transport."""
        for name in list(request.headers):
            if name.lower() not in self._passed:
                del request.headers[name]
        request.headers["Accept-Encoding"] = "identity"
        if self._key and _origin(request.url) == self._origin:
            request.headers["Authorization"] = self._key.authorization()
        if self._direct:
            await _look_up(request.url.host, self._limits.connect_s)
        try:
            response = await self._inner.handle_async_request(request)
        finally:
            request.headers.pop("Authorization", None)
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            await response.aclose()
            raise EncodedError
        head = bytearray()
        stream = response.stream
        assert isinstance(stream, httpx2.AsyncByteStream)
        return httpx2.Response(
            status_code=response.status_code,
            headers=response.headers,
            stream=_Counted(stream, self._limits, head),
            extensions={**response.extensions, HEAD: head},
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._inner.aclose()


class _Counted(httpx2.AsyncByteStream):
    """A body that ends with `TooMuchError`; its first bytes are kept for the diagnosis."""

    def __init__(self, inner: httpx2.AsyncByteStream, limits: Limits, head: bytearray) -> None:
        self._inner = inner
        self._limits = limits
        self._head = head

    async def __aiter__(self) -> AsyncIterator[bytes]:
        total = event = 0
        before = b""
        async for received in self._inner:
            for at in range(0, len(received), _SLICE_BYTES):
                part = received[at : at + _SLICE_BYTES]
                total += len(part)
                event = _since_blank_line(before + part, len(part), event)
                if total > self._limits.body_bytes or event > self._limits.event_bytes:
                    raise TooMuchError
                if len(self._head) < _HEAD_BYTES:
                    self._head += part[: _HEAD_BYTES - len(self._head)]
                before = part[-3:]
                # A server that is always ready would otherwise never let the loop turn.
                await asyncio.sleep(0)
                yield part

    async def aclose(self) -> None:
        await self._inner.aclose()


async def _look_up(host: str, seconds: float) -> None:
    """Look a name up once before the connection does, in a thread that nobody waits for.

    Without a network a look-up may hang for half a minute; in the loop's own threads it would
    hold up the end of the program for as long.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Future[None] = loop.create_future()

    def settle(error: OSError | UnicodeError | None) -> None:
        if not found.done():
            found.set_exception(error) if error else found.set_result(None)

    def ask() -> None:
        problem: OSError | UnicodeError | None = None
        try:
            socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            problem = error
        with contextlib.suppress(RuntimeError):  # the loop closed meanwhile
            loop.call_soon_threadsafe(settle, problem)

    threading.Thread(target=ask, name="look-up", daemon=True).start()
    try:
        async with asyncio.timeout(seconds):
            await found
    except TimeoutError:
        raise httpx2.ConnectTimeout(f"{host} could not be looked up in time") from None


def _since_blank_line(window: bytes, added: int, event: int) -> int:
    """Bytes of the event that is being received, after `added` more of them."""
    ends = [at + len(line) for line in _BLANK_LINES if (at := window.rfind(line)) >= 0]
    return len(window) - max(ends) if ends else event + added


def _origin(url: httpx2.URL) -> str:
    port = url.port or (443 if url.scheme == "https" else 80)
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{url.scheme}://{host}:{port}"
