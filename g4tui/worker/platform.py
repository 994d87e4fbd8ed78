"""What a platform does differently about processes; each with a fallback that does less."""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TypedDict


class SpawnOptions(TypedDict, total=False):
    """Arguments for `subprocess` that are not the same everywhere."""

    start_new_session: bool
    creationflags: int
    pass_fds: tuple[int, ...]


def spawn_options(lifeline: int | None) -> SpawnOptions:
    """A child out of reach of the terminal's signals, which inherits the descriptor `lifeline`."""
    if sys.platform == "win32":
        import subprocess

        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        return {"creationflags": flags}
    return {"start_new_session": True, "pass_fds": () if lifeline is None else (lifeline,)}


def make_lifeline() -> tuple[int, int] | None:
    """A pipe (end for the child, end to hold) whose only news is the host's end; Linux only."""
    return os.pipe() if sys.platform == "linux" else None


def ask_to_end(pid: int) -> None:
    """SIGTERM to the child and to what it started; where there is no such signal, the kill."""
    _signal(pid, signal.SIGTERM)


def kill(pid: int) -> None:
    """End the child and what it started, without a question."""
    _signal(pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)


def no_core_dumps() -> None:
    """A crash must not write the model's memory, a person's words in it, to the disk."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def die_first() -> None:
    """When memory runs out, Linux should take this process and not the one with the screen."""
    if sys.platform == "linux":
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")


def ignore_interrupts() -> None:
    """Ctrl+C is the host's to handle, even for a child that shares its terminal."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def guard_orphan(lifeline: int) -> None:
    """End this process some seconds after the host is gone, whatever Python is doing.

    A thread that waits for the end of input cannot run while native code holds the interpreter's
    lock. So the kernel is asked for a signal when the other end of `lifeline` closes, and its
    handler is C's own `alarm`, which takes the signal's number for seconds: SIGQUIT is 3. The
    alarm's default action ends the process. Does nothing where this cannot be had.
    """
    if sys.platform != "linux":
        return
    import ctypes
    import fcntl

    os.set_inheritable(lifeline, False)
    libc = ctypes.CDLL(None)
    libc.signal.restype = ctypes.c_void_p
    libc.signal.argtypes = (ctypes.c_int, ctypes.c_void_p)
    # Some sandboxed kernels lack it; then the reading thread is all there is.
    with suppress(OSError):
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGQUIT)
        libc.signal(signal.SIGQUIT, ctypes.cast(libc.alarm, ctypes.c_void_p))
        flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC)


def flush_native_lines() -> None:
    """Have C's `printf` write line by line: what it holds back is lost in a crash."""
    if sys.platform != "linux":
        return
    import ctypes

    line_buffered = 1
    libc = ctypes.CDLL(None)
    libc.setvbuf(ctypes.c_void_p.in_dll(libc, "stdout"), None, line_buffered, ctypes.c_size_t(0))


def end_orphan() -> None:
    """Leave without clean-up, and take along what this process started, if it leads a group."""
    if sys.platform != "win32" and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def _signal(pid: int, number: int) -> None:
    """To the group that the child leads. A process that is gone already is as it should be."""
    if pid <= 0:
        raise ValueError(f"{pid} is no child's process id")
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            os.kill(pid, number)
        else:
            os.killpg(pid, number)
