"""What a transcript holds: entries that turn themselves into rows. No widget is made for any."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.strip import Strip

from g4tui.sanitize import clean_line
from g4tui.tui.markdown.lines import Line, Palette

if TYPE_CHECKING:
    from g4tui.tui.markdown.blocks import CodeBlock

EMPTY = Line(Strip([], 0), "")
WAY = "Esc, then "
BETWEEN = Line(Strip([], 0), "")
"""The blank row below a message, which is no part of it: no bar stands there."""


class Entry:
    """One thing in a transcript. `rows` are computed once for a width and a palette.

    `mark` is the role of the bar at its left; `selectable`: the cursor may stand on it, which is so
    for messages alone. The rest of what a message can do does nothing here.
    """

    selectable = False
    mark = ""
    streaming = False
    way = WAY

    def __init__(self, key: str) -> None:
        self.key = key
        self._laid: tuple[int, int, list[Line]] | None = None

    def rows(self, width: int, palette: Palette) -> list[Line]:
        """Everything to draw, at most `width` cells wide."""
        if self._laid is None or self._laid[:2] != (width, palette.version):
            self._laid = (width, palette.version, self.lay_out(width, palette))
        return self._laid[2]

    def touch(self) -> None:
        """Something changed: lay out again when next drawn."""
        self._laid = None

    def lay_out(self, width: int, palette: Palette) -> list[Line]:
        """The rows, from scratch."""
        raise NotImplementedError

    @property
    def offers_keys(self) -> bool:
        """Whether it names keys that act on it."""
        return False

    def grow(self) -> None:
        """Take in what streamed."""

    def code_to_colour(self) -> "list[CodeBlock]":
        """Code blocks that can be coloured now."""
        return []

    @property
    def text(self) -> str:
        """What copying gives, raw."""
        return ""


class RuleEntry(Entry):
    """A line across with words in it, such as where the model's memory begins."""

    def __init__(self, key: str, words: str, role: str = "note") -> None:
        super().__init__(key)
        self._words = words
        self._role = role

    def lay_out(self, width: int, palette: Palette) -> list[Line]:
        """`──── words ────`, a blank row above."""
        words = f" {clean_line(self._words)} "
        fill = max(2, width - cell_len(words))
        rule = palette.style("rule").rich_style
        segments = [
            Segment("─" * min(4, fill // 2), rule),
            Segment(words, palette.style(self._role).rich_style),
            Segment("─" * max(0, fill - min(4, fill // 2)), rule),
        ]
        return [EMPTY, Line(Strip(segments).crop(0, width), words)]


class PagesEntry(Entry):
    """Stands for messages that are not loaded."""

    def __init__(self, key: str, words: str) -> None:
        super().__init__(key)
        self._words = words

    def lay_out(self, width: int, palette: Palette) -> list[Line]:
        """One dim row."""
        words = clean_line(self._words)
        return [text_line(words, palette, "note", width), EMPTY]


class WelcomeEntry(Entry):
    """What an empty chat shows: a title and a few lines, each with its role."""

    def __init__(self, lines: Sequence[tuple[str, str]]) -> None:
        super().__init__("welcome")
        self._lines = lines

    def lay_out(self, width: int, palette: Palette) -> list[Line]:
        """The lines, two rows from the top."""
        return [EMPTY, EMPTY] + [
            text_line(clean_line(words), palette, role, width) for words, role in self._lines
        ]


def text_line(words: str, palette: Palette, role: str, width: int) -> Line:
    """One row of clean text, cut to the width."""
    shown = words if cell_len(words) <= width else set_cell_size(words, max(0, width - 1)) + "…"
    return Line(Strip([Segment(shown, palette.style(role).rich_style)]), shown)


def two_sided(
    left: Sequence[tuple[str, str]], right: Sequence[tuple[str, str]], width: int, palette: Palette
) -> Line:
    """Parts (words, role) at both ends of one row; the left end is cut where they would meet."""
    right_width = sum(cell_len(words) for words, _ in right)
    room = max(8, width - right_width - 2)
    segments: list[Segment] = []
    used = 0
    for words, role in left:
        shown = words
        if used + cell_len(words) > room:
            shown = set_cell_size(words, max(0, room - used - 1)) + "…"
        segments.append(Segment(shown, palette.style(role).rich_style))
        used += cell_len(shown)
        if used >= room:
            break
    text = "".join(segment.text for segment in segments)
    if used + right_width + 1 <= width:
        segments.append(palette.blank(width - used - right_width))
        text += " " * (width - used - right_width)
        for words, role in right:
            segments.append(Segment(words, palette.style(role).rich_style))
            text += words
    return Line(Strip(segments), text)
