"""What a transcript tells its screen."""

from typing import TYPE_CHECKING, Literal

from textual.message import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from g4tui.store import MessageRow
    from g4tui.tui.markdown.blocks import CodeBlock
    from g4tui.tui.widgets.entries import Entry

RowAction = Literal[
    "regenerate",
    "edit",
    "copy",
    "resume",
    "keep",
    "release",
    "back",
    "on",
    "again",
    "parts",
    "star",
    "fork",
]


class RowActed(Message):
    """A key was pressed on a message; `text` is the whole of it, raw."""

    def __init__(self, action: RowAction, row: "MessageRow", text: str) -> None:
        self.action = action
        self.row = row
        self.text = text
        super().__init__()


class PageWanted(Message):
    """The person comes near the end of what is loaded: `older` or newer messages are wanted."""

    def __init__(self, older: bool) -> None:
        self.older = older
        super().__init__()


class EndWanted(Message):
    """The person wants the newest text, which is not loaded."""


class CodeClosed(Message):
    """Code blocks are complete and can be coloured."""

    def __init__(self, entry: "Entry", code: "Sequence[CodeBlock]") -> None:
        self.entry = entry
        self.code = code
        super().__init__()
