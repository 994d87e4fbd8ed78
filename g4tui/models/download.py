"""Downloads that go on where they were cut off."""

import contextlib
import email.message
import hashlib
import http.client
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import urlsplit

import msgspec

from g4tui.core import Cancel, G4tuiError
from g4tui.models.sources import check_url
from g4tui.models.transfer import (
    PIECE,
    Hash,
    Progress,
    Writer,
    check_hash,
    check_room,
    hash_file,
    stopped,
    storage_error,
)

SILENCE_S = 10.0
TRIES = 4
PAUSE_S = 1.0


class Download(msgspec.Struct, frozen=True):
    """What to fetch. `sha256` is empty and `size` is `None` when not known beforehand."""

    url: str
    sha256: str = ""
    size: int | None = None
    headers: Mapping[str, str] = {}


class _Begun(msgspec.Struct, frozen=True):
    """Beside a `.part`: what it is a part of."""

    url: str
    sha256: str
    validator: str


class Response(Protocol):
    """An answer of a web server."""

    status: int
    headers: email.message.Message

    def read(self, amount: int, /) -> bytes:
        """At most so many bytes."""


def fetch(what: Download, part: Path, progress: Progress, cancel: Cancel) -> str:
    """Have all of it in `part`; goes on with what is there already. Returns its sha256.

    Raises `G4tuiError`: `network`, `missing` (404), `auth`, `server`, `storage`, or `model` when
    hash or size are not as expected (nothing is kept then). A stop keeps what came. Who moved or
    used the part says so with `discard`.
    """
    wake = threading.Event()
    cancel.on_request(wake.set)
    failures, before = 0, -1
    while True:
        try:
            return _Attempt(what, part, progress, cancel).run()
        except (OSError, http.client.HTTPException) as error:
            if cancel.requested:
                raise stopped() from error
            done = part.stat().st_size if part.exists() else 0
            failures = 1 if done > before else failures + 1
            before = done
            if failures >= TRIES or _is_final(error):
                raise _network_error(what.url, error) from error
            wake.wait(PAUSE_S * failures)


def discard(part: Path) -> None:
    """Remove what was fetched, and the note of what it is."""
    part.unlink(missing_ok=True)
    _note(part).unlink(missing_ok=True)


class _Attempt:
    """One connection's worth."""

    def __init__(self, what: Download, part: Path, progress: Progress, cancel: Cancel) -> None:
        self._what = what
        self._part = part
        self._progress = progress
        self._cancel = cancel
        self._note = _note(part)

    def run(self) -> str:
        begun = self._begun()
        offset = self._part.stat().st_size if begun else 0
        if self._what.size is not None and offset == self._what.size:
            return self._finish(hash_file(self._part, self._cancel), offset)
        response = self._request(offset, begun.validator if begun else "")
        if response is None:
            return self._finish(hash_file(self._part, self._cancel), offset)
        with response:
            if response.status == 206 and _starts_at(response.headers, offset):
                digest: Hash = hash_file(self._part, self._cancel)
            else:
                offset, digest = 0, hashlib.sha256()
                self._remember(response.headers)
            total = _total(response.headers, offset)
            if self._what.size is not None and total not in (None, self._what.size):
                self._refuse(f"The server offers {total} bytes, expected {self._what.size}.")
            check_room(self._part.parent, (total or self._what.size or offset) - offset)
            done = self._receive(response, digest, offset, total)
        if total is not None and done < total:
            raise ConnectionResetError(f"it ended after {done} of {total} bytes")
        return self._finish(digest, done)

    def _request(self, offset: int, validator: str) -> "_Opened | None":
        """The server's answer, `None` when it says that there is no more than we have."""
        headers = dict(self._what.headers)
        if offset:
            headers["Range"] = f"bytes={offset}-"
            if validator:
                headers["If-Range"] = validator
        try:
            return open_url(self._what.url, headers)
        except urllib.error.HTTPError as error:
            if error.code != 416 or not offset:
                raise
            error.close()
            if error.headers.get("Content-Range") == f"bytes */{offset}":
                return None
            return open_url(self._what.url, self._what.headers)

    def _begun(self) -> _Begun | None:
        """What the part is of, if it is certain that going on with it can be right."""
        try:
            begun = msgspec.json.decode(self._note.read_bytes(), type=_Begun)
            known = self._part.stat().st_size > 0
        except (OSError, msgspec.DecodeError):
            return None
        same = begun.url == self._what.url and begun.sha256 == self._what.sha256
        return begun if known and same and (begun.validator or begun.sha256) else None

    def _remember(self, headers: email.message.Message) -> None:
        etag = headers.get("ETag", "")
        validator = "" if etag.startswith("W/") else etag
        begun = _Begun(self._what.url, self._what.sha256, validator)
        try:
            self._part.unlink(missing_ok=True)
            self._note.write_bytes(msgspec.json.encode(begun))
        except OSError as error:
            raise storage_error(self._note, error) from error

    def _receive(self, response: Response, digest: Hash, offset: int, total: int | None) -> int:
        try:
            file = self._part.open("ab")
        except OSError as error:
            raise storage_error(self._part, error) from error
        with file:
            writer = Writer(file, self._part, digest, offset)
            self._progress(offset, total or 0)
            self._cancel.on_request(lambda: _hang_up(response))
            while piece := response.read(PIECE):
                writer.write(piece)
                if self._cancel.requested:
                    raise stopped()
                if total is not None and writer.done > total:
                    self._refuse(f"More than the {total} bytes that were announced came.")
                self._progress(writer.done, total or 0)
            if self._cancel.requested:
                raise stopped()
            writer.settle()
        return writer.done

    def _finish(self, digest: Hash, done: int) -> str:
        if self._what.size is not None and done != self._what.size:
            self._refuse(f"{done} bytes came, expected {self._what.size}.")
        found = digest.hexdigest()
        if self._what.sha256 not in ("", found):
            self._note.unlink(missing_ok=True)
        check_hash(self._part, found, self._what.sha256)
        return found

    def _refuse(self, why: str) -> None:
        discard(self._part)
        raise G4tuiError(
            "model", "What came is not the file that was asked for", why, "Pull it again."
        )


