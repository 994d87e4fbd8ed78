"""The request's body, and what to leave out when a server does not know a field."""

import re
from collections.abc import Collection, Mapping

import msgspec

from g4tui.core import Message, Params, Request
from g4tui_openai.endpoints import Endpoint

_FIXED = frozenset({"model", "messages", "stream"})
_OWN_NAMES = {"max_completion_tokens": "max_tokens", "max_tokens": "max_completion_tokens"}


class Quirks:
    """What one model of one server was seen not to accept; kept while the program runs."""

    def __init__(self) -> None:
        self.dropped: set[str] = set()
        self.limit_name = ""


def body_of(model: str, request: Request, endpoint: Endpoint, quirks: Quirks) -> dict[str, object]:
    """The JSON body: fields that the person set, minus what this server refused before."""
    params = request.params
    limit_name = quirks.limit_name or (
        "max_completion_tokens" if endpoint.official else "max_tokens"
    )
    optional: dict[str, object | None] = {
        "stream_options": {"include_usage": True},
        "temperature": params.temperature,
        "top_p": params.top_p,
        "seed": params.seed,
        "stop": list(params.stop[:4]) or None,
        limit_name: params.max_tokens,
        **_samplers(params, endpoint),
        **_plain(params.extra),
    }
    sent = {
        name: value
        for name, value in optional.items()
        if value is not None and name not in quirks.dropped and name not in _FIXED
    }
    messages = [_message(message) for message in request.messages]
    return {"model": model, "messages": messages, "stream": True, **sent}


def refused_field(sent: Collection[str], status: int, named: str, text: str) -> str | None:
    """Which optional field a refusal is about, if any: `named` by the server, or in its words."""
    if status not in (400, 422):
        return None
    optional = [name for name in sent if name not in _FIXED]
    if named:
        root = re.split(r"[.\[]", named)[0]
        return root if root in optional else None
    for name in sorted(optional, key=len, reverse=True):
        if re.search(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", text):
            return name
    return None


def learn(field: str, quirks: Quirks) -> None:
    """Remember a refused field: the answer's limit goes by its other name once, then not at all."""
    other = _OWN_NAMES.get(field)
    if other and not quirks.limit_name:
        quirks.limit_name = other
    else:
        quirks.dropped.add(field)


def _samplers(params: Params, endpoint: Endpoint) -> dict[str, object | None]:
    """Fields beyond OpenAI's own, which most other servers know."""
    if endpoint.official:
        return {}
    return {
        "top_k": params.top_k,
        "min_p": params.min_p,
        "repeat_penalty": params.repeat_penalty,
    }


def _plain(extra: Mapping[str, object]) -> dict[str, object]:
    decoded: dict[str, object] = msgspec.json.decode(msgspec.json.encode(extra))
    return decoded


def _message(message: Message) -> dict[str, str]:
    return {"role": message.role, "content": _sendable(message.content)}


def _sendable(text: str) -> str:
    """Text without lone surrogates, which no UTF-8 body can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
