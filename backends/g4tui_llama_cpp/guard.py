"""Running a stranger's template: within a time, and within a memory."""

import ctypes
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")
EXTRA_MEMORY = 1 << 30


class OutOfTime(BaseException):
    """Thrown into the thread that took too long; no `except Exception` holds it back."""


class _Work(Generic[T]):
    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self.result: list[T] = []
        self.error: BaseException | None = None

    def __call__(self) -> None:
        try:
            self.result.append(self._work())
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            self.error = error


def within(seconds: float, work: Callable[[], T]) -> T:
    """The result of `work`, or what it raised.

    Raises `TimeoutError` when it takes longer: it is then ended by an exception thrown into its
    thread, which reaches any loop in Python. Raises `MemoryError` when it takes `EXTRA_MEMORY`
    more bytes than the process had (where the system can say and enforce that).
    """
    job = _Work(work)
    thread = threading.Thread(target=job, name="template", daemon=True)
    with _fence():
        thread.start()
        thread.join(seconds)
        late = thread.is_alive()
        for _ in range(100):
            if not thread.is_alive():
                break
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(thread.ident or 0), ctypes.py_object(OutOfTime)
            )
            thread.join(0.02)
    if late:
        raise TimeoutError(f"more than {seconds:g} s")
    if job.error is not None:
        raise job.error
    return job.result[0]


@contextmanager
def _fence() -> Iterator[None]:
    """A limit on the address space, so that a doubling string ends itself and not the machine."""
    if sys.platform != "linux":
        yield
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = pages * resource.getpagesize() + EXTRA_MEMORY
    if soft != resource.RLIM_INFINITY and soft <= limit:
        yield
        return
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
