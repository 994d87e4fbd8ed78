"""Text as it is searched: words folded, CJK characters and emoji each a word of their own.

The index is made of folded words with spaces between them and read by FTS5's `ascii` tokenizer,
which splits nothing but ASCII: what a word is, is decided here alone, for texts and queries alike.
"""

import re
import unicodedata

# Scripts that write words without spaces (Thai to Khmer, kana, Han) or glue endings to them
# (Hangul): each character is a word, and a word of a query is a phrase of them.
SINGLE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u1aaf\u3005-\u3007\u3021-\u3029\u3031-\u3035"
    "\u3040-\u312f\u3130-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f"
    "\uaa60-\uaadf\uac00-\ud7ff\uf900-\ufaff\U0001aff0-\U0001b16f\U00020000-\U0003ffff"
)
# Left out wherever they stand: accents, vowel points that are written or not, joiners, selectors.
DROPPED = (
    "\u00ad\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u200c\u200d\u2060\u20d0-\u20f0\ufe00-\ufe0f\ufe20-\ufe2f\ufeff"
    "\U000e0000-\U000e01ef"
)
# Between words: ASCII's and other punctuation. Every other character, an emoji say, is a word.
BETWEEN = r"\x00-\x7f\x80-\xa1\xa7\xab\xb6\xb7\xbb\xbf\u2000-\u206f\u3000-\u303f\ud800-\udfff\s"

# Letters that Unicode does not take apart, and that people type without their stroke or dot.
STROKES = (("ı", "i"), ("ł", "l"), ("ø", "o"), ("đ", "d"))
# One character of a word that is longer than one character.
IN_WORD = rf"[^\W_{SINGLE}]"

_DROPPED = re.compile(f"[{DROPPED}]+")
_WORD = re.compile(rf"[{SINGLE}]|{IN_WORD}+|[^\w{BETWEEN}]")


def folded(text: str) -> str:
    """`text` without case, accents and compatibility forms; punctuation stays."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text).casefold()
    # Casefolding may undo the decomposition; composing again keeps kana and Hangul whole.
    plain = unicodedata.normalize("NFKD", plain)
    plain = unicodedata.normalize("NFC", _DROPPED.sub("", plain))
    for letter, typed in STROKES:
        plain = plain.replace(letter, typed)
    return plain


def words(text: str) -> list[str]:
    """The words of `text`, folded, in order."""
    return _WORD.findall(folded(text))


def indexed(text: str) -> str:
    """What the index holds for `text`: its words with spaces between them."""
    return " ".join(words(text))


def phrases(query: str) -> list[list[str]]:
    """What a query asks for: every phrase must be found; each is a list of adjacent words.

    A phrase is what stands in double quotes (the last may stay open), or has no space in it.
    """
    found = []
    for number, part in enumerate(query.split('"')):
        pieces = [part] if number % 2 else part.split()
        found += [phrase for piece in pieces if (phrase := words(piece))]
    return found


def fts_query(asked: list[list[str]], prefix: bool) -> str:
    """FTS5's query for `phrases`; with `prefix` the last word may go on. Nothing in it is syntax.

    Folded words hold no quotes, so quoting makes each phrase a plain FTS5 string.
    """
    quoted = [f'"{" ".join(phrase)}"' for phrase in asked]
    return " ".join(quoted) + ("*" if prefix and quoted else "")
