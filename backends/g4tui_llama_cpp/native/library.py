"""llama.cpp itself: what it is, what it logs, and how what it does is stopped."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

import llama_cpp.llama_cpp as lib

# As in ggml.h; the comments of llama-cpp-python count otherwise.
_LOG_DEBUG, _LOG_ERROR = 1, 4
_STDERR = 2


def build() -> str:
    """What identifies the library: a saved KV cache is only good for the same one."""
    version, system = lib.llama_version(), lib.llama_print_system_info()
    return f"{version.decode()} {system.decode()}"


def has_gpu() -> bool:
    """Whether this build of llama.cpp can put layers on a GPU."""
    return bool(lib.llama_supports_gpu_offload())


def _write(level: int, text: bytes, _data: object) -> None:
    if level != _LOG_DEBUG:
        os.write(_STDERR, text)


# What llama.cpp writes by itself has hundreds of lines about its graphs; a log that is looked at
# after a crash should end with what matters. It may log at any time, so this is never freed.
_TO_STDERR = lib.llama_log_callback(_write)


@contextmanager
def captured_errors() -> Iterator[list[str]]:
    """Within: errors that llama.cpp logs also go into the list given."""
    errors: list[str] = []

    def write(level: int, text: bytes, data: object) -> None:
        _write(level, text, data)
        if level == _LOG_ERROR:
            errors.append(text.decode("utf-8", "replace").strip())

    callback = lib.llama_log_callback(write)
    lib.llama_log_set(callback, None)
    try:
        yield errors
    finally:
        lib.llama_log_set(_TO_STDERR, None)


class AbortFlag:
    """Ends a running `Context.decode`, set from any thread.

    llama.cpp asks its abort callback after every node of the graph, a thousand times a token. A
    callback into Python would cost more than the token, so it is C's own `strlen` over a buffer
    that holds an empty string, or one character once we want to stop.
    """

    def __init__(self) -> None:
        self._buffer = ctypes.create_string_buffer(2)
        strlen = (ctypes.CDLL("msvcrt") if os.name == "nt" else ctypes.CDLL(None)).strlen
        address = ctypes.cast(strlen, ctypes.c_void_p).value
        self.callback = lib.ggml_abort_callback(address)
        self.data = ctypes.cast(self._buffer, ctypes.c_void_p)

    def set(self) -> None:
        """Stop what runs."""
        self._buffer[0] = b"\x01"

    def clear(self) -> None:
        """Let the next evaluation run."""
        self._buffer[0] = b"\x00"
