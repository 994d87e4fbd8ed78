"""A web server on loopback that serves files in ranges, and can be told to misbehave."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer:
    """`files` by path. `requests` are (path, headers) in order.

    `cut_after`: bytes after which the connection breaks, one number for each coming answer.
    `status`, `redirects`: by path. `hold`: set to make bodies wait half-way until it is set again.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.etags: dict[str, str] = {}
        self.types: dict[str, str] = {}
        self.extra: dict[str, dict[str, str]] = {}
        self.status: dict[str, int] = {}
        self.redirects: dict[str, str] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.cut_after: list[int] = []
        self.ranges = True
        self.before_body: Callable[[], None] = lambda: None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def ranges_asked(self) -> list[str]:
        """The `Range` of every request, empty where there was none."""
        return [headers.get("Range", "") for _, headers in self.requests]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server._answer(self, body=True)

            def do_HEAD(self) -> None:
                server._answer(self, body=False)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler

    def _answer(self, request: BaseHTTPRequestHandler, *, body: bool) -> None:
        path, headers = request.path, dict(request.headers)
        self.requests.append((path, headers))
        if path in self.redirects:
            request.send_response(302)
            request.send_header("Location", self.redirects[path])
            request.end_headers()
            return
        status = self.status.get(path, 200 if path in self.files else 404)
        if status != 200:
            request.send_response(status)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        content, begin = self.files[path], 0
        etag = self.etags.get(path, "")
        wanted = headers.get("Range", "") if self.ranges else ""
        if wanted and headers.get("If-Range", etag) == etag:
            begin = int(wanted.removeprefix("bytes=").partition("-")[0])
        if begin and begin >= len(content):
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(content)}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        request.send_response(206 if begin else 200)
        if begin:
            request.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        if etag:
            request.send_header("ETag", etag)
        request.send_header("Content-Type", self.types.get(path, "application/octet-stream"))
        request.send_header("Content-Length", str(len(content) - begin))
        for name, value in self.extra.get(path, {}).items():
            request.send_header(name, value)
        request.end_headers()
        if body:
            self._send(request, content[begin:])

    def _send(self, request: BaseHTTPRequestHandler, content: bytes) -> None:
        cut = self.cut_after.pop(0) if self.cut_after else len(content)
        try:
            request.wfile.write(content[: min(cut, len(content) // 2)])
            request.wfile.flush()
            self.before_body()
            request.wfile.write(content[min(cut, len(content) // 2) : cut])
        except OSError:  # the client went away
            pass
        request.close_connection = True

    def start(self) -> None:
        """Serve, from a thread."""
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def file_server() -> Iterator[FileServer]:
    """A running one."""
    server = FileServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()
