"""What must hold after every fault. Each check gives what it finds wrong, in words."""

import re
import termios
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

MODES = {
    "1049": ("the alternate screen", b"l"),
    "25": ("the cursor", b"h"),
    "7": ("wrapping", b"h"),
    "1000": ("the mouse", b"l"),
    "1002": ("the mouse", b"l"),
    "1003": ("the mouse", b"l"),
    "1006": ("the mouse", b"l"),
    "1015": ("the mouse", b"l"),
    "1016": ("the mouse", b"l"),
    "1004": ("reports of the focus", b"l"),
    "2004": ("marks of a paste", b"l"),
    "2026": ("held-back output", b"l"),
    "2048": ("reports of the size", b"l"),
}
"""Private modes of a terminal, and how each must be left where it was touched."""
_MODE = re.compile(rb"\x1b\[\?([\d;]+)([hl])")
_KITTY = re.compile(rb"\x1b\[([<>])\d*(?:;\d+)?u")
_LINE = {
    "echo": (3, termios.ECHO),
    "whole lines": (3, termios.ICANON),
    "signal keys": (3, termios.ISIG),
    "Enter as a newline": (0, termios.ICRNL),
    "newlines as they were": (1, termios.OPOST),
}


def terminal_left(raw: bytes, before: Sequence[Any], after: Sequence[Any]) -> Iterator[str]:
    """A terminal that is not as it was: by all bytes written to it, and by its line's settings."""
    last: dict[str, bytes] = {}
    for numbers, state in _MODE.findall(raw):
        last |= dict.fromkeys(numbers.decode().split(";"), state)
    for number, (name, wanted) in MODES.items():
        if last.get(number, wanted) != wanted:
            yield f"{name} (mode {number}) was left {'on' if wanted == b'l' else 'off'}"
    signs = _KITTY.findall(raw)
    if signs.count(b">") > signs.count(b"<"):
        yield "kitty's keys were left on"
    for name, (place, flag) in _LINE.items():
        if (before[place] ^ after[place]) & flag:
            yield f"the terminal's line has lost: {name}"


def error_told(error: Mapping[str, Any] | None) -> Iterator[str]:
    """A failure that does not say what happened, why, and what to do."""
    for part in ("title", "detail", "remedy"):
        if not (error or {}).get(part):
            yield f"a failure without its {part}: {error}"


class Secrets:
    """Looks for keys in whatever was written; in files only where they changed since then.

    `own` is the one file that may hold them. `files` and `bytes_said` count what was seen.
    """

    def __init__(self, secrets: Sequence[bytes], own: Path) -> None:
        self.secrets = secrets
        self.own = own
        self.files = 0
        self.bytes_said = 0
        self._looked: dict[Path, tuple[int, int]] = {}

    def in_said(self, said: bytes, where: str) -> Iterator[str]:
        """In what a program wrote."""
        self.bytes_said += len(said)
        for secret in self.secrets:
            if secret in said:
                yield f"a key in {where}"

    def in_files(self, *folders: Path) -> Iterator[str]:
        """In every file below."""
        for file in (file for folder in folders for file in folder.rglob("*")):
            try:
                if file == self.own or file.is_symlink() or not file.is_file():
                    continue
                about = file.stat()
                if self._looked.get(file) == (about.st_mtime_ns, about.st_size):
                    continue
                self._looked[file] = (about.st_mtime_ns, about.st_size)
                content = file.read_bytes()
            except FileNotFoundError:  # a draft
                continue
            self.files += 1
            if any(secret in content for secret in self.secrets):
                yield f"a key in {file}"
