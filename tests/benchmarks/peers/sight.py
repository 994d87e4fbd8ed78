"""When something was first to be seen on a terminal's screen, found out afterwards.

Drawing a screen takes longer than reading its bytes; done while a program is measured it would
take the processor from it.
"""

import codecs
from collections.abc import Iterable, Sequence

import pyte

COLUMNS, ROWS = 120, 40


def first_seen(
    raw: bytes, reads: Sequence[tuple[float, int]], wanted: Iterable[str]
) -> dict[str, float]:
    """The time at which each of the texts stood on one row; those that never did are left out."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.Stream(screen)
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    waiting, seen, start = set(wanted), {}, 0
    for moment, end in reads:
        stream.feed(decode(raw[start:end]))
        start = end
        for number in screen.dirty:
            row = screen.buffer[number]
            text = "".join(row[column].data for column in range(COLUMNS))
            for found in [each for each in waiting if each in text]:
                seen[found] = moment
                waiting.remove(found)
        screen.dirty.clear()
        if not waiting:
            break
    return seen
