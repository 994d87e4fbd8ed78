"""The part of a found text that is shown, and where the matches are in it."""

import re

from g4tui.store.fold import folded

LENGTH = 160
BEFORE = 40
# Beyond this many characters of a text no match is looked for: the snippet is its beginning.
SEARCHED = 200_000
FOLDED_SLOWLY = 20_000

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
    line = re.sub(r"[\r\n\t\v\f\x85\u2028\u2029]", " ", text[start:end])
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
    patterns = [
        _pattern(phrase, prefix and number == len(asked) - 1) for number, phrase in enumerate(asked)
    ]
    found: list[tuple[int, int]] = []
    mapped: tuple[str, list[int]] | None = None
    for pattern in patterns:
        here = [match.span() for match in pattern.finditer(text)]
        if not here and not text.isascii():
            mapped = mapped or _mapped(text[:FOLDED_SLOWLY])
            plain, origins = mapped
            here = [
                (origins[match.start()], origins[match.end() - 1] + 1)
                for match in pattern.finditer(plain)
            ]
        found += here
    return _merged(found)


def _pattern(phrase: list[str], prefix: bool) -> re.Pattern[str]:
    """Finds the phrase in raw text of the same spelling, whatever stands between its words."""
    spaced = r"[\W_]*".join(re.escape(word) for word in phrase)
    begin = r"(?<![^\W_])" if phrase[0].isascii() else ""
    end = r"(?![^\W_])" if phrase[-1].isascii() and not prefix else ""
    return re.compile(begin + spaced + end, re.IGNORECASE)


def _mapped(text: str) -> tuple[str, list[int]]:
    """`text` folded character by character, and which character each of it came from."""
    plain: list[str] = []
    origins: list[int] = []
    for place, character in enumerate(text):
        fold = folded(character)
        plain.append(fold)
        origins += [place] * len(fold)
    return "".join(plain), origins


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    return merged
