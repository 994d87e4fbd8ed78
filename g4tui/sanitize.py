"""Untrusted text made safe to show: a stateless table before every sink.

A terminal obeys control characters, and a reader believes what bidirectional overrides and
invisible characters make of a text. Each character is replaced by itself, whatever stands beside
it, so cleaning a stream chunk by chunk gives the same as cleaning it whole, and no unterminated
escape sequence can swallow what follows.

- C0 and DEL become their Control Pictures (ESC shows as ␛); newline and tab stay.
- `\\r` is dropped, so that `\\r\\n`, whole or split over two chunks, is one newline.
- NEL, LINE SEPARATOR and PARAGRAPH SEPARATOR become newlines, which they are.
- ZERO WIDTH SPACE, WORD JOINER, the invisible operators and the byte order mark are dropped:
  Khmer and Thai use the first between words, where a visible sign would spoil the text.
- ZWJ and ZWNJ stay, emoji and Persian need them; variation selectors too.
- Everything else that hides or reorders (C1, bidi controls, tag characters, lone surrogates,
  interlinear annotation, deprecated format characters, noncharacters) becomes U+FFFD. Tag
  characters also spell three flags (England, Scotland, Wales), which show as a black flag followed
  by such signs: without state they cannot be told from hidden instructions.
"""

from typing import Final

_UNSHOWABLE: Final = "\N{REPLACEMENT CHARACTER}"


def _table() -> dict[int, str]:
    table = {code: chr(0x2400 + code) for code in range(0x20)}
    table[0x7F] = "\N{SYMBOL FOR DELETE}"
    hidden = [
        range(0x80, 0xA0),  # C1
        (0x061C, 0x200E, 0x200F),  # bidi marks
        range(0x202A, 0x202F),  # bidi embeddings and overrides
        range(0x2065, 0x2070),  # bidi isolates, deprecated format characters
        range(0xD800, 0xE000),  # lone surrogates: no terminal or file can take them
        range(0xFDD0, 0xFDF0),  # noncharacters
        range(0xFFF0, 0xFFFC),  # interlinear annotation
        (plane + last for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF)),
        range(0x1D173, 0x1D17B),  # invisible musical format
        range(0xE0000, 0xE0100),  # tags
    ]
    table.update((code, _UNSHOWABLE) for codes in hidden for code in codes)
    dropped = (0x0D, 0x200B, 0x2060, 0x2061, 0x2062, 0x2063, 0x2064, 0xFEFF)
    table.update((code, "") for code in dropped)
    table.update((code, "\n") for code in (0x85, 0x2028, 0x2029))
    del table[0x09], table[0x0A]
    return table


_TABLE: Final = _table()
_LINE_TABLE: Final = {
    **{code: " " if new == "\n" else new for code, new in _TABLE.items()},
    0x09: " ",
    0x0A: " ",
}


def clean(text: str) -> str:
    """`text` with everything that a terminal would obey or a reader cannot see made visible."""
    return text.translate(_TABLE)


def clean_line(text: str) -> str:
    """`text` cleaned, on one line: each newline and tab becomes a space."""
    return text.translate(_LINE_TABLE)
