"""What the transcript draws: lines, and the palette that colours them."""

from collections.abc import Callable
from typing import NamedTuple

from rich.segment import Segment
from textual.content import Content
from textual.strip import Strip
from textual.style import Style


class Line(NamedTuple):
    """One row. `gutter` characters at its left and `tail` at its right are decoration.

    `join` is what stands between the row above and this one in the source: a newline, or, where a
    long line was wrapped, what the wrap swallowed (a space, or nothing).
    """

    strip: Strip
    text: str
    gutter: int = 0
    join: str = "\n"

    @property
    def words(self) -> str:
        """The text without its decoration: what a selection copies."""
        return self.text[self.gutter :].rstrip()


class Palette:
    """Names of looks ("strong", "code", "$text-accent") as styles of the current theme.

    Two palettes with the same `version` give the same styles.
    """

    def __init__(self, resolve: Callable[[str], Style], version: int) -> None:
        self._resolve = resolve
        self._styles: dict[str, Style] = {"": Style.null()}
        self.version = version

    def style(self, role: str | Style) -> Style:
        """The style of a role; a style is itself."""
        if isinstance(role, Style):
            return role
        style = self._styles.get(role)
        if style is None:
            style = self._styles[role] = self._resolve(role)
        return style

    def segments(self, content: Content, role: str = "") -> list[Segment]:
        """`content` painted over the style of `role`."""
        base = self.style(role)
        return [
            Segment(text, (base + style).rich_style)
            for text, style in content.render(base, "", parse_style=self.style)
        ]

    def blank(self, width: int, role: str = "") -> Segment:
        """`width` cells of nothing in the style of `role`."""
        return Segment(" " * max(0, width), self.style(role).rich_style)


def wrapped(content: Content, width: int, *, fold: bool = False) -> list[tuple[Content, str]]:
    """`content` cut to `width` cells: each row with its `join`.

    With `fold` rows are cut anywhere (code), else between words.
    """
    rows: list[tuple[Content, str]] = []
    width = max(2, width)
    for line in content.split("\n", allow_blank=True):
        line = line.expand_tabs(4)
        if line.cell_length <= width:
            rows.append((line, "\n"))
            continue
        if fold:
            pieces = line.fold(width)
            rows += [(piece, "" if index else "\n") for index, piece in enumerate(pieces)]
            continue
        plain, position, join = line.plain, 0, "\n"
        for piece in line.wrap(width):
            rows.append((piece, join))
            position += len(piece.plain)
            rest = plain[position:]
            swallowed = len(rest) - len(rest.lstrip(" "))
            join = " " * min(1, swallowed)
            position += swallowed
    return rows
