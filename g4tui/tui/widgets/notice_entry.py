"""A failure that belongs to no saved message: the library did not open, a turn was not saved."""

from g4tui.core.errors import ErrorInfo
from g4tui.tui.markdown.lines import Line, Palette
from g4tui.tui.widgets.entries import EMPTY, Entry
from g4tui.tui.widgets.error_panel import error_rows


class NoticeEntry(Entry):
    """An error panel by itself. `keys` says what helps."""

    def __init__(self, key: str, error: ErrorInfo, keys: tuple[str, ...] = ()) -> None:
        super().__init__(key)
        self._error = error
        self._keys = keys

    def lay_out(self, width: int, palette: Palette) -> list[Line]:
        """The panel with room around it."""
        return [EMPTY, *error_rows(self._error, "failed", width, palette, self._keys), EMPTY]
