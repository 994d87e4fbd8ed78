"""Text on its way to the native tokenizers, which take neither everything nor much at once."""

import re
from collections.abc import Callable, Iterable, Sequence

from g4tui_ctransformers.prompts import Segment

# The gpt families' tokenizers match a regular expression by recursion, one level a character, and
# replit's takes time with the cube of the length.
CHUNK = 256
# Words that a tokenizer makes control tokens of, wherever they stand.
CONTROL = {
    "dolly-v2": ("### End", "### Instruction:", "### Response:"),
    "starcoder": (
        "<|system|>",
        "<|user|>",
        "<|assistant|>",
        "<|end|>",
        "<fim-prefix>",
        "<fim-middle>",
        "<fim-suffix>",
        "<fim-pad>",
        "<|end_of_turn|>",
    ),
}
WHOLE = ("llama", "falcon")
"""Families whose tokenizers know no control words in text and take any length."""

Tokenize = Callable[[bytes], list[int]]


def prompt_ids(
    segments: Iterable[Segment], family: str, tokenize: Tokenize, limit: int
) -> list[int]:
    """Ids of a prompt; what somebody wrote never becomes a control token.

    Stops early, with more than `limit` ids, when there are more than that.
    """
    if family in WHOLE:
        return tokenize(encoded("".join(segment.text for segment in segments)))
    ids: list[int] = []
    for segment in segments:
        parts = [segment.text] if segment.own else apart(segment.text, CONTROL.get(family, ()))
        for part in parts:
            for chunk in chunks(encoded(part)):
                ids += tokenize(chunk)
                if len(ids) > limit:
                    return ids
    return ids


def encoded(text: str) -> bytes:
    """UTF-8 without what a C string cannot hold: a NUL becomes a replacement character."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace")


def apart(text: str, control: Sequence[str]) -> list[str]:
    """`text` in parts of which none holds a control word; joined they are `text` again."""
    if not control:
        return [text]
    parts, start = [], 0
    for match in re.finditer("|".join(map(re.escape, control)), text):
        parts.append(text[start : match.start() + 1])
        start = match.start() + 1
    return [*parts, text[start:]]


def chunks(data: bytes) -> Iterable[bytes]:
    """`data` in pieces of at most `CHUNK` bytes, cut before a space where there is one.

    No word of these vocabularies reaches over the beginning of a space, so a cut there changes no
    token; a longer run without spaces is cut anywhere.
    """
    start = 0
    while len(data) - start > CHUNK:
        cut = start + CHUNK
        while cut > start and not _begins_space(data, cut):
            cut -= 1
        if cut == start:
            cut = start + CHUNK
            while data[cut] & 0xC0 == 0x80 and cut > start + CHUNK - 4:  # not within a character
                cut -= 1
        yield data[start:cut]
        start = cut
    if start < len(data):
        yield data[start:]


def _begins_space(data: bytes, place: int) -> bool:
    return data[place : place + 1].isspace() and not data[place - 1 : place].isspace()
