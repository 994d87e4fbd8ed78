"""Choosing a theme: each is shown while the cursor is on it."""

from textual import on

from g4tui.tui.screens.pick import PickRow, PickScreen
from g4tui.tui.themes import own_themes
from g4tui.tui.widgets.line_list import LineList


class ThemesScreen(PickScreen):
    """The name of the theme; Esc leaves the one that was there."""

    def __init__(self, names: list[str], current: str) -> None:
        own = [theme.name for theme in own_themes()]
        rows = [PickRow("", "Our own"), *(PickRow(name, name) for name in own)]
        rows.append(PickRow("", "Textual's"))
        rows += [PickRow(name, name) for name in sorted(names) if name not in own]
        self._before = current
        super().__init__("Theme", rows, current=current)

    @on(LineList.Moved)
    def _shown(self, event: LineList.Moved) -> None:
        if event.key is not None:
            self.app.theme = event.key

    def action_close(self) -> None:
        """As it was."""
        self.app.theme = self._before
        self.dismiss(None)
