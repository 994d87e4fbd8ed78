"""A list of one-line rows that costs the same for ten rows as for ten thousand."""

from collections.abc import Sequence
from typing import ClassVar, Generic, Protocol, TypeVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip


class Row(Protocol):
    """One line. `key` is unique among the selectable rows; a heading is not selectable."""

    @property
    def key(self) -> str: ...

    @property
    def selectable(self) -> bool: ...

    def content(self, width: int) -> Content:
        """What the line shows in `width` cells; the text must be clean already.

        Where it can be selected, its first cell is left to the list, which marks the cursor there.
        """
        ...


CURSOR = "▌"
"""Marks the row at the cursor for those who see no colours, or none of the terminal's."""
AnyRow = TypeVar("AnyRow", bound=Row)


class LineList(ScrollView, Generic[AnyRow], can_focus=True):
    """Rows with a cursor. Only the visible lines are ever rendered."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"line-list--cursor", "line-list--hover"}
    BINDINGS: ClassVar[list[BindingType]] = [
        # With priority, or a screen's Enter that has it would be first to act on quick keys.
        Binding("up", "move(-1)", "Row up", show=False, priority=True),
        Binding("down", "move(1)", "Row down", show=False, priority=True),
        Binding("pageup", "move_page(-1)", "Page up", show=False, priority=True),
        Binding("pagedown", "move_page(1)", "Page down", show=False, priority=True),
        Binding("home", "move_end(-1)", "First row", show=False, priority=True),
        Binding("end", "move_end(1)", "Last row", show=False, priority=True),
        Binding("enter", "choose", "Choose", show=False),
    ]
    DEFAULT_CSS = """
    LineList {
        height: 1fr;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        & > .line-list--cursor {
            color: $block-cursor-blurred-foreground;
            background: $block-cursor-blurred-background;
            text-style: $block-cursor-blurred-text-style;
        }
        &:focus > .line-list--cursor {
            color: $block-cursor-foreground;
            background: $block-cursor-background;
            text-style: $block-cursor-text-style;
        }
        & > .line-list--hover { background: $block-hover-background; }
    }
    """

    cursor: reactive[int] = reactive(-1)
    """The index of the chosen row; -1 when there is none."""
    hovered: reactive[int] = reactive(-1)

    class Moved(Message):
        """The cursor stands on another row, or on none."""

        def __init__(self, rows: "LineList[AnyRow]", key: str | None) -> None:
            self.rows = rows
            self.key = key
            super().__init__()

        @property
        def control(self) -> "LineList[AnyRow]":
            return self.rows  # type: ignore[return-value]

    class Chosen(Message):
        """Enter or a click on a row."""

        def __init__(self, rows: "LineList[AnyRow]", key: str) -> None:
            self.rows = rows
            self.key = key
            super().__init__()

        @property
        def control(self) -> "LineList[AnyRow]":
            return self.rows  # type: ignore[return-value]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: Sequence[AnyRow] = ()

    @property
    def rows(self) -> Sequence[AnyRow]:
        """What is listed."""
        return self._rows

    @property
    def row(self) -> AnyRow | None:
        """The row at the cursor."""
        return self._rows[self.cursor] if 0 <= self.cursor < len(self._rows) else None

    def show_rows(self, rows: Sequence[AnyRow], key: str | None = None) -> None:
        """List these rows; the cursor goes to `key`, or stays on its row, or as near as can be."""
        wanted = key if key is not None else (self.row.key if self.row else None)
        before = self.row.key if self.row else None
        place = self.cursor
        self._rows = rows
        self.virtual_size = Size(self.size.width, len(rows))
        at = next((i for i, row in enumerate(rows) if row.selectable and row.key == wanted), -1)
        if at < 0:
            at = self._nearest(max(0, min(place, len(rows) - 1)))
        self.set_reactive(LineList.cursor, at)
        self.refresh(layout=self.styles.is_auto_height)
        self._scroll_to_cursor()
        now = self.row.key if self.row else None
        if now != before:
            self.post_message(self.Moved(self, now))

    def _nearest(self, index: int) -> int:
        """The selectable row at `index`, else the next below, else the next above, else -1."""
        below = (i for i in range(index, len(self._rows)) if self._rows[i].selectable)
        above = (i for i in range(index - 1, -1, -1) if self._rows[i].selectable)
        return next(below, next(above, -1))

    def watch_cursor(self, old: int, new: int) -> None:
        """Repaint the two lines and keep the cursor in sight."""
        self.refresh_line(old)
        self.refresh_line(new)
        self._scroll_to_cursor()
        self.post_message(self.Moved(self, self.row.key if self.row else None))

    def watch_hovered(self, old: int, new: int) -> None:
        """Repaint the two lines."""
        self.refresh_line(old)
        self.refresh_line(new)

    def refresh_line(self, index: int) -> None:
        """Repaint one row."""
        if index >= 0:
            self.refresh_lines(index)

    def _scroll_to_cursor(self) -> None:
        if self.cursor < 0 or not self.is_attached or not self.size:
            return
        # The heading above the first row of a group comes into sight with it.
        top = self.cursor
        while top > 0 and not self._rows[top - 1].selectable:
            top -= 1
        height = min(self.cursor - top + 1, max(1, self.size.height))
        region = Region(0, self.cursor - height + 1, 1, height)
        self.scroll_to_region(region, animate=False, force=True, immediate=True)

    def action_move(self, step: int) -> None:
        """One row up or down, past headings."""
        places = range(self.cursor + step, len(self._rows) if step > 0 else -1, step)
        self.cursor = next((i for i in places if self._rows[i].selectable), self.cursor)

    def action_move_page(self, step: int) -> None:
        """One page up or down."""
        target = self.cursor + step * max(1, self.size.height - 1)
        self.cursor = self._nearest(max(0, min(target, len(self._rows) - 1)))

    def action_move_end(self, step: int) -> None:
        """To the first or the last row."""
        self.cursor = self._nearest(0 if step < 0 else len(self._rows) - 1)

    def action_choose(self) -> None:
        """Tell that the row at the cursor is wanted."""
        if self.row is not None:
            self.post_message(self.Chosen(self, self.row.key))

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        index = y + self.scroll_offset.y
        name = "line-list--hover" if index == self.hovered else ""
        name = "line-list--cursor" if index == self.cursor else name
        style = self.get_visual_style(name) if name else self.visual_style
        if index >= len(self._rows) or width <= 0:
            return Strip.blank(width, self.visual_style.rich_style)
        content = self._rows[index].content(width).truncate(width, ellipsis=True)
        if index == self.cursor:  # without colours, which were chosen for another background
            content = Content.assemble(CURSOR, content.without_spans[1:])
        # Not by way of `Visual`, which looks for selections, links and alignment in each line.
        parts = content.render(style, "", self.app.stylesheet.parse_style)
        segments = [Segment(text, look.rich_style) for text, look in parts]
        strip = Strip(segments, content.cell_length)
        return strip.extend_cell_length(width, style.rich_style).simplify()

    def on_resize(self) -> None:
        """The width of the rows is that of the list."""
        self.virtual_size = Size(self.size.width, len(self._rows))
        self._scroll_to_cursor()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Show what a click would choose."""
        index = event.y + self.scroll_offset.y
        inside = 0 <= index < len(self._rows) and self._rows[index].selectable
        self.hovered = index if inside else -1

    def on_leave(self) -> None:
        """The mouse is elsewhere."""
        self.hovered = -1

    def on_click(self, event: events.Click) -> None:
        """A click is the cursor and Enter."""
        index = event.y + self.scroll_offset.y
        if 0 <= index < len(self._rows) and self._rows[index].selectable:
            self.cursor = index
            self.action_choose()
