"""The part of a found text that is shown, and where the matches are in it."""

import re
import unicodedata

from g4tui.store.fold import IN_WORD, folded

LENGTH = 160
BEFORE = 40
# Beyond this many characters of a text no match is looked for: the snippet is its beginning.
# Where letters and their accents stand apart, looking is slow, and ends earlier.
SEARCHED = 200_000
FOLDED_SLOWLY = 4_000

_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")
_IN_WORD = re.compile(IN_WORD)

Ranges = tuple[tuple[int, int], ...]


class Marker:
    """Cuts the snippets of one search for phrases; with `prefix` the last word may go on."""

    def __init__(self, asked: list[list[str]], prefix: bool) -> None:
        self._letters = _Letters()
        last = len(asked) - 1
        self._patterns = [
            _pattern(phrase, prefix and number == last) for number, phrase in enumerate(asked)
        ]

    def snippet(self, text: str) -> tuple[str, Ranges]:
        """About `LENGTH` characters on one line around the first match, and the matches in them.

        An ellipsis stands where text was cut off. Ranges are characters of the snippet.
        """
        matches = self._matches(text[:SEARCHED])
        start = _start(text, matches[0][0] if matches else 0)
        end = min(len(text), start + LENGTH)
        head, tail = "…" if start else "", "…" if end < len(text) else ""
        line = _BREAKS.sub(" ", text[start:end])
        shift = len(head) - start
        ranges = tuple(
            (begin + shift, min(stop, end) + shift)
            for begin, stop in matches
            if start <= begin < end
        )
        return head + line + tail, ranges

    def _matches(self, text: str) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        lower = text.lower()
        if len(lower) != len(text):  # a few letters grow, and places would shift
            lower = text
        plain: str | None = None
        slow: _Folded | None = None
        for pattern in self._patterns:
            here = _spans(pattern, lower)
            if not here and not text.isascii():
                plain = plain or text.translate(self._letters)
                here = _spans(pattern, plain)
                if not here:
                    slow = slow or _Folded(text[:FOLDED_SLOWLY])
                    here = slow.spans(pattern)
            found += here
        return _merged(found)


def _spans(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    return [match.span() for match in pattern.finditer(text)]


class _Letters(dict[int, str]):
    """For `str.translate`: letters folded one to one; those that cannot be stay as they are."""

    def __missing__(self, code: int) -> str:
        fold = folded(chr(code))
        self[code] = fold if len(fold) == 1 else chr(code)
        return self[code]


def _start(text: str, match: int) -> int:
    """Where to begin so that `match` is seen with some words before it."""
    if match < LENGTH - BEFORE and len(text) <= LENGTH:
        return 0
    if match <= BEFORE:
        return 0
    start = match - BEFORE
    space = text.find(" ", start, match)
    return start if space < 0 else space + 1


def _pattern(phrase: list[str], prefix: bool) -> re.Pattern[str]:
    """Finds the phrase in small letters, whatever stands between its words.

    What may not stand before it is looked at last: a pattern that begins with letters is quick.
    """
    first = re.escape(phrase[0])
    begin = f"{first}(?<!{IN_WORD}{first})" if _IN_WORD.match(phrase[0]) else first
    spaced = r"[\W_]*".join([begin, *map(re.escape, phrase[1:])])
    end = f"(?!{IN_WORD})" if _IN_WORD.match(phrase[-1]) and not prefix else ""
    return re.compile(spaced + end)


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
