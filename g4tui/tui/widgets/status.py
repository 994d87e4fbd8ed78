"""The bottom line: the keys that act now, and how full the model's memory is."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from g4tui.tui.widgets.key_line import KeyLine

_KEEP = (
    "screen.stop",
    "send",
    "app.help",
    "act('regenerate')",
    "act('copy')",
    "act('edit')",
    "screen.new_session",
    "app.command_palette",
    "screen.choose_model",
)


class StatusLine(Horizontal):
    """`context` is (used, limit or `None`) in tokens; `note` says what goes on, such as loading."""

    DEFAULT_CSS = """
    StatusLine {
        height: 1; background: $panel;
        KeyLine { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
        #facts { width: auto; padding: 0 1; color: $text-muted; }
    }
    """

    context: reactive[tuple[int, int | None] | None] = reactive(None)
    note: reactive[str] = reactive("")

    def __init__(self, *, id: str | None = None, keep: Sequence[str] = _KEEP) -> None:
        super().__init__(id=id)
        self._kept = keep

    def compose(self) -> ComposeResult:
        yield KeyLine(id="keys", keep=self._kept)
        yield Static("", id="facts", markup=False)

    def watch_context(self) -> None:
        """Shown at once."""
        self._show()

    def watch_note(self) -> None:
        """Shown at once."""
        self._show()

    def _show(self) -> None:
        parts: list[Content | str | tuple[str, str]] = []
        if self.note:
            parts.append((self.note, "$text-accent"))
        if self.context is not None:
            used, limit = self.context
            full = limit is not None and used > 0.8 * limit
            look = "$text-warning bold" if full else "$foreground-muted"
            parts += ["  "] if parts else []
            parts.append((f"ctx {used:,}" + (f"/{limit:,}" if limit else ""), look))
        if self.is_mounted:
            self.query_one("#facts", Static).update(Content.assemble(*parts))
