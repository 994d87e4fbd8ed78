"""A server on loopback that lists models, as OpenAI's kin do; it takes one key, or none."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ModelServer:
    """`asked`: the Authorization headers that came. `status`: what to answer instead of a list."""

    def __init__(self, models: tuple[str, ...], key: str | None) -> None:
        self.models = models
        self.key = key
        self.status = 200
        self.location = ""
        self.asked: list[str | None] = []
        self.port = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def answer(self, authorization: str | None) -> tuple[int, bytes]:
        self.asked.append(authorization)
        if self.key is not None and authorization != f"Bearer {self.key}":
            return 401, b'{"error": "no"}'
        listed = {"data": [{"id": model, "object": "model"} for model in self.models]}
        return self.status, json.dumps(listed).encode()


@contextmanager
def model_server(*models: str, key: str | None = None) -> Iterator[ModelServer]:
    """One that runs as long as the block."""
    server = ModelServer(models, key)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = server.answer(self.headers.get("Authorization"))
            self.send_response(status)
            if server.location:
                self.send_header("Location", server.location)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
