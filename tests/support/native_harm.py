"""What native code can do to the process that it is in."""

import ctypes
import fcntl
import os
import stat


def hang() -> None:
    """In native code, Python's lock released; no return."""
    while True:
        ctypes.CDLL(None).pause()


def segfault() -> None:
    """The real thing."""
    ctypes.string_at(0)


def host_pipe() -> int:
    """The descriptor that the child keeps for itself."""
    for descriptor in range(3, 64):
        try:
            is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
        except OSError:
            continue
        if is_pipe and fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY:
            return descriptor
    raise LookupError("no pipe to the host")


def write_all(descriptor: int, data: bytes) -> None:
    """However long it takes."""
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def core_limit() -> int:
    """Bytes of a core dump."""
    import resource

    return resource.getrlimit(resource.RLIMIT_CORE)[0]
