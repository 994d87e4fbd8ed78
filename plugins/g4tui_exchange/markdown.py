"""Sessions as Markdown: the line that is shown, for people and for other programs to read."""

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO

from g4tui.plugin import Exporter, Transcript, TranscriptMessage
from g4tui.sanitize import clean, clean_line
from g4tui_exchange.lines import moment, notes, others, speaker

if TYPE_CHECKING:
    from g4tui_exchange.inert import Inert


class MarkdownExporter(Exporter):
    """A front matter, then a heading a message; what messages hold stays below it."""

    name, title, suffix = "markdown", "Markdown", ".md"

    def write(self, transcripts: Iterable[Transcript], out: BinaryIO) -> None:
        """One session after another."""
        from g4tui_exchange.inert import Inert

        inert = Inert()
        for number, transcript in enumerate(transcripts):
            if number:
                out.write(b"\n")
            for part in _parts(transcript, inert):
                out.write(part.encode() + b"\n")


def _parts(transcript: Transcript, inert: "Inert") -> Iterator[str]:
    from g4tui_exchange.inert import one_line

    line = transcript.shown_line()
    yield _front_matter(transcript)
    yield f"# {one_line(transcript.title) or 'Without a title'}"
    if transcript.system.strip():
        yield f"\n## System\n\n{inert.text(transcript.system)}"
    for message in line:
        told = ", ".join(notes(message))
        yield f"\n## {one_line(speaker(message))}{f' ({told})' if told else ''}\n"
        yield "\n\n".join(_said(message, inert))
    if told := others(transcript, line):
        yield f"\n---\n\n*{told}*"


def _front_matter(transcript: Transcript) -> str:
    """YAML, whose strings JSON's are, once nothing in them needs an escape."""
    facts = {
        "title": clean_line(transcript.title),
        "model": clean_line(transcript.model),
        "created": moment(transcript.created),
        "updated": moment(transcript.updated),
        "tags": list(transcript.tags),
    }
    lines = [
        f"{name}: {clean_line(json.dumps(value, ensure_ascii=False))}"
        for name, value in facts.items()
        if value
    ]
    return "\n".join(["---", *lines, "---", ""])


def _said(message: TranscriptMessage, inert: "Inert") -> Iterator[str]:
    from g4tui_exchange.inert import fenced, one_line

    for attachment in message.message.attachments:
        yield f"**File {one_line(attachment.name)}**\n\n{fenced(clean(attachment.text))}"
    if message.message.reasoning.strip():
        # How wide a tab is depends on where it stands, and it decides what is code.
        reasoning = inert.text(message.message.reasoning.expandtabs(4)).split("\n")
        yield "\n".join(f"> {line}".rstrip() for line in ("**Reasoning**", "", *reasoning))
    if message.message.text.strip():
        yield inert.text(message.message.text)
    if message.error is not None:
        yield f"> **{one_line(message.error.title)}** {one_line(message.error.detail)}".rstrip()
