"""The question: the PROMPT, and what comes on standard input."""

import os
import queue
import sys
import threading
from collections.abc import Callable

from g4tui.attachments import decoded
from g4tui.core import G4tuiError

# A pipe that nobody writes to or closes (cron, ssh, CI) must not hold up a question.
FIRST_BYTE_S = 2.0
SILENCE_S = 10.0
MAX_BYTES = 32_000_000


def question(prompt: str | None, wait: bool | None, note: Callable[[str], None]) -> str:
    """`prompt` and, below it, standard input. Raises `G4tuiError` of kind `usage`.

    `wait` true reads to the end however long that takes, false reads nothing. `None` decides: a
    terminal is not read; without a prompt all is read; beside a prompt, input that has not begun
    within 2 s, or pauses for 10 s, is taken to have ended, and `note` is told.
    """
    parts = [prompt] if prompt is not None else []
    if wait is not False and (wait or not _is_terminal()):
        patient = wait is True or prompt is None
        parts.append(_standard_input(patient, note))
    text = "\n\n".join(part for part in (part.strip("\r\n") for part in parts) if part)
    if not text.strip():
        raise G4tuiError(
            "usage", "There is nothing to ask", "No PROMPT was given.", 'Try: g4tui ask "Hello"'
        )
    return text


def _is_terminal() -> bool:
    stream = sys.stdin
    return stream is None or stream.isatty()


def _standard_input(patient: bool, note: Callable[[str], None]) -> str:
    stream = sys.stdin
    if stream is None:
        return ""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):  # replaced by an object in memory
        return stream.read()
    chunks: queue.Queue[bytes | OSError] = queue.Queue(maxsize=64)
    reader = threading.Thread(target=_pump, args=(descriptor, chunks), daemon=True)
    reader.start()
    data = bytearray()
    while True:
        limit = None if patient else SILENCE_S if data else FIRST_BYTE_S
        try:
            chunk = chunks.get(timeout=limit)
        except queue.Empty:
            note(_silence(limit, bool(data)))
            break
        if isinstance(chunk, OSError):
            raise G4tuiError("usage", "Standard input cannot be read", str(chunk)) from chunk
        if not chunk:
            break
        data += chunk
        if len(data) > MAX_BYTES:
            raise G4tuiError(
                "usage",
                "Standard input is too long",
                f"It has more than {MAX_BYTES // 1_000_000} MB.",
            )
    return decoded(bytes(data), "Standard input")


def _silence(limit: float | None, begun: bool) -> str:
    what = "Standard input paused" if begun else "Nothing came on standard input"
    return f"{what} for {limit:g} s: going on without more. (--stdin waits for its end.)"


def _pump(descriptor: int, chunks: "queue.Queue[bytes | OSError]") -> None:
    """Read into the queue until the end; an empty chunk is the end."""
    while True:
        try:
            chunk = os.read(descriptor, 1 << 16)
        except OSError as error:
            chunks.put(error)
            return
        chunks.put(chunk)
        if not chunk:
            return
