"""Copying, by the surest way there is, with the truth about which it was."""

import base64
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

TOOLS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    # the environment that it needs, the command, its name for people
    ("", ("pbcopy",), "the clipboard"),
    ("WAYLAND_DISPLAY", ("wl-copy",), "the clipboard"),
    ("DISPLAY", ("xclip", "-selection", "clipboard", "-in"), "the clipboard"),
    ("DISPLAY", ("xsel", "--clipboard", "--input"), "the clipboard"),
    ("WSL_DISTRO_NAME", ("clip.exe",), "Windows' clipboard"),
)
_TMUX = ("tmux", "load-buffer")
_FEATURES = ("tmux", "display-message", "-p", "#{client_termfeatures}")
_LIMIT_S = 2.0
OSC52_LIMIT = 74_000
"""Bytes that terminals take at once; longer ones are cut or dropped without a word."""


class Copied(NamedTuple):
    """Where the text is now. `sure`: somebody acknowledged it."""

    words: str
    sure: bool


Run = Callable[[Sequence[str], bytes], bool]
"""Runs a command with this standard input; true if it ended with status 0."""
Ask = Callable[[Sequence[str]], str]
"""Runs a command; its output, empty where it failed."""


def copy(
    text: str,
    *,
    send: Callable[[str], None],
    folder: Path,
    environ: Mapping[str, str] = os.environ,
    which: Callable[[str], str | None] = shutil.which,
    run: Run | None = None,
    ask: Ask | None = None,
) -> Copied:
    """Put cleaned `text` where it can be pasted from; blocks for a moment.

    `send` writes an escape sequence to the terminal (from any thread), `folder` is for the file
    that is written when nothing else takes it. Raises `OSError` where even that fails.
    """
    run = run or run_tool
    data = text.encode()
    remote = any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"))
    if not remote:  # over ssh a clipboard tool would fill the wrong machine's
        for needs, command, name in TOOLS:
            if (needs and not environ.get(needs)) or not which(command[0]):
                continue
            if run(command, data):
                return Copied(f"Copied to {name}", True)
    if environ.get("TMUX") and which("tmux"):
        if run((*_TMUX, "-w", "-"), data) and "clipboard" in (ask or ask_tool)(_FEATURES):
            return Copied("Copied to tmux's buffer, and sent on to the terminal", True)
        if run((*_TMUX, "-"), data):  # it is old, or its terminal has no clipboard
            return Copied("Copied to tmux's buffer alone: prefix ] pastes it", True)
    if len(data) <= OSC52_LIMIT and environ.get("TERM", "") not in ("", "dumb", "linux"):
        send(f"\x1b]52;c;{base64.b64encode(data).decode()}\a")
        return Copied("Sent to the terminal, which may keep it", False)
    return Copied(f"Saved to {save(data, folder)}", True)


def save(data: bytes, folder: Path) -> Path:
    """Write `data` to a new private file."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    path = next(
        place
        for number in range(1000)
        if not (place := folder / f"copied-{stamp}{f'-{number}' if number else ''}.txt").exists()
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    return path


def run_tool(command: Sequence[str], data: bytes) -> bool:
    """Whether the tool took `data` and ended well, soon."""
    try:
        # xclip stays behind to serve the clipboard, with our pipes: no pipe but its input
        done = subprocess.run(
            command,
            input=data,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def ask_tool(command: Sequence[str]) -> str:
    """What the tool says."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""
