"""A real server that speaks OpenAI's API and that nobody here wrote: `llama_cpp.server`."""

import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

READY_S = 90.0


@contextmanager
def llama_server(
    model: Path, folder: Path, context: int = 512, alias: str = "", *more: str
) -> Iterator[str]:
    """The server's base_url; `folder` gets its log. It has ended when the block has.

    `alias`: what it calls its model, else by its path. `more`: further options.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = folder / "llama_server.log"
    # One thread: two would spin for each other on a busy machine.
    arguments = [
        f"--model={model}",
        f"--model_alias={alias or model}",
        f"--port={port}",
        f"--n_ctx={context}",
        "--n_threads=1",
        "--n_threads_batch=1",
        *more,
    ]
    command = [sys.executable, "-m", "llama_cpp.server", "--host=127.0.0.1", *arguments]
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=folder
        )
    try:
        _wait_until_ready(server, port, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(5)


def _wait_until_ready(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    until = time.monotonic() + READY_S
    while not _is_ready(port):
        text = log.read_text("utf-8", "replace")[-2000:]
        assert server.poll() is None, f"llama_cpp.server ended:\n{text}"
        assert time.monotonic() < until, f"llama_cpp.server is not ready:\n{text}"
        _pause(server)


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/v1/models")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _pause(server: "subprocess.Popen[bytes]") -> None:
    """A moment, or less when the server ends."""
    try:
        server.wait(0.1)
    except subprocess.TimeoutExpired:
        return
