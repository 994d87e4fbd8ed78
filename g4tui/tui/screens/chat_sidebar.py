"""Where the list of sessions stands: at the left, or over a narrow screen."""

from typing import TYPE_CHECKING

from textual.containers import Vertical

if TYPE_CHECKING:
    from g4tui.tui.screens.chat_base import ChatBase

NARROW = 100
"""Below this many columns the sidebar is folded until it is asked for."""


class ChatSidebar:
    """Folds and unfolds the list."""

    def __init__(self, screen: "ChatBase") -> None:
        self._screen = screen
        self._wanted: bool | None = None
        self.widget = Vertical(id="side")

    @property
    def floats(self) -> bool:
        """Whether the list covers a part of the conversation."""
        return self._screen.app.size.width < NARROW

    def turn(self) -> bool:
        """Fold it where the person is in it, unfold it else; whether it is there now."""
        self._wanted = not (self.widget.display and self.widget.has_focus_within)
        self.show()
        return self._wanted

    def fold_floating(self) -> None:
        """Out of the way, where it covers the conversation."""
        if self.floats:
            self._wanted = None
            self.show()

    def show(self) -> None:
        """As the width and the person want it."""
        narrow = self.floats
        self.widget.display = self._wanted if self._wanted is not None else not narrow
        self._screen.set_class(narrow, "-narrow")
