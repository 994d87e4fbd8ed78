"""A server on loopback that misbehaves to order: raw sockets, one thread a connection."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

Body = dict[str, object]
CERTIFICATE = Path(__file__).with_name("elsewhere.pem")
"""Self-signed, for a host that is not this one, with its key."""


class Connection:
    """One accepted connection, its request read. Writes fail quietly once the client is gone."""

    def __init__(self, raw: socket.socket, closing: threading.Event, tls: bool) -> None:
        self._raw = raw
        self.tls = tls
        self.closing = closing
        self.method = self.path = ""
        self.headers: dict[str, str] = {}
        self.body: Body = {}
        self.gone = threading.Event()

    def read_request(self) -> bool:
        """Whether a whole request came."""
        if (
            not self.tls and self._raw.recv(1, socket.MSG_PEEK) == b"\x16"
        ):  # a TLS greeting, as servers refuse it
            self.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            return False
        file = self._raw.makefile("rb")
        first = file.readline().decode("latin-1").split()
        if len(first) < 2:
            return False
        self.method, self.path = first[0], first[1]
        self.headers = {}
        while (line := file.readline().decode("latin-1").strip()) != "":
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()
        content = file.read(int(self.headers.get("content-length", "0")))
        self.body = json.loads(content) if content else {}
        return True

    def send(self, data: bytes) -> bool:
        """Whether the client still took it."""
        try:
            self._raw.sendall(data)
        except OSError:
            self.gone.set()
            return False
        return True

    def wait(self, seconds: float) -> bool:
        """Do nothing until the client hangs up, the server closes, or the time is over.

        Whether the client is still there.
        """
        self._raw.settimeout(seconds)
        try:
            if self._raw.recv(1) == b"":
                self.gone.set()
        except TimeoutError:
            return not self.closing.is_set()
        except OSError:
            self.gone.set()
        return not self.gone.is_set()

    def reset(self) -> None:
        """End with RST instead of FIN."""
        self._raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self._raw.close()


Handler = Callable[[Connection], None]


class FaultServer:
    """`with FaultServer(handler) as server:`; `handlers` take turns, the last one stays.

    `listing` answers all that is no question. `seen` holds every request, in order. All threads end
    with the `with` block.
    """

    def __init__(
        self, *handlers: Handler, tls: bool = False, listing: Handler | None = None
    ) -> None:
        self.handlers = list(handlers)
        self.listing = listing or models()
        self.seen: list[Connection] = []
        self._tls = tls
        self._closing = threading.Event()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.port: int = self._listener.getsockname()[1]

    @property
    def base_url(self) -> str:
        """As a person would configure it."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/v1"

    @property
    def chats(self) -> list[Connection]:
        """The requests for an answer, without those for the list of models."""
        with self._lock:
            return [seen for seen in self.seen if seen.path.endswith("/chat/completions")]

    def __enter__(self) -> "FaultServer":
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._listener.close()
        with self._lock:
            for raw in self._sockets:
                try:
                    raw.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue
        for thread in list(self._threads):
            thread.join(5)
            assert not thread.is_alive(), "a connection's thread did not end"

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                raw, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            with self._lock:
                self._sockets.append(raw)
            self._start(self._serve, raw)

    def _serve(self, raw: socket.socket) -> None:
        raw.settimeout(20)
        try:
            if self._tls:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(CERTIFICATE)
                raw = context.wrap_socket(raw, server_side=True)
            connection = Connection(raw, self._closing, self._tls)
            if connection.read_request():
                self._handler_for(connection)(connection)
        except OSError:
            return
        finally:
            raw.close()

    def _handler_for(self, connection: Connection) -> Handler:
        with self._lock:
            self.seen.append(connection)
            if not connection.path.endswith("/chat/completions"):
                return self.listing
            return self.handlers.pop(0) if len(self.handlers) > 1 else self.handlers[0]


