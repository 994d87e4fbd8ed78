"""The openai package's client, built behind our guards. Imports it: call `build` in a thread."""

from urllib.request import getproxies, proxy_bypass

import httpx2
from openai import AsyncOpenAI

from g4tui_openai.endpoints import Endpoint
from g4tui_openai.keys import Key
from g4tui_openai.options import Limits
from g4tui_openai.transport import Guard


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
