"""What every part of the library that writes has in common."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from g4tui.store import sessions
from g4tui.store.database import Database
from g4tui.store.lease import Lease
from g4tui.store.reading import Reader
from g4tui.store.rows import SessionRow


class Writer(Reader):
    """Whole transactions, the clock, and the lease that tells others who is streaming."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        super().__init__(database)
        self._clock = clock
        self._lease: Lease | None = None
        self._lease_lock = Lock()

    def close(self) -> None:
        """Close the library. An answer that is still streaming counts as interrupted from now."""
        self._database.close()
        with self._lease_lock:
            if self._lease is not None:
                self._lease.release()
                self._lease = None

    @contextmanager
    def batch(self) -> Iterator[None]:
        """What this thread writes inside becomes one transaction: quick, and all or nothing."""
        with self._database.write():
            yield

    def _updated(self, session: str, columns: dict[str, object]) -> SessionRow:
        with self._database.write() as connection:
            sessions.update(connection, session, columns)
            return sessions.one(connection, session)

    @property
    def _leases(self) -> Path:
        return self.file.with_name(self.file.name + "-leases")

    def _owner(self) -> str:
        with self._lease_lock:
            if self._lease is None:
                self._lease = Lease.taken(self._leases)
            return self._lease.name
