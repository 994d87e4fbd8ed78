"""What a server can do wrong before, in and after an answer, and what a person is told of it."""

import json

from support import fault_server as fs
from support.teacher import SECRET

BEGUN = (fs.delta("", role="assistant"), fs.delta("Hello "), fs.delta("there"))


def page(status: int = 200) -> fs.Handler:
    """The login page of a network."""
    html = b"<!DOCTYPE html><html><body>Please log in</body></html>"
    return fs.response(status, html, kind="text/html; charset=utf-8")


def streamed(*parts: bytes) -> fs.Handler:
    """An answer that has begun, then these parts."""
    return fs.stream(*BEGUN, *parts)


def chunked(data: bytes) -> fs.Handler:
    """A chunked stream that ends without its last chunk."""
    head = fs.SSE_HEAD.replace(b"Connection: close", b"Transfer-Encoding: chunked")

    def handle(connection: fs.Connection) -> None:
        connection.send(head + f"{len(data):x}\r\n".encode() + data + b"\r\n")

    return handle


BIG = fs.flood(b"x" * 1024, 20)

# Handler, kind of the error, a word of its title, the text that is kept.
FAULTS: dict[str, tuple[fs.Handler, str, str, str]] = {
    "401": (fs.refusal(401, f"Incorrect API key: {SECRET}"), "auth", "refused the key", ""),
    "403": (fs.refusal(403, "Country not supported"), "auth", "does not allow", ""),
    "404": (fs.refusal(404, "No such model"), "missing", "does not know parrot", ""),
    "404 page": (page(404), "missing", "does not know parrot", ""),
    "402": (fs.refusal(402, "Pay first"), "quota", "no credit", ""),
    "400": (fs.refusal(400, "Bad messages", param="messages"), "refused", "refused", ""),
    "400 context": (
        fs.refusal(400, "maximum context length is 99 tokens", code="context_length_exceeded"),
        "context",
        "too long",
        "",
    ),
    "413": (fs.response(413, b"too large", kind="text/plain"), "context", "too long", ""),
    "429": (fs.refusal(429, "Slow down"), "rate_limit", "too many requests", ""),
    "429 no credit": (
        fs.refusal(429, "Exceeded your current quota", code="insufficient_quota"),
        "quota",
        "no credit",
        "",
    ),
    "429 for an hour": (
        fs.refusal(429, "Slow down", "Retry-After: 3600"),
        "rate_limit",
        "too many",
        "",
    ),
    "500": (fs.refusal(500, "Boom"), "server", "could not answer", ""),
    "503": (fs.response(503, b"", kind="text/plain"), "server", "could not answer", ""),
    "redirect": (
        fs.response(307, b"", "Location: http://localhost:1/v1/chat/completions"),
        "config",
        "another address",
        "",
    ),
    "web page": (page(), "protocol", "web page", ""),
    "web page as a stream": (
        fs.stream(b"<html><body>Log in</body></html>"),
        "protocol",
        "web page",
        "",
    ),
    "nothing": (fs.stream(), "protocol", "nothing at all", ""),
    "no HTTP": (lambda c: c.send(b"SSH-2.0-OpenSSH_9.2\r\n") and None, "network", "broke", ""),
    "hangs up": (lambda c: None, "network", "broke", ""),
    "reset at once": (fs.reset(), "network", "broke", ""),
    "reset in mid-stream": (fs.then(streamed(), fs.reset()), "network", "broke", "Hello there"),
    "half a chunked stream": (chunked(b"".join(BEGUN)), "network", "broke", "Hello there"),
    "no finish_reason": (streamed(), "protocol", "cut off", "Hello there"),
    "done without finish_reason": (streamed(fs.DONE), "protocol", "cut off", "Hello there"),
    "error in a 200": (
        fs.response(200, json.dumps({"error": {"message": "Overloaded"}}).encode()),
        "server",
        "could not answer",
        "",
    ),
    "error in the stream": (
        streamed(fs.event({"error": {"message": "Overloaded", "code": 503}})),
        "server",
        "could not answer",
        "Hello there",
    ),
    "error as a word": (
        streamed(fs.event({"error": "dead"})),
        "server",
        "could not answer",
        "Hello there",
    ),
    "malformed JSON": (
        streamed(b'data: {"choices": [\n\n'),
        "protocol",
        "cannot be read",
        "Hello there",
    ),
    "broken UTF-8": (
        streamed(b'data: {"choices": "\xff\xfe"}\n\n'),
        "protocol",
        "cannot be read",
        "Hello there",
    ),
    "deeply nested": (
        streamed(b"data: " + b"[" * 100_000 + b"\n\n"),
        "protocol",
        "cannot be read",
        "Hello there",
    ),
    "another shape": (
        streamed(fs.event({"choices": [{"delta": 7}]})),
        "protocol",
        "cannot be read",
        "Hello there",
    ),
    "a list": (streamed(fs.event([1, 2])), "protocol", "cannot be read", "Hello there"),
    "null choices for ever": (fs.stream(fs.event({"choices": None})), "protocol", "cut off", ""),
    "20 MB event": (fs.then(streamed(b"data: "), BIG), "protocol", "far too much", "Hello there"),
    "endless line": (fs.then(fs.stream(), BIG), "protocol", "far too much", ""),
    "endless comment": (
        fs.then(fs.stream(), fs.flood(b": ping\n", 20)),
        "protocol",
        "far too much",
        "",
    ),
    "endless error page": (
        fs.then(lambda c: c.send(b"HTTP/1.1 500 No\r\nConnection: close\r\n\r\n") and None, BIG),
        "protocol",
        "far too much",
        "",
    ),
    "gzip": (
        fs.response(
            200, b"\x1f\x8b" + b"x" * 50, "Content-Encoding: gzip", kind="text/event-stream"
        ),
        "protocol",
        "compressed",
        "",
    ),
}
