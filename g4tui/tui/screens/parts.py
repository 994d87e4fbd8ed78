"""The parts of an answer: the whole, and its code blocks by their numbers."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual import events, on
from textual.binding import BindingType

from g4tui.tui.bindings import bindings
from g4tui.tui.screens.dialog import Dialog
from g4tui.tui.screens.pick import PickRow
from g4tui.tui.widgets.line_list import LineList
from g4tui.tui.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.widget import Widget

    from g4tui.tui.markdown.blocks import CodeBlock

SUFFIXES = {"python": "py", "bash": "sh", "shell": "sh", "javascript": "js", "typescript": "ts"}
WHOLE = "0"


class Part(NamedTuple):
    """What can be taken: `key` is the number of a code block, or that of the whole."""

    key: str
    title: str
    text: str
    file_name: str


class Choice(NamedTuple):
    """A part, to be copied or saved."""

    key: str
    save: bool


def parts_of(text: str, code: "Sequence[CodeBlock]") -> list[Part]:
    """The whole message first."""
    parts = [Part(WHOLE, "The whole message", text, "answer.md")]
    for block in code:
        language = block.language.split()[0].lower() if block.language.strip() else ""
        suffix = SUFFIXES.get(language, language if language.isalnum() else "") or "txt"
        title = f"{block.number}  {language or 'code'}"
        parts.append(Part(str(block.number), title, block.code, f"code-{block.number}.{suffix}"))
    return parts


class PartsScreen(Dialog[Choice]):
    """Enter (or the number) copies, Ctrl+S saves."""

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = ["dialog.tcss", "pick.tcss"]
    AUTO_FOCUS = "#rows"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("parts"))
    title_text = "Copy or save"

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        super().__init__()

    def body(self) -> "Iterable[Widget]":
        yield LineList[PickRow](id="rows")

    def on_mount(self) -> None:
        """List the parts, the first code block at the cursor."""
        rows = [
            PickRow(part.key, part.title, f"{_first_line(part.text)}   {_lines(part.text)}")
            for part in self._parts
        ]
        self._rows.show_rows(rows, rows[min(1, len(rows) - 1)].key)

    @property
    def _rows(self) -> LineList[PickRow]:
        return self.query_one("#rows", LineList)

    def on_key(self, event: events.Key) -> None:
        """A number copies."""
        if any(part.key == event.character for part in self._parts):
            event.stop()
            self.dismiss(Choice(str(event.character), False))

    @on(LineList.Chosen)
    def _chosen(self, event: LineList.Chosen) -> None:
        event.stop()
        self.dismiss(Choice(event.key, False))

    def action_copy(self) -> None:
        """Copy what the cursor is on."""
        self._rows.action_choose()

    def action_save(self) -> None:
        """Save what the cursor is on."""
        if self._rows.row is not None:
            self.dismiss(Choice(self._rows.row.key, True))


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:60]


def _lines(text: str) -> str:
    return counted(len(text.splitlines()), "line")
