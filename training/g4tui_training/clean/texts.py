"""Texts in the forms in which rules compare them."""

import re
import unicodedata

# Scripts without spaces: a character counts as a word.
_ALONE = "\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_ALONE}]|[^\W_{_ALONE}]+")
_ASCII_WORDS = "".join(chr(code).lower() if chr(code).isalnum() else " " for code in range(128))


def normal(text: str) -> str:
    """`text` without what case, spacing and the like forms of a character change.

    Punctuation stays: two programs may differ in nothing else.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def words(text: str) -> list[str]:
    """The words of a text, in lower case; a CJK character is one."""
    if text.isascii():
        return text.translate(_ASCII_WORDS).split()
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def word_count(text: str) -> int:
    """How many words a text has."""
    return len(words(text))


def quoted(text: str, limit: int = 80) -> str:
    """The beginning of a text for evidence, on one line."""
    line = " ".join(text[: 2 * limit].split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
