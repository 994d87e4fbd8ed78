"""A scrolling column of entries, drawn row by row: no widget is made for any of them."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual import events
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.timer import Timer

from g4tui.tui.markdown.lines import Line, Palette
from g4tui.tui.widgets import looks
from g4tui.tui.widgets.entries import Entry

if TYPE_CHECKING:
    from g4tui.tui.marking import Needle

GUTTER = 2
_BARS = {"user-bar": "▎", "cursor-bar": "▌"}
_DRAWN_LIMIT = 2_000
_BAR_S = 0.2
_READABLE = 112
"""Wider lines are hard to read: text keeps this width on a wide screen."""


class RowView(ScrollView, can_focus=True):
    """Lays entries out, draws the rows that are visible, and lets the mouse select their words."""

    ALLOW_SELECT = True

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._entries: list[Entry] = []
        self._tops: list[int] = []  # the first row of each entry
        self._height = 0
        self._width = 0
        self._palette: Palette | None = None
        self._ground: RichStyle | None = None
        self._drawn: dict[int, tuple[Line, str, int, Strip]] = {}
        self.needle: Needle | None = None
        self._bar_timer: Timer | None = None

    @property
    def entries(self) -> Sequence[Entry]:
        """What is loaded, top to bottom."""
        return self._entries

    def index_of(self, key: str | None) -> int | None:
        """Where the entry with this key is."""
        return next((i for i, entry in enumerate(self._entries) if entry.key == key), None)

    def entry(self, key: str) -> Entry | None:
        """The entry with this key, if it is loaded."""
        index = self.index_of(key)
        return None if index is None else self._entries[index]

    @property
    def plain(self) -> str:
        """Everything that is loaded, as it is drawn."""
        return "\n".join(row.text for entry in self._entries for row in self.rows_of(entry))

    # layout

    @property
    def palette(self) -> Palette:
        """The looks in the current theme."""
        if self._palette is None:
            self._palette = Palette(lambda role: looks.resolve(self, role), 0)
        return self._palette

    @property
    def ground(self) -> RichStyle:
        """The colours under everything: a theme's, whatever the terminal's own are."""
        if self._ground is None:
            self._ground = self.rich_style
        return self._ground

    @property
    def text_width(self) -> int:
        """Cells that an entry may take."""
        return max(16, min(_READABLE, self._width - GUTTER - 1))

    def rows_of(self, entry: Entry) -> list[Line]:
        """An entry's rows at the current width."""
        return entry.rows(self.text_width, self.palette)

    def on_mount(self) -> None:
        """Colours change with the theme."""
        self.app.theme_changed_signal.subscribe(self, self._theme_changed)

    def _theme_changed(self, theme: object) -> None:
        self._palette = Palette(lambda role: looks.resolve(self, role), self.palette.version + 1)
        self._ground = None
        self._drawn.clear()
        self.lay_out()
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        """Wrap for the new width; the row on top stays on top."""
        width = self.scrollable_content_region.width
        if width == self._width:
            self.settle()
            return
        y = self.scroll_offset.y
        anchor = max(0, bisect_right(self._tops, y) - 1)
        offset = y - self._tops[anchor] if self._tops else 0
        self._width = width
        self.lay_out()
        if anchor < len(self._tops):
            self.stay_at(self._tops[anchor] + offset)
        self.settle()

    def stay_at(self, y: int) -> None:
        """What was on top before the width changed is in row `y` now."""
        self.go_to(y)

    def lay_out(self) -> None:
        """Find every entry's place."""
        if not self._width:
            return
        self._tops = []
        height = 0
        for entry in self._entries:
            self._tops.append(height)
            height += len(self.rows_of(entry))
        self._height = height
        self.virtual_size = Size(self._width, height)

    def relay(self, index: int, before: Sequence[Line]) -> None:
        """Entry `index` grew from the rows `before`: move the rest, repaint what changed."""
        rows = self.rows_of(self._entries[index])
        same = 0
        for old, new in zip(before, rows, strict=False):
            # Rows of an open paragraph are made anew with each word. What looks the same stays:
            # each row that is painted is some hundred bytes, for every token, through an ssh.
            if old is not new and old != new:
                break
            same += 1
        first = self._tops[index] + same
        shift = len(rows) - len(before)
        if shift:
            for below in range(index + 1, len(self._tops)):
                self._tops[below] += shift
            self._height += shift
            self._resized()
        self.refresh_lines(first, max(1, self._height - first + max(0, -shift)))

    def _resized(self) -> None:
        """The height is another now. Where the scroll bar stays, so does all else on the screen.

        The bar costs as much to draw as the text: at the end of what grows it follows now and then.
        """
        size = Size(self._width, self._height)
        if not self.show_vertical_scrollbar or self._height <= self.container_size.height:
            self.virtual_size = size
            return
        self.set_reactive(RowView.virtual_size, size)  # no layout
        if self._bar_timer is None:
            self._bar_timer = self.set_timer(_BAR_S, self._move_bar)

    def _move_bar(self) -> None:
        if self._bar_timer is not None:
            self._bar_timer.stop()
            self._bar_timer = None
        if self.show_vertical_scrollbar:
            bar = self.vertical_scrollbar
            bar.window_virtual_size, bar.position = self._height, self.scroll_y

    def watch_show_vertical_scrollbar(self) -> None:
        """It comes after what it shows."""
        self._move_bar()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Draw what is in view now, and the bar with it."""
        if self._bar_timer is None or new_value < self.max_scroll_y:
            self._move_bar()
        if round(old_value) != round(new_value):
            self.refresh(self.size.region)

    def settle(self) -> None:
        """Called when the height may have changed: the place to scroll."""

    def go_to(self, y: int) -> None:
        """Scroll so that row `y` is on top."""
        self.scroll_to(y=y, animate=False, immediate=True, force=True)

    # drawing

    def render_lines(self, crop: Region) -> list[Strip]:
        """Rows without Textual's border and padding, of which there are none here.

        A row that has not changed is the same object again, so Textual's own caches of its parts
        hold; put together with a border it would be new each time.
        """
        if self.hover_style.link_id:
            return super().render_lines(crop)
        strips = [self.render_line(y) for y in crop.line_range]
        _, background = self.background_colors
        for each in self.get_line_filters():
            strips = [strip.apply_filter(each, background) for strip in strips]
        return [strip.crop(*crop.column_span) for strip in strips]

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        row_number = self.scroll_offset.y + y
        width = self.size.width
        if not self._tops or row_number >= self._height:
            return self.decorate(Strip.blank(width, self.ground), y)
        index = bisect_right(self._tops, row_number) - 1
        row = self.rows_of(self._entries[index])[row_number - self._tops[index]]
        bar = self.bar(index, row)
        selection = self.text_selection
        span = selection.get_span(row_number) if selection is not None else None
        if span is not None:
            return self.decorate(self._composed(row, bar, row_number, span), y)
        # the same object again lets Textual reuse what it made of it
        drawn = self._drawn.get(row_number)
        if drawn is None or drawn[0] is not row or drawn[1:3] != (bar, width):
            if len(self._drawn) >= _DRAWN_LIMIT:
                self._drawn.clear()
            drawn = (row, bar, width, self._composed(row, bar, row_number, None))
            self._drawn[row_number] = drawn
        return self.decorate(drawn[3], y)

    def _composed(
        self, row: Line, bar: str, row_number: int, span: tuple[int, int] | None
    ) -> Strip:
        strip = row.strip
        if self.needle is not None:
            found = self.palette.style("found").rich_style
            for start, end in self.needle.spans(row.text):
                strip = _painted(strip, start, end, found)
        if span is not None:
            strip = self._with_selection(strip, row, span)
        # Last, so that each part that was painted tells where it is: the mouse goes by it.
        strip = strip.apply_offsets(0, row_number)
        style = self.palette.style(bar).rich_style
        gutter = Segment(_BARS.get(bar, " ").ljust(GUTTER), style)
        return Strip([gutter, *strip]).adjust_cell_length(self.size.width).apply_style(self.ground)

    def bar(self, index: int, row: Line) -> str:
        """The role of the bar left of a row of entry `index`; empty: none."""
        return ""

    def decorate(self, strip: Strip, y: int) -> Strip:
        """A last touch on screen row `y`."""
        return strip

    # selection with the mouse

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected words: decoration left out, wrapped lines joined again."""
        parts: list[str] = []
        first = 0 if selection.start is None else max(0, selection.start.y)
        last = self._height - 1 if selection.end is None else min(selection.end.y, self._height - 1)
        for row_number in range(first, last + 1):
            span = selection.get_span(row_number)
            row = self._row(row_number)
            if span is None or row is None:
                continue
            start, end = span
            end = len(row.text) if end == -1 else end
            if parts:
                parts.append(row.join)
            parts.append(row.text[max(start, row.gutter) : end].rstrip())
        text = "".join(parts).strip("\n")
        return (text, "\n") if text else None

    def selection_updated(self, selection: Selection | None) -> None:
        """The selection moved."""
        self.refresh()

    def _row(self, row_number: int) -> Line | None:
        index = bisect_right(self._tops, row_number) - 1
        if index < 0:
            return None
        rows = self.rows_of(self._entries[index])
        offset = row_number - self._tops[index]
        return rows[offset] if offset < len(rows) else None

    def _with_selection(self, strip: Strip, row: Line, span: tuple[int, int]) -> Strip:
        start, end = span
        start = max(start, row.gutter)
        end = len(row.text) if end == -1 else min(end, len(row.text))
        style = self.screen.get_visual_style("screen--selection").rich_style
        return _painted(strip, start, end, style)

    def forget_drawn(self) -> None:
        """Draw every row anew."""
        self._drawn.clear()
        self.refresh()


def _painted(strip: Strip, start: int, end: int, style: RichStyle) -> Strip:
    """The strip with its characters `start` to `end` in a style over their own."""
    segments: list[Segment] = []
    position = 0
    for text, old, _ in strip:
        inside = [min(max(at - position, 0), len(text)) for at in (start, end)]
        for left, right, chosen in (
            (0, inside[0], False),
            (inside[0], inside[1], True),
            (inside[1], len(text), False),
        ):
            if right > left:
                painted = (old or RichStyle.null()) + style if chosen else old
                segments.append(Segment(text[left:right], painted))
        position += len(text)
    return Strip(segments, strip.cell_length)
