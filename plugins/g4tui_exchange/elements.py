"""The objects of a JSON file, one after another, in bounded memory.

The file is one array of objects, or one object. Only the object at hand is in memory, and only if
it is within the limits; what is not is passed over and told.
"""

import json
import re
from collections.abc import Iterator
from typing import Protocol

from g4tui.core import G4tuiError
from g4tui.plugin import LeftOut

CHUNK = 256 * 1024
# A parsed object takes up to about 12 times its bytes.
LARGEST = 32 * 1024 * 1024
DEEPEST = 200
MOST_PARTS = 1_000_000
UTF8_MARK = b"\xef\xbb\xbf"
# How a file begins up to its first object: for `recognises`.
START = (
    rb"\A(?:\xef\xbb\xbf)?\s*+"
    rb'(?:\[(?:\s*+(?:null|true|false|[-+.\deE]++|"(?:[^"\\]|\\.)*+")\s*+,)*+)?+\s*+\{'
)

# Everything up to the next bracket, whole strings included.
_BETWEEN = re.compile(rb'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+', re.DOTALL)


class Stream(Protocol):
    """What is read from."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""


def objects(stream: Stream) -> Iterator[dict[str, object] | LeftOut]:
    """The objects of the array in `stream`, or its one object.

    Raises `G4tuiError` of kind `protocol` where it is no such JSON, or ends too early.
    """
    for element in elements(stream):
        if isinstance(element, LeftOut):
            yield element
            continue
        text, broken = decoded(element)
        if broken:
            yield LeftOut("broken characters (no UTF-8)", broken)
        value = parsed(text)
        yield value if isinstance(value, dict) else LeftOut("damaged parts of the file")


def decoded(data: bytes) -> tuple[str, int]:
    """`data` as text, and how many places of it are no UTF-8: each becomes U+FFFD."""
    try:
        return data.decode(), 0
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
        return text, text.count("\ufffd") - data.decode("utf-8", "ignore").count("\ufffd")


def parsed(text: str) -> object:
    """The JSON value; `None` for what is none, or nested too deep."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value


def elements(stream: Stream) -> Iterator[bytes | LeftOut]:
    """The bytes of each object, as they are in the file."""
    brackets, taken, strays = _Brackets(), _Object(), _Strays()
    depth = outside = 0  # `outside` is the depth between objects: 1 in an array
    begun = ended = False
    first = True
    while chunk := stream.read(CHUNK):
        if first:
            chunk, first = chunk.removeprefix(UTF8_MARK), False
        done = 0
        for at in brackets.positions(chunk):
            if chunk[at] in b"[{":
                if depth == outside:
                    strays.add(chunk[done : at + ended], outside)  # none may begin after the end
                    yield from strays.taken()
                    done = at
                    if not begun and chunk[at] == ord("["):
                        done, outside = at + 1, 1
                    begun = True
                depth += 1
                taken.open(depth)
            else:
                depth -= 1
                if depth < outside:
                    strays.add(chunk[done:at], outside)
                    yield from strays.taken()
                    done, outside, ended = at + 1, 0, True
                elif depth == outside:
                    taken.add(chunk[done : at + 1])
                    done, ended = at + 1, outside == 0
                    yield taken.ended()
        if depth > outside:
            taken.add(chunk[done:])
        else:
            strays.add(chunk[done:], outside)
    if not begun:
        raise damaged("There is no JSON in it.")
    if not ended:
        raise damaged("It ends too early: it was cut off.")


def damaged(detail: str) -> G4tuiError:
    """The file cannot be read further."""
    return G4tuiError(
        "protocol",
        "The file is damaged, or of another kind",
        detail,
        "Get the file once more from where it comes from.",
    )


class _Strays:
    """What stands between objects: white space and commas, as it should be, or other values."""

    def __init__(self) -> None:
        self._data = bytearray()

    def add(self, data: bytes, depth: int) -> None:
        """More of it. Outside of the array nothing else may be."""
        if depth == 0:
            if data.strip():
                raise damaged("Something other than sessions is in it.")
        elif len(self._data) <= CHUNK:
            self._data += data

    def taken(self) -> Iterator[LeftOut]:
        """How many values there were (1 for very many); the next ones may come."""
        text, _ = decoded(bytes(self._data).strip(b" \t\r\n,"))
        self._data.clear()
        if text:
            values = parsed(f"[{text}]")
            count = len(values) if isinstance(values, list) else 1
            yield LeftOut("parts that are no sessions", count, text[:60])


class _Brackets:
    """Where brackets are, chunk after chunk; those in strings do not count."""

    def __init__(self) -> None:
        self._in_string = False
        self._escaped = False  # the last chunk ended with a backslash

    def positions(self, chunk: bytes) -> Iterator[int]:
        at = 0
        while at < len(chunk):
            if self._in_string:
                at = self._after_string(chunk, at)
                continue
            match = _BETWEEN.match(chunk, at)
            at = match.end() if match is not None else at
            if at < len(chunk):
                self._in_string = chunk[at] == ord('"')
                if not self._in_string:
                    yield at
                at += 1

    def _after_string(self, chunk: bytes, at: int) -> int:
        """Where the text goes on behind the string that `at` is in."""
        start = at + self._escaped
        while (quote := chunk.find(b'"', start)) >= 0:
            if not _is_escaped(chunk, start, quote):
                self._in_string = self._escaped = False
                return quote + 1
            start = quote + 1
        self._escaped = _is_escaped(chunk, start, len(chunk))
        return len(chunk)


def _is_escaped(chunk: bytes, start: int, end: int) -> bool:
    """Whether an odd number of backslashes is before `end`, none of them before `start`."""
    count = 0
    while end - count > start and chunk[end - count - 1] == ord("\\"):
        count += 1
    return count % 2 == 1


class _Object:
    """The bytes of the object at hand, while it is within the limits."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._parts = 0
        self._refused = ""

    def open(self, depth: int) -> None:
        """A part of it begins."""
        self._parts += 1
        if depth > DEEPEST:
            self._refuse(f"sessions nested deeper than {DEEPEST}")
        elif self._parts > MOST_PARTS:
            self._refuse(f"sessions of more than {MOST_PARTS:,} parts")

    def add(self, data: bytes) -> None:
        """More of it."""
        if not self._refused:
            self._data += data
        if len(self._data) > LARGEST:
            self._refuse(f"sessions larger than {LARGEST // 1024**2} MiB")

    def ended(self) -> bytes | LeftOut:
        """The whole of it, or why not; the next one may begin."""
        data, refused = bytes(self._data), self._refused
        self.__init__()  # type: ignore[misc]
        return LeftOut(refused) if refused else data

    def _refuse(self, what: str) -> None:
        self._refused = what
        self._data = bytearray()