def response(status: int, body: bytes, *headers: str, kind: str = "application/json") -> Handler:
    """A whole response with a length."""
    lines = [f"HTTP/1.1 {status} Reason", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    lines += [*headers, "Connection: close", "", ""]
    head = "\r\n".join(lines).encode()

    def handle(connection: Connection) -> None:
        connection.send(head + body)

    return handle


def refusal(status: int, message: str, *headers: str, **fields: str) -> Handler:
    """An error in OpenAI's shape."""
    body = json.dumps({"error": {"message": message, **fields}}).encode()
    return response(status, body, *headers)


def models(*names: str) -> Handler:
    """A list of models."""
    data = [{"id": name, "object": "model"} for name in names or ("parrot",)]
    return response(200, json.dumps({"object": "list", "data": data}).encode())


SSE_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def event(data: object) -> bytes:
    """One event of a stream."""
    try:
        text = json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a surrogate pair can only be sent escaped
        text = json.dumps(data).encode()
    return b"data: " + text + b"\n\n"


def delta(text: str | None = None, finish: str | None = None, **fields: object) -> bytes:
    """One chunk of an answer."""
    content = {"content": text} if text is not None else {}
    choice = {"index": 0, "delta": {**content, **fields}, "finish_reason": finish}
    return event({"object": "chat.completion.chunk", "choices": [choice]})


def usage(prompt: int, completion: int, cached: int = 0) -> bytes:
    """The chunk with the count."""
    details = {"cached_tokens": cached}
    counts = {"prompt_tokens": prompt, "completion_tokens": completion}
    return event({"choices": [], "usage": {**counts, "prompt_tokens_details": details}})


DONE = b"data: [DONE]\n\n"


def stream(*parts: bytes) -> Handler:
    """A stream of these parts, each sent by itself, then closed."""

    def handle(connection: Connection) -> None:
        connection.send(SSE_HEAD)
        for part in parts:
            if not connection.send(part):
                return

    return handle


def then(first: Handler, second: Handler) -> Handler:
    """Both on one connection."""

    def handle(connection: Connection) -> None:
        first(connection)
        second(connection)

    return handle


def silent(seconds: float = 15.0) -> Handler:
    """Nothing at all, until the client hangs up."""

    def handle(connection: Connection) -> None:
        connection.wait(seconds)

    return handle


def reset() -> Handler:
    """A reset."""
    return Connection.reset


def pings(part: bytes = b": ping\n\n", every_s: float = 0.02, count: int = 500) -> Handler:
    """The same bytes again and again, until the client hangs up."""

    def handle(connection: Connection) -> None:
        for _ in range(count):
            if not (connection.send(part) and connection.wait(every_s)):
                return

    return handle


def flood(part: bytes, megabytes: int) -> Handler:
    """As much of `part` as goes through, without an end of event."""
    block = part * (65536 // len(part))

    def handle(connection: Connection) -> None:
        for _ in range(megabytes * 16):
            if not connection.send(block):
                return

    return handle


def parrot(context: int = 200, every_s: float = 0.0) -> Handler:
    """A well-behaved server: says the last message's words back for as long as it is asked to.

    A token is a word. Honours `max_tokens` (or its newer name), `stop`, `stream_options`, and
    refuses what is longer than `context` as OpenAI does.
    """

    def handle(connection: Connection) -> None:
        body = connection.body
        messages = body["messages"]
        assert isinstance(messages, list)
        prompt = sum(len(str(message["content"]).split()) for message in messages)
        if prompt >= context:
            text = f"This model's maximum context length is {context} tokens."
            refusal(400, text, code="context_length_exceeded", param="messages")(connection)
            return
        limit = body.get("max_completion_tokens", body.get("max_tokens", context - prompt))
        assert isinstance(limit, int)
        words, reason = _echo(str(messages[-1]["content"]), limit, body.get("stop"))
        if not connection.send(SSE_HEAD + delta("", role="assistant")):
            return
        for word in words:
            if not connection.send(delta(word)) or (every_s and not connection.wait(every_s)):
                return
        connection.send(delta(finish=reason))
        if body.get("stream_options"):
            connection.send(usage(prompt, len(words)))
        connection.send(DONE)

    return handle


def _echo(text: str, limit: int, stops: object) -> tuple[Sequence[str], str]:
    said = text.split(" ")
    words = [word + " " for word in said[:-1]] + said[-1:]
    answer = "".join(words[:limit])
    found = (
        [answer.find(stop) for stop in stops if stop in answer] if isinstance(stops, list) else []
    )
    if found:
        kept = answer[: min(found)].split(" ")
        return [word + " " for word in kept[:-1]] + kept[-1:], "stop"
    return words[:limit], "stop" if len(words) <= limit else "length"
