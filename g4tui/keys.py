"""API keys: bound to the origin they were given for, shown nowhere.

A key is looked for in the environment, then in the system's keyring (extra `[keyring]`), then in a
file of mode 0600. `keys.json` also lists which keys the keyring holds, since keyrings cannot.
"""

import contextlib
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, cast
from urllib.parse import urlsplit

import msgspec

from g4tui.core import G4tuiError
from g4tui.paths import Paths, private_folder

if TYPE_CHECKING:

    class _Keyring(Protocol):
        def get_password(self, service: str, username: str) -> str | None: ...
        def set_password(self, service: str, username: str, password: str) -> None: ...
        def delete_password(self, service: str, username: str) -> None: ...


Place = Literal["environment", "keyring", "file"]

OPENAI_ORIGIN = "https://api.openai.com:443"
# An environment variable is bound to the origin that everybody means by it.
VARIABLES = {("openai", OPENAI_ORIGIN): "OPENAI_API_KEY"}
# A locked keyring may wait for a dialog that nobody can see.
KEYRING_LIMIT_S = 5.0
_SERVICE = "g4tui"
_KEY_LIKE = re.compile(r"\b(?:sk|pk|rk)-[\w.-]{6,}|(?i:bearer)\s+[\w.~+/=-]{6,}")
HIDDEN = "[key hidden]"


class KeyPlace(msgspec.Struct, frozen=True):
    """That there is a key, and where; never the key."""

    server: str
    origin: str
    place: Place


class _Entry(msgspec.Struct, omit_defaults=True):
    server: str
    origin: str
    key: str | None = None  # None: the keyring has it

    def __repr__(self) -> str:
        return f"_Entry({self.server!r}, {self.origin!r})"


class _File(msgspec.Struct):
    version: Literal[1] = 1
    keys: list[_Entry] = []


