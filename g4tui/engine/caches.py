"""Folders of state that backends keep for conversations: deleted with them, bounded in bytes."""

import shutil
from pathlib import Path

from g4tui.core import Host


def conversation_folders(backend_caches: Path, conversation: str | None = None) -> list[Path]:
    """The folders of one conversation (or of all), over every backend.

    `backend_caches` holds one folder a backend, as `Host.cache_dir`.
    """
    hosts = [Host(folder) for folder in backend_caches.glob("*") if folder.is_dir()]
    found = [folder for host in hosts for folder in host.conversations.glob("*")]
    return [folder for folder in found if conversation is None or folder.name == conversation]


def forget_conversation(backend_caches: Path, conversation: str) -> None:
    """Delete what backends kept for a conversation that is gone."""
    for folder in conversation_folders(backend_caches, conversation):
        shutil.rmtree(folder, ignore_errors=True)


def evict(backend_caches: Path, max_bytes: int) -> None:
    """Delete the least recently used conversations' state until the rest fits `max_bytes`."""
    sized = [
        (_last_used(folder), folder_size(folder), folder)
        for folder in conversation_folders(backend_caches)
    ]
    total = sum(size for _, size, _ in sized)
    for _, size, folder in sorted(sized):
        if total <= max_bytes:
            return
        shutil.rmtree(folder, ignore_errors=True)
        total -= size


def folder_size(folder: Path) -> int:
    """Bytes of all files in it."""
    return sum(_stat(file)[0] for file in folder.rglob("*"))


def _last_used(folder: Path) -> float:
    return max((_stat(file)[1] for file in folder.rglob("*")), default=0.0)


def _stat(file: Path) -> tuple[int, float]:
    try:
        stat = file.stat()
    except OSError:  # another g4tui was quicker
        return 0, 0.0
    return stat.st_size, stat.st_mtime
