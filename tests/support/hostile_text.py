"""Texts that a stranger wrote, and which characters of them may reach no terminal."""

import unicodedata

from hypothesis import strategies as st

ANY_TEXT = st.text(st.characters(exclude_categories=()))
"""Every code point, lone surrogates too."""

HOSTILE = st.text(
    st.sampled_from(
        "\x00\x07\x08\t\n\r\x1b[]2J;mPX\\\x7f\x85\x90\x9b\x9c\x9d"
        "\u200b\u200e\u202e\u2028\u2066\u2069\ufeff\ud83d\U000e0041\xe9\U0001f3f4"
    )
)


def forbidden(character: str) -> bool:
    """Whether a terminal would obey it, or hide behind it; written apart from the table."""
    code = ord(character)
    category = unicodedata.category(character)
    return (
        (category == "Cc" and character not in "\n\t")
        or category in ("Cs", "Zl", "Zp")
        or unicodedata.bidirectional(character) in {"LRE", "RLE", "LRO", "RLO", "PDF"}
        or unicodedata.bidirectional(character) in {"LRI", "RLI", "FSI", "PDI"}
        or code in (0x061C, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF)
        or 0xE0000 <= code <= 0xE007F
        or 0xFFF9 <= code <= 0xFFFB
    )