class KeyRing:
    """Finds, keeps and forgets keys. Holds none of them itself; safe from any thread.

    `server` is what a person types before the colon of a model's name: `openai`, `openai@local`.
    """

    def __init__(self, paths: Paths, environ: Mapping[str, str] = os.environ) -> None:
        self._file = paths.keys_file
        self._environ = environ

    def get(self, server: str, origin: str) -> str | None:
        """The key of `server`, if it was given for `origin` (`https://host:port`)."""
        origin = origin_of(origin)
        if key := self._from_environment(server, origin):
            return key
        for entry in self._read().keys:
            if (entry.server, entry.origin) == (server, origin):
                return entry.key if entry.key is not None else _keyring_get(_user(entry))
        return None

    def set(self, server: str, origin: str, key: str) -> Place:
        """Keep a key, in place of one for the same origin; where it went.

        Raises `G4tuiError`: `usage` for what cannot be a key, `storage`.
        """
        entry = _Entry(server, origin_of(origin), _checked(key))
        place: Place = "file"
        if _keyring_set(_user(entry), entry.key or ""):
            entry.key, place = None, "keyring"
        with self._locked():
            others = [each for each in self._read().keys if _user(each) != _user(entry)]
            self._write(_File(keys=[*others, entry]))
        return place

    def list(self) -> list[KeyPlace]:
        """Which keys there are, those of the environment first."""
        found = [
            KeyPlace(server, origin, "environment")
            for server, origin in VARIABLES
            if self._from_environment(server, origin)
        ]
        return found + [
            KeyPlace(entry.server, entry.origin, "keyring" if entry.key is None else "file")
            for entry in self._read().keys
        ]

    def remove(self, server: str) -> int:
        """Forget every kept key of `server`; how many there were."""
        with self._locked():
            entries = self._read().keys
            gone = [entry for entry in entries if entry.server == server]
            for entry in gone:
                if entry.key is None:
                    _keyring_delete(_user(entry))
            if gone:
                self._write(_File(keys=[each for each in entries if each.server != server]))
        return len(gone)

    def redacted(self, text: str) -> str:
        """`text` without any key that is at hand, and without what looks like one."""
        known = [self._environ.get(variable, "") for variable in VARIABLES.values()]
        with contextlib.suppress(G4tuiError):  # a damaged file must not hide the error shown
            known += [entry.key or "" for entry in self._read().keys]
        for key in known:
            if len(key.strip()) > 3:
                text = text.replace(key.strip(), HIDDEN)
        return _KEY_LIKE.sub(HIDDEN, text)

    def _from_environment(self, server: str, origin: str) -> str | None:
        variable = VARIABLES.get((server, origin))
        return self._environ.get(variable, "").strip() or None if variable else None

    def _read(self) -> _File:
        try:
            if self._file.stat().st_mode & 0o077:
                self._file.chmod(0o600)
            return msgspec.json.decode(self._file.read_bytes(), type=_File)
        except FileNotFoundError:
            return _File()
        except OSError as error:
            raise _trouble(self._file, error.strerror or str(error)) from error
        except msgspec.MsgspecError:  # its message could quote the file
            raise _trouble(self._file, "It is damaged") from None

    def _write(self, content: _File) -> None:
        draft = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        try:
            private_folder(self._file.parent)
            draft.unlink(missing_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(msgspec.json.encode(content))
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(self._file)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise _trouble(self._file, error.strerror or str(error)) from error

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep two g4tui from losing each other's keys, where the platform has file locks."""
        try:
            import fcntl
        except ImportError:
            yield
            return
        try:
            private_folder(self._file.parent)
            descriptor = os.open(self._file.with_name(".keys.lock"), os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise _trouble(self._file, error.strerror or str(error)) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def origin_of(url: str) -> str:
    """`scheme://host:port` of an address; raises `G4tuiError` of kind `usage`."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    default = {"https": 443, "http": 80}.get(parts.scheme)
    if not host or default is None:
        raise G4tuiError(
            "usage", "That is not a server's address", "It reads like https://api.openai.com/v1."
        )
    bracketed = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{bracketed}:{port or default}"


def _checked(key: str) -> str:
    key = key.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        detail = "A key is one word of plain letters, digits and signs." if key else "It is empty."
        raise G4tuiError("usage", "That is not a key", detail, "Copy it once more, without spaces.")
    return key


def _user(entry: _Entry) -> str:
    return f"{entry.server} {entry.origin}"


def _trouble(file: Path, what: str) -> G4tuiError:
    return G4tuiError(
        "storage", "The file of keys cannot be used", f"{file}: {what}.", f"Mend or delete {file}."
    )


def _keyring() -> "_Keyring | None":
    try:
        import keyring
        from keyring.backends.fail import Keyring as NoKeyring
    except ImportError:
        return None
    if isinstance(keyring.get_keyring(), NoKeyring):
        return None
    return cast("_Keyring", keyring)


def _keyring_get(user: str) -> str | None:
    found: list[str | None] = []

    def ask() -> None:
        ring = _keyring()
        found.append(ring.get_password(_SERVICE, user) if ring else None)

    return found[0] if _in_time(ask) and found else None


def _keyring_set(user: str, key: str) -> bool:
    kept: list[bool] = []

    def keep() -> None:
        if ring := _keyring():
            ring.set_password(_SERVICE, user, key)
            kept.append(ring.get_password(_SERVICE, user) == key)

    return _in_time(keep) and kept == [True]


def _keyring_delete(user: str) -> None:
    def delete() -> None:
        if ring := _keyring():
            ring.delete_password(_SERVICE, user)

    _in_time(delete)


def _in_time(work: Callable[[], None]) -> bool:
    """Whether `work` ended well within the limit: a keyring may raise anything, or hang."""
    done: list[bool] = []

    def run() -> None:
        try:
            work()
        except Exception:  # noqa: BLE001 - then the file serves; an error could quote the key
            return
        done.append(True)

    thread = threading.Thread(target=run, name="keyring", daemon=True)
    thread.start()
    thread.join(KEYRING_LIMIT_S)
    return bool(done)
