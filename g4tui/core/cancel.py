"""Stopping an answer from another thread."""

import threading
from collections.abc import Callable


class Cancel:
    """Asked to stop or not yet; safe from any thread.

    An engine looks at `requested` between tokens, or has itself called back (from the asking
    thread) through `on_request` when it waits inside a call that it can break off.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], object]] = []

    @property
    def requested(self) -> bool:
        """Whether the person asked to stop."""
        return self._event.is_set()

    def request(self) -> None:
        """Ask to stop; calls every callback once. Asking again does nothing."""
        with self._lock:
            if self._event.is_set():
                return
            self._event.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def on_request(self, callback: Callable[[], object]) -> None:
        """Call `callback` when asked to stop; at once if that was already so."""
        with self._lock:
            if not self._event.is_set():
                self._callbacks.append(callback)
                return
        callback()
