"""What a server sends: whole HTTP answers, streams of events, lists of models."""

import asyncio
from functools import cache

import msgspec
from hypothesis import strategies as st

from fuzz.target import Bytes, Things, scratch
from g4tui.core import Failed, ReasoningDelta, TextDelta
from g4tui.testing.conformance import check_error, check_order
from g4tui_openai.ask import ask_models
from g4tui_openai.endpoints import Endpoint, endpoints
from g4tui_openai.engine import OpenAIEngine
from g4tui_openai.options import Options
from g4tui_openai.payload import Quirks
from support import fault_server as fs
from support.protocol_values import JSON, TEXT
from support.teacher import SECRET, Teacher, quick_teacher

MOST_CASES = 500
"""Of one server, which remembers every connection."""


class Hostile:
    """A server that says what it is told to, and a teacher that asks it; renewed now and then."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.wrong: list[str] = []
        self.loop.set_exception_handler(lambda loop, context: self.wrong.append(repr(context)))
        self._asked = MOST_CASES
        self._server: fs.FaultServer | None = None
        self._teacher: Teacher

    def renewed(self) -> fs.FaultServer:
        """The server."""
        self._asked += 1
        if self._server is None or self._asked > MOST_CASES:
            if self._server is not None:
                self.loop.run_until_complete(self._teacher.close())
                self._server.__exit__(None, None, None)
            self._asked = 0
            self._server = fs.FaultServer(fs.silent()).__enter__()
            self._teacher = quick_teacher(scratch(), self._server.base_url, retries=0)
        return self._server

    def check_answer(self, handler: fs.Handler) -> None:
        """Its answer ends, with words for a person where it is none, and without the key."""
        self.renewed().handlers = [handler]
        engine = self._teacher.engine
        assert isinstance(engine, OpenAIEngine)
        engine.quirks, engine.context = Quirks(), 1000
        self._teacher.log.clear()
        heard = self.loop.run_until_complete(self._teacher.ask())
        check_order(heard.events)
        if isinstance(heard.end, Failed):
            check_error(heard.error)
            assert heard.error.kind != "internal", heard.error
        for event in heard.events:
            if isinstance(event, TextDelta | ReasoningDelta):
                event.text.encode()
        assert SECRET not in f"{heard} {self._teacher.log}"
        assert not self.wrong, self.wrong

    def endpoint(self, listing: fs.Handler) -> Endpoint:
        """Where `listing` is the list of models."""
        server = self.renewed()
        server.listing = listing
        return endpoints(Options(base_url=server.base_url))[0]


@cache
def hostile() -> Hostile:
    """One for all cases."""
    return Hostile()


def raw(data: bytes) -> fs.Handler:
    """These bytes, then the end."""

    def handle(connection: fs.Connection) -> None:
        connection.send(data)

    return handle


def check_http(data: bytes) -> None:
    """Any bytes for an answer."""
    hostile().check_answer(raw(data))


def check_stream(data: bytes) -> None:
    """Any bytes for a stream of events."""
    hostile().check_answer(raw(fs.SSE_HEAD + data))


def check_listing(data: bytes) -> None:
    """Any bytes for a list of models: some models, or none."""
    served = ask_models(hostile().endpoint(raw(data)), None)
    for model in served or ():
        assert isinstance(model.id, str)
        assert model.context is None or model.context > 0


def check_events(parts: list[bytes]) -> None:
    """Chunks whose parts are of any kind."""
    hostile().check_answer(fs.stream(*parts))


STREAM = (
    fs.delta("", role="assistant") + fs.delta("Hé ") + fs.delta("llo", reasoning_content="hm"),
    fs.delta(finish="stop") + fs.usage(3, 2, 1) + fs.DONE,
)
WHOLE = {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}], "usage": None}


def stream_seeds() -> list[bytes]:
    """Sound streams, errors, and what is no stream."""
    error = fs.event({"error": {"message": "Overloaded", "code": 503, "param": None}})
    return [
        b"".join(STREAM),
        STREAM[0] + error,
        b": ping\r\n\r\nevent: x\rid: 1\ndata: {\ndata: }\n\nretry: 9\n\n",
        msgspec.json.encode(WHOLE),
        b"<html><body>Log in</body></html>",
        b"data: " + b"[" * 3000 + b"\n\n",
        fs.event({"choices": [{"delta": {"content": "\ud83d"}}, {"index": 1}], "usage": 7}),
    ]


def http_seeds() -> list[bytes]:
    """Whole answers."""
    head = fs.SSE_HEAD.replace(b"Connection: close", b"Transfer-Encoding: chunked")
    body = b"".join(STREAM)
    refused = b'{"error": {"message": "no", "type": "x", "param": "seed", "code": "y"}}'
    seeds = [fs.SSE_HEAD + body, head + b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"]
    for status in (100, 200, 204, 307, 400, 401, 404, 413, 429, 500):
        length = b"Content-Length: %d\r\nRetry-After: 9\r\n\r\n" % len(refused)
        kind = b"Content-Type: application/json\r\n"
        seeds.append(b"HTTP/1.1 %d No\r\n%s%s%s" % (status, kind, length, refused))
    return [*seeds, b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b", b"SSH-2.0-x\r\n"]


def listing_seeds() -> list[bytes]:
    """Lists of models."""
    data = [{"id": "a", "context_length": 5, "meta": {"n_ctx": 7}}, {"id": "b", "max_model_len": 9}]
    body = msgspec.json.encode({"object": "list", "data": data})
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    chunked = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    return [
        head + b"Content-Length: %d\r\n\r\n" % len(body) + body,
        head + chunked,
        b"HTTP/1.0 302 Found\r\nLocation: /x\r\n\r\n",
        head + b"\r\n" + b"[" * 3000,
    ]


ODD = JSON | st.sampled_from(["stop", "length", "\ud83d", "\x1b[2J", -1, 10**30, "", [], {}])
DELTAS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("content", "reasoning", "refusal", "role"), ODD | TEXT)
)
CHOICES = st.fixed_dictionaries(
    {}, optional={"delta": DELTAS | ODD, "finish_reason": ODD, "index": ODD, "message": DELTAS}
)
COUNTS = st.fixed_dictionaries(
    {},
    optional={name: ODD | st.integers(0, 9) for name in ("prompt_tokens", "completion_tokens")}
    | {"prompt_tokens_details": st.dictionaries(st.just("cached_tokens"), ODD)},
)
CHUNKS = st.fixed_dictionaries(
    {}, optional={"choices": st.lists(CHOICES | ODD, max_size=2) | ODD, "usage": COUNTS | ODD,
                  "error": st.dictionaries(st.sampled_from(["message", "code", "type"]), ODD) | ODD}
)  # fmt: skip
EVENTS = st.one_of(
    CHUNKS.map(fs.event),
    TEXT.map(lambda text: fs.delta(text)),
    st.sampled_from([*STREAM, fs.DONE, b": ping\n\n", b"event: error\n"]),
    st.binary(max_size=20),
)

TARGETS = (
    Bytes("openai-http", check_http, http_seeds),
    Bytes("openai-stream", check_stream, stream_seeds),
    Bytes("openai-listing", check_listing, listing_seeds),
    Things("openai-events", check_events, st.lists(EVENTS, max_size=8)),
)
