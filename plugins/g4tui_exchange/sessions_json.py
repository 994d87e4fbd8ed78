"""g4tui's own JSON: everything that a session holds, and back again.

One array, one session a line: `[{"g4tui": 1, "title": ..., "messages": [...]}]`. The names are
those of `g4tui.plugin.Transcript`. It is ASCII, so that no terminal obeys what a text holds.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import msgspec

from g4tui.core import G4tuiError
from g4tui.plugin import (
    Exporter,
    Importer,
    LeftOut,
    Transcript,
    TranscriptMessage,
    TranscriptTurn,
)
from g4tui_exchange.elements import START, objects
from g4tui_exchange.trees import CIRCLES, NO_PARENTS, TITLE_LENGTH, parents_first

VERSION = 1
_LOOKED_AT = 64 * 1024
_MARK = re.compile(START + rb'.*"g4tui"\s*:\s*\d', re.DOTALL)


class JsonExporter(Exporter):
    """Lossless: whole trees with states, usage, errors, stars, tags, comparisons and votes."""

    name, title, suffix = "json", "JSON, everything (can be imported)", ".json"

    def write(self, transcripts: Iterable[Transcript], out: BinaryIO) -> None:
        """One array, one session a line."""
        before = b"[\n"
        for transcript in transcripts:
            plain = {"g4tui": VERSION, **msgspec.to_builtins(transcript)}
            line = json.dumps(plain).replace("\x7f", "\\u007f")
            out.write(before + line.encode("ascii"))
            before = b",\n"
        out.write(b"\n]\n" if before == b",\n" else b"[]\n")


class JsonImporter(Importer):
    """What `JsonExporter` wrote, or somebody else in its name."""

    name, title = "json", "g4tui's own JSON"

    def recognises(self, file: BinaryIO) -> bool:
        """By the mark that each session begins with."""
        return _MARK.match(file.read(_LOOKED_AT)) is not None

    def read(self, file: BinaryIO) -> Iterator[Transcript | LeftOut]:
        """Session by session; one that is no session is left out."""
        for found in objects(file):
            if isinstance(found, LeftOut):
                yield found
                continue
            version = found.get("g4tui")
            if isinstance(version, int) and version > VERSION:
                raise _newer(version)
            try:
                if version != VERSION:
                    raise msgspec.ValidationError(f"no mark of version {VERSION}")
                transcript = msgspec.convert(found, Transcript)
            except (msgspec.ValidationError, UnicodeEncodeError) as error:  # half a character
                title = found.get("title")
                named = f"{title:.60}: " if isinstance(title, str) else ""
                yield LeftOut("damaged sessions", example=f"{named}{error}")
                continue
            yield from _whole(transcript)


def _whole(transcript: Transcript) -> Iterator[Transcript | LeftOut]:
    """`transcript` with parents before children, ids once, and nothing that refers to nothing."""
    messages: dict[str, TranscriptMessage] = {}
    for message in transcript.messages:
        messages.setdefault(message.id, message)
    order, circles = parents_first(messages, {id_: each.parent for id_, each in messages.items()})
    example = transcript.title[:60]
    if lost := len(transcript.messages) - len(order):
        yield LeftOut("messages that occur twice", lost, example)
    if circles:
        yield LeftOut(CIRCLES, len(circles), example)
    parents = [each.parent for each in messages.values() if each.parent is not None]
    if cut := sum(parent not in messages for parent in parents):
        yield LeftOut(NO_PARENTS, cut, example)

    turns: list[TranscriptTurn] = []
    answers = {id_ for id_ in order if messages[id_].message.role == "assistant"}
    compared: set[str] = set()
    for turn in transcript.turns:
        if turn.is_among(answers) and compared.isdisjoint(turn.answers):
            turns.append(turn)
            compared.update(turn.answers)
    if lost := len(transcript.turns) - len(turns):
        yield LeftOut("comparisons of answers that are not there", lost, example)

    def there(id_: str | None) -> str | None:
        return id_ if id_ in messages else None

    yield msgspec.structs.replace(
        transcript,
        title=transcript.title[:TITLE_LENGTH],
        messages=tuple(
            msgspec.structs.replace(
                message,
                parent=None if message.id in circles else there(message.parent),
                corrects=there(message.corrects),
                memory_start=there(message.memory_start),
            )
            for message in map(messages.__getitem__, order)
        ),
        head=there(transcript.head) or (order[-1] if order else None),
        turns=tuple(turns),
    )


def _newer(version: int) -> G4tuiError:
    return G4tuiError(
        "unsupported",
        "The file was made by a newer g4tui",
        f"Its form has version {version}, and this g4tui knows {VERSION}.",
        "Update g4tui.",
    )
