"""What each server last said that it serves, kept on disk between runs."""

import os
import threading
from pathlib import Path
from time import time

import msgspec

_FRESH_S, _FAILED_S = 6 * 3600.0, 600.0


class Served(msgspec.Struct, frozen=True):
    """A model that a server lists; `context` in tokens where it tells."""

    id: str
    context: int | None = None


class _Listed(msgspec.Struct, frozen=True):
    at: float = 0.0
    failed_at: float = 0.0
    models: tuple[Served, ...] = ()


class ModelLists:
    """`models.json` in the cache folder. A damaged file counts as empty: it is only a cache."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "models.json"
        self._lock = threading.Lock()
        self._lists = self._load()

    def served(self, base_url: str) -> tuple[Served, ...]:
        """The last list of this server; empty when it was never seen."""
        with self._lock:
            return self._lists.get(base_url, _Listed()).models

    def is_old(self, base_url: str, now: float) -> bool:
        """Whether it is time to ask again (seconds since the epoch; a clock set back counts)."""
        with self._lock:
            listed = self._lists.get(base_url, _Listed())
        return not (0 <= now - listed.at < _FRESH_S or 0 <= now - listed.failed_at < _FAILED_S)

    def remember(self, base_url: str, models: tuple[Served, ...] | None) -> None:
        """Keep a list, or that there was none to be had."""
        now = time()
        with self._lock:
            before = self._lists.get(base_url, _Listed())
            if models is None:
                listed = msgspec.structs.replace(before, failed_at=now)
            else:
                listed = _Listed(at=now, models=models)
            # Read again: another g4tui may have written meanwhile.
            self._lists = {**self._load(), base_url: listed}
            self._save()

    def _load(self) -> dict[str, _Listed]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, _Listed])
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return {}

    def _save(self) -> None:
        """Whole or not at all; a disk that refuses costs only the next look-up."""
        temporary = self._path.with_name(f"models.{os.getpid()}.{threading.get_ident()}.tmp")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary.write_bytes(msgspec.json.encode(self._lists))
            temporary.replace(self._path)
        except OSError:
            temporary.unlink(missing_ok=True)
