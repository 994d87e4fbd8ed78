"""The part of a found text that is shown, and where the matches are in it."""

import re
import unicodedata

from g4tui.store.fold import IN_WORD, folded

LENGTH = 160
BEFORE = 40
# Beyond this many characters of a text no match is looked for: the snippet is its beginning.
SEARCHED = 200_000
FOLDED_SLOWLY = 20_000

_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")
_IN_WORD = re.compile(IN_WORD)

Ranges = tuple[tuple[int, int], ...]


def snippet(text: str, asked: list[list[str]], prefix: bool) -> tuple[str, Ranges]:
    """About `LENGTH` characters on one line around the first match, and the matches in them.

    An ellipsis stands where text was cut off. Ranges are characters of the snippet.
    """
    matches = _matches(text[:SEARCHED], asked, prefix)
    first = matches[0][0] if matches else 0
    start = _start(text, first)
    end = min(len(text), start + LENGTH)
    head, tail = "…" if start else "", "…" if end < len(text) else ""
    line = _BREAKS.sub(" ", text[start:end])
    shift = len(head) - start
    ranges = tuple(
        (begin + shift, min(stop, end) + shift)
        for begin, stop in matches
        if begin >= start and begin < end
    )
    return head + line + tail, ranges


def _start(text: str, match: int) -> int:
    """Where to begin so that `match` is seen with some words before it."""
    if match < LENGTH - BEFORE and len(text) <= LENGTH:
        return 0
    if match <= BEFORE:
        return 0
    start = match - BEFORE
    space = text.find(" ", start, match)
    return start if space < 0 else space + 1


def _matches(text: str, asked: list[list[str]], prefix: bool) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    slow: _Folded | None = None
    for number, phrase in enumerate(asked):
        pattern = _pattern(phrase, prefix and number == len(asked) - 1)
        here = [match.span() for match in pattern.finditer(text)]
        if not here and not text.isascii():
            slow = slow or _Folded(text[:FOLDED_SLOWLY])
            here = slow.spans(pattern)
        found += here
    return _merged(found)


def _pattern(phrase: list[str], prefix: bool) -> re.Pattern[str]:
    """Finds the phrase in text of the same spelling, whatever stands between its words."""
    spaced = r"[\W_]*".join(re.escape(word) for word in phrase)
    begin = f"(?<!{IN_WORD})" if _IN_WORD.match(phrase[0]) else ""
    end = f"(?!{IN_WORD})" if _IN_WORD.match(phrase[-1]) and not prefix else ""
    return re.compile(begin + spaced + end, re.IGNORECASE)


class _Folded:
    """A text folded letter by letter, each with its accents, that knows where they came from."""

    def __init__(self, text: str) -> None:
        plain: list[str] = []
        self._starts: list[int] = []
        self._ends: list[int] = []
        start = 0
        for end in range(1, len(text) + 1):
            if end < len(text) and _is_accent(text[end]):
                continue
            fold = folded(text[start:end])
            plain.append(fold)
            self._starts += [start] * len(fold)
            self._ends += [end] * len(fold)
            start = end
        self._text = "".join(plain)

    def spans(self, pattern: re.Pattern[str]) -> list[tuple[int, int]]:
        """Where `pattern` matches, in characters of the text that was given."""
        return [
            (self._starts[match.start()], self._ends[match.end() - 1])
            for match in pattern.finditer(self._text)
        ]


def _is_accent(character: str) -> bool:
    return unicodedata.combining(unicodedata.normalize("NFKD", character)[0]) != 0


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    return merged
