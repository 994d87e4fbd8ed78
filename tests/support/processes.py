"""Waiting for processes that are not our children."""

import asyncio
import os
import select
from pathlib import Path


async def ended(pid: int, within_s: float = 20.0) -> bool:
    """Whether the process is gone, or goes within the time."""
    return await asyncio.to_thread(_ended, pid, within_s)


def running(pid: int) -> bool:
    """Whether there is such a process that is more than a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def _ended(pid: int, within_s: float) -> bool:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], within_s)[0])
    finally:
        os.close(descriptor)
