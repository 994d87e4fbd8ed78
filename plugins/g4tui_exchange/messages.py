"""JSONL of chat messages, as training tools read it: `{"messages": [{"role", "content"}, ...]}`."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Literal

from g4tui.core import Message
from g4tui.plugin import Exporter, Importer, LeftOut, Transcript, TranscriptMessage
from g4tui_exchange.elements import CHUNK, LARGEST, decoded, parsed

_LOOKED_AT = 64 * 1024
_ROW = re.compile(rb'\A(?:\xef\xbb\xbf)?\s*\{.*"messages"\s*:\s*\[', re.DOTALL)
_SYSTEM = ("system", "developer")


class MessagesExporter(Exporter):
    """The line that is shown of each session, as one row."""

    name, title, suffix = "jsonl", "Messages as JSONL, for training tools", ".jsonl"

    def write(self, transcripts: Iterable[Transcript], out: BinaryIO) -> None:
        """A row a session that has a whole answer; other tools refuse any other key."""
        for transcript in transcripts:
            if messages := _row(transcript):
                line = json.dumps({"messages": messages}).replace("\x7f", "\\u007f")
                out.write(line.encode("ascii") + b"\n")


class MessagesImporter(Importer):
    """Each row becomes a session of one line."""

    name, title = "jsonl", "messages JSONL"

    def recognises(self, file: BinaryIO) -> bool:
        """By the first row's list of messages."""
        return _ROW.match(file.read(_LOOKED_AT)) is not None

    def read(self, file: BinaryIO) -> Iterator[Transcript | LeftOut]:
        """Row by row; a line that is no row is left out."""
        for line in _lines(file):
            if line is None:
                yield LeftOut(f"lines longer than {LARGEST // 1024**2} MiB")
                continue
            text, broken = decoded(line)
            if broken:
                yield LeftOut("broken characters (no UTF-8)", broken)
            if text.strip("\ufeff \t\r\n"):
                yield from _session(parsed(text.lstrip("\ufeff")))


def _row(transcript: Transcript) -> list[dict[str, str]]:
    """What a model would learn from: up to the last whole answer, without empty ones."""
    line: list[TranscriptMessage] = []
    for message in transcript.shown_line():
        if message.message.role == "assistant" and not message.message.text.strip():
            if line and line[-1].message.role == "user":
                line.pop()  # its question has no answer; two in a row fit no template
            continue
        line.append(message)
    while line and (line[-1].message.role != "assistant" or line[-1].state != "complete"):
        line.pop()
    if not line:
        return []
    system = [{"role": "system", "content": transcript.system}] if transcript.system.strip() else []
    return system + [{"role": each.message.role, "content": each.message.content} for each in line]


def _lines(file: BinaryIO) -> Iterator[bytes | None]:
    """Line by line; `None` for one that is too long."""
    while line := file.readline(LARGEST):
        if len(line) < LARGEST or line.endswith(b"\n"):
            yield line
            continue
        while rest := file.read(CHUNK):
            if (end := rest.find(b"\n")) >= 0:
                file.seek(end + 1 - len(rest), 1)
                break
        yield None


def _session(row: object) -> Iterator[Transcript | LeftOut]:
    said = row.get("messages") if isinstance(row, dict) else None
    if not isinstance(said, list) or not said:
        yield LeftOut("lines without messages")
        return
    left: Counter[str] = Counter()
    system: list[str] = []
    messages: list[TranscriptMessage] = []
    for each in said:
        role, text, reasoning = _said(each, left)
        if role is None:
            continue
        if role == "system" and not messages:
            system.append(text)
            continue
        id_ = str(len(messages))
        parent = messages[-1].id if messages else None
        messages.append(TranscriptMessage(id_, parent, Message(role, text, reasoning)))
    yield from (LeftOut(what, count) for what, count in left.items())
    if not messages:
        yield LeftOut("lines without messages")
        return
    canonical = json.dumps(said, sort_keys=True).encode()
    yield Transcript(
        title="",
        title_is_set=False,
        messages=tuple(messages),
        head=messages[-1].id,
        system="\n\n".join(system),
        origin=f"messages:{hashlib.sha256(canonical).hexdigest()[:32]}",
    )


def _said(
    each: object, left: Counter[str]
) -> tuple[Literal["system", "user", "assistant"] | None, str, str]:
    """Role, text and reasoning of one message; no role for one that is left out."""
    if not isinstance(each, dict):
        left["messages that are none"] += 1
        return None, "", ""
    role, text = each.get("role"), _text(each.get("content"), left)
    reasoning = each.get("reasoning_content") or each.get("reasoning")
    if role in _SYSTEM:
        return ("system" if text else None), text, ""
    if role == "user":
        return "user", text, ""
    if role == "assistant" and (text or not each.get("tool_calls")):
        return "assistant", text, reasoning if isinstance(reasoning, str) else ""
    left["calls of tools" if role == "assistant" else "messages of tools and other roles"] += 1
    return None, "", ""


def _text(content: object, left: Counter[str]) -> str:
    """A text, or the texts of a list of parts."""
    if isinstance(content, str):
        return content
    texts = []
    for part in content if isinstance(content, list) else []:
        text = part.get("text") if isinstance(part, dict) else part
        if isinstance(text, str):
            texts.append(text)
        else:
            left["images and other parts that are no text"] += 1
    return "\n".join(texts)