def _hang_up(response: Response) -> None:
    """End a read that waits in another thread; urllib has no public way to."""
    raw = getattr(getattr(response, "fp", None), "raw", None)
    connection = getattr(raw, "_sock", None)
    if isinstance(connection, socket.socket):
        with contextlib.suppress(OSError):  # it has ended by itself
            connection.shutdown(socket.SHUT_RDWR)


def _note(part: Path) -> Path:
    return part.with_name(part.name + ".json")


class _CarefulRedirect(urllib.request.HTTPRedirectHandler):
    """Never from https to http, and never with a key to another host."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        check_url(newurl)
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None and urlsplit(newurl).netloc != urlsplit(req.full_url).netloc:
            for name in [name for name in request.headers if name.lower() == "authorization"]:
                request.remove_header(name)
        return request


class _Opened(Response, Protocol):
    def __enter__(self) -> "_Opened": ...
    def __exit__(self, *error: object) -> None: ...


def open_url(url: str, headers: Mapping[str, str]) -> _Opened:
    """GET; proxies come from the environment. Raises `OSError` or `HTTPException`."""
    opener = urllib.request.build_opener(_CarefulRedirect())
    request = urllib.request.Request(
        url, headers={"User-Agent": "g4tui", "Accept-Encoding": "identity", **headers}
    )
    response: _Opened = opener.open(request, timeout=SILENCE_S)
    return response


def _starts_at(headers: email.message.Message, offset: int) -> bool:
    return str(headers.get("Content-Range", "")).startswith(f"bytes {offset}-")


def _total(headers: email.message.Message, offset: int) -> int | None:
    after = str(headers.get("Content-Range", "")).rpartition("/")[2]
    if offset and after.isdecimal():
        return int(after)
    length = str(headers.get("Content-Length", ""))
    return offset + int(length) if length.isdecimal() else None


def _is_final(error: OSError | http.client.HTTPException) -> bool:
    """Whether asking again cannot help."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code < 500 and error.code not in (408, 429)
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return isinstance(reason, socket.gaierror | ConnectionRefusedError | http.client.InvalidURL)


def _network_error(url: str, error: OSError | http.client.HTTPException) -> G4tuiError:
    host = urlsplit(url).hostname or url
    if isinstance(error, urllib.error.HTTPError):
        return _status_error(host, urlsplit(url).path, error.code)
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return G4tuiError(
        "network",
        "The download broke off",
        f"{host}: {reason or type(error).__name__}.",
        "Check the connection and pull again: what came is kept.",
    )


def _status_error(host: str, path: str, status: int) -> G4tuiError:
    if status in (401, 403):
        return G4tuiError(
            "auth",
            "The server does not give the file to us",
            f"{host} answered {status} for {path}.",
            "It may need an account: download the file yourself and pull its path.",
        )
    if status in (404, 410):
        return G4tuiError(
            "missing", "The file is not there", f"{host} has no {path}.", "Check the source's name."
        )
    return G4tuiError(
        "rate_limit" if status == 429 else "server",
        "The server cannot give the file now",
        f"{host} answered {status}.",
        "Pull again later: what came is kept.",
    )
