"""What ChatGPT exports: `conversations.json`, its numbered parts, or the zip with them.

OpenAI publishes no description. This follows what exports of 2023 to 2026 hold: each conversation
has a `mapping` of nodes with `parent`, `children` and a `message`, and a `current_node`.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from g4tui.plugin import Importer, LeftOut, Transcript
from g4tui_exchange.archive import MAGIC, bad_zip, files_in
from g4tui_exchange.chatgpt_tree import messages_of, seconds, text_of
from g4tui_exchange.elements import START, Stream, objects
from g4tui_exchange.trees import TITLE_LENGTH

_LOOKED_AT = 256 * 1024
_MARK = re.compile(START + rb'.*"mapping"\s*:\s*\{', re.DOTALL)
# What ChatGPT calls a conversation before it has found a title.
_UNTITLED = "new chat"
_FILE = re.compile(r"conversations(-\d+)?\.json")


class ChatGptImporter(Importer):
    """Branches stay branches; what is hidden in ChatGPT, and what tools said, is left out."""

    name, title = "chatgpt", "ChatGPT's export (zip or conversations.json)"

    def recognises(self, file: BinaryIO) -> bool:
        """By a zip's names, or the first conversation's tree."""
        start = file.read(_LOOKED_AT)
        if not start.startswith(MAGIC):
            return _MARK.match(start) is not None
        return next(files_in(file, _FILE), None) is not None

    def read(self, file: BinaryIO) -> Iterator[Transcript | LeftOut]:
        """Conversation by conversation."""
        start = file.read(len(MAGIC))
        file.seek(0)
        if start != MAGIC:
            yield from _conversations(file)
            return
        found = False
        for _, stream in files_in(file, _FILE):
            found = True
            yield from _conversations(stream)
        if not found:
            raise bad_zip("There is no conversations.json in it.")


def _conversations(stream: Stream) -> Iterator[Transcript | LeftOut]:
    for found in objects(stream):
        if isinstance(found, LeftOut):
            yield found
        else:
            yield from _conversation(found)


def _conversation(found: dict[str, object]) -> Iterator[Transcript | LeftOut]:
    mapping = found.get("mapping")
    title = text_of(found.get("title"))[:TITLE_LENGTH]
    if title.strip().lower() == _UNTITLED:
        title = ""
    if not isinstance(mapping, Mapping):
        yield LeftOut("parts that are no conversations", example=title[:60])
        return
    left: Counter[str] = Counter()
    model = text_of(found.get("default_model_slug"))[:100]
    messages, head = messages_of(mapping, text_of(found.get("current_node")), model, left)
    yield from (LeftOut(what, count, title[:60]) for what, count in left.items())
    if not messages:
        yield LeftOut("conversations in which nothing was said", example=title[:60])
        return
    id_ = text_of(found.get("conversation_id")) or text_of(found.get("id")) or messages[0].id
    yield Transcript(
        title=title,
        title_is_set=bool(title.strip()),
        messages=messages,
        head=head,
        created=seconds(found.get("create_time")),
        updated=seconds(found.get("update_time")),
        origin=f"chatgpt:{id_:.100}",
        archived=found.get("is_archived") is True,
        pinned=found.get("is_starred") is True,
    )
