"""Asking a server for its list of models: standard library only, bounded in bytes and time."""

import http.client
import urllib.request
from email.message import Message
from time import monotonic
from typing import IO

import msgspec

from g4tui_openai.cache import Served
from g4tui_openai.endpoints import Endpoint
from g4tui_openai.keys import Key

_LOCAL_S, _REMOTE_S = 1.0, 10.0
_MOST_BYTES = 4 << 20
_MOST_MODELS = 2000


class _Meta(msgspec.Struct, frozen=True):
    n_ctx: object = None


class _Model(msgspec.Struct, frozen=True):
    id: str
    context_length: object = None
    context_window: object = None
    max_model_len: object = None
    meta: _Meta | None = None


class _List(msgspec.Struct, frozen=True):
    data: list[_Model]


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The key must not follow a redirect."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Message,
        newurl: str,
    ) -> None:
        return None


def ask_models(endpoint: Endpoint, key: Key | None) -> tuple[Served, ...] | None:
    """What the server lists at `/models`; `None` when there is no sensible answer."""
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if endpoint.loopback:
        handlers.append(urllib.request.ProxyHandler({}))
    headers = {"Accept": "application/json"}
    if key:
        headers["Authorization"] = key.authorization()
    request = urllib.request.Request(f"{endpoint.base_url}/models", headers=headers)
    seconds = _LOCAL_S if endpoint.loopback else _REMOTE_S
    try:
        opener = urllib.request.build_opener(*handlers)
        with opener.open(request, timeout=seconds) as response:
            body = _read(response, monotonic() + seconds)
        listed = msgspec.json.decode(body, type=_List)
    except (OSError, ValueError, http.client.HTTPException, RecursionError):
        return None
    return tuple(Served(model.id, _context(model)) for model in listed.data[:_MOST_MODELS])


def _read(response: http.client.HTTPResponse, until: float) -> bytes:
    """The body; `OSError` when it is too long or too slow."""
    body = bytearray()
    while part := response.read1(65536):
        body += part
        if len(body) > _MOST_BYTES or monotonic() > until:
            raise OSError("the list of models is too long or too slow")
    return bytes(body)


def _context(model: _Model) -> int | None:
    told = (model.context_length, model.context_window, model.max_model_len,
            model.meta.n_ctx if model.meta else None)  # fmt: skip
    return next((size for size in told if isinstance(size, int) and 0 < size < 1 << 30), None)
