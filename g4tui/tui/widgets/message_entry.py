"""One message of a transcript, as it streams and as it was saved."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.content import Content
from textual.strip import Strip

from g4tui.sanitize import clean, clean_line
from g4tui.tui import words
from g4tui.tui.markdown.blocks import Block, CodeBlock, plain_blocks
from g4tui.tui.markdown.document import Document
from g4tui.tui.markdown.layout import document_lines
from g4tui.tui.markdown.lines import Line, Palette, wrapped
from g4tui.tui.widgets.entries import BETWEEN, EMPTY, Entry, text_line, two_sided
from g4tui.tui.widgets.error_panel import error_rows, split_log

if TYPE_CHECKING:
    from g4tui.core.events import Progress
    from g4tui.store import MessageRow

SHOWN_LIMIT = 200_000
"""Characters of one message that are drawn; the rest is counted, kept and copied."""


class MessageEntry(Entry):
    """A message with its head, thinking, text, and what became of it.

    Prepared off the UI's loop (`prepare` parses), drawn on it. While an answer streams, `add_text`
    and `add_thinking` take its deltas and `progress` says what happens before the first.
    `way`: how to get to where single keys act on it, before the hints; empty where they do now.
    """

    selectable = True

    def __init__(self, row: "MessageRow") -> None:
        super().__init__(row.id)
        self.row = row
        self.streaming = row.state == "streaming"
        self.is_elsewhere = False
        """Whether another g4tui, or screen, writes it: it is not heard here how it goes on."""
        self.may_continue: Callable[[str], bool] = lambda model: True
        """Whether a model may go on with a part of an answer."""
        self.progress: Progress | None = None
        self.thinking_open = False
        self.log_open = False
        self.started = datetime.now()
        self._document = Document()
        self._thinking = row.message.reasoning
        self._blocks: list[Block] | None = None
        self._fed = 0
        self._raw: list[str] = []

    @property
    def mark(self) -> str:  # type: ignore[override]
        """A person's messages have a bar."""
        return "user-bar" if self.row.message.role == "user" else ""

    @property
    def text(self) -> str:
        """The whole message, raw."""
        return "".join(self._raw) if self._raw else self.row.message.text

    @property
    def is_answer(self) -> bool:
        """Whether a model wrote it."""
        return self.row.message.role == "assistant"

    @property
    def code(self) -> list[CodeBlock]:
        """Its code blocks."""
        return [block for block in self._blocks or [] if isinstance(block, CodeBlock)]

    @property
    def offers_keys(self) -> bool:
        """Whether what became of it names keys."""
        row = self.row
        ended = row.state in ("stopped", "interrupted") or row.finish_reason == "length"
        return not self.streaming and (row.error is not None or ended)

    @property
    def has_words(self) -> bool:
        """Whether anything of the answer is drawn, thinking too."""
        return bool(self._blocks or self._thinking)

    def prepare(self) -> "MessageEntry":
        """Parse the saved text; slow for long ones, and safe in another thread."""
        text = self.row.message.text[:SHOWN_LIMIT]
        if self.is_answer:
            self._feed(text)
            if self.streaming:
                self._document.update()
            else:
                self._document.finish()
            self._blocks = self._document.blocks
        else:
            self._blocks = plain_blocks(text)
        if self.streaming:
            self._raw = [self.row.message.text]
        return self

    def add_text(self, text: str) -> None:
        """More of the answer."""
        if not self._raw:
            self._raw = [self.row.message.text]
        self._raw.append(text)
        self.progress = None
        self._feed(text)

    def add_thinking(self, text: str) -> None:
        """More of the thinking."""
        self.progress = None
        self._thinking += text

    def grow(self) -> None:
        """Take in what was added; called a few times a second."""
        self._document.update()
        self._blocks = self._document.blocks
        self.touch()

    def finished(self, row: "MessageRow") -> None:
        """The answer as it was saved; the text is what streamed."""
        streamed = self.text
        self.row = row
        self.streaming = False
        self.progress = None
        self._thinking = row.message.reasoning
        if row.message.text != streamed:  # what was saved is the truth
            self._document = Document()
            self._fed = 0
            self._feed(row.message.text)
        self._raw = []
        self._document.finish()
        self._blocks = self._document.blocks
        self.touch()

    def code_to_colour(self) -> list[CodeBlock]:
        """Finished code blocks that nobody has asked colours for; the caller does."""
        closed = (self._blocks or [])[: self._document.closed if self.streaming else None]
        found = [
            block
            for block in closed
            if isinstance(block, CodeBlock) and block.language and not block.asked
        ]
        for block in found:
            block.asked = True
        return found

    def toggle_thinking(self) -> bool:
        """Fold or unfold the thinking; whether there is any."""
        if not self._thinking:
            return False
        self.thinking_open = not self.thinking_open
        self.touch()
        return True

    def toggle_log(self) -> bool:
        """Fold or unfold the log of a worker that failed; whether there are any."""
        if self.row.error is None or not split_log(self.row.error)[1]:
            return False
        self.log_open = not self.log_open
        self.touch()
        return True

    def lay_out(self, width: int, palette: Palette) -> list[Line]:
        """All rows, with a blank one below."""
        if self._blocks is None:
            self.prepare()
        rows = [self._head(width, palette)]
        rows += self._attachments(width, palette)
        rows += self._thinking_rows(width, palette)
        rows += document_lines(self._blocks or [], width, palette)
        hidden = len(self.row.message.text) - SHOWN_LIMIT
        if hidden > 0:
            note = f"… {hidden:,} more characters are not shown; y copies them all"
            rows.append(text_line(note, palette, "note", width))
        rows += self._state_rows(width, palette)
        rows.append(BETWEEN)
        return rows

    def _feed(self, text: str) -> None:
        room = SHOWN_LIMIT - self._fed
        if room > 0:
            self._document.feed(text[:room])
        self._fed += len(text)

    def _head(self, width: int, palette: Palette) -> Line:
        row = self.row
        right = [("★", "star")] if row.starred else []
        if row.siblings > 1:
            right.append((f"< {row.position}/{row.siblings} >", "siblings"))
        if not self.is_answer:
            right.append((words.clock(row.created, datetime.now()), "note"))
            return two_sided([("You", "you")], _spaced(right), width, palette)
        name = "Corrected by you" if row.corrects else words.model_label(row.model)
        taken = min(cell_len(name), 24) + sum(cell_len(text) + 3 for text, _ in right)
        if facts := words.speed(row.usage, width - taken - 3):
            right.insert(0, (facts, "note"))
        return two_sided([(name, "answerer")], _spaced(right), width, palette)

    def _attachments(self, width: int, palette: Palette) -> list[Line]:
        rows = []
        for attachment in self.row.message.attachments:
            name = clean_line(attachment.name)
            label = f"▤ {name}  {words.size(len(attachment.text.encode()))}"
            rows.append(text_line(label, palette, "chip", width))
        return rows

    def _thinking_rows(self, width: int, palette: Palette) -> list[Line]:
        if not self._thinking.strip():
            return []
        busy = self.streaming and not self.row.message.text and self._fed == 0
        count = words.counted(len(self._thinking.split()), "word")
        arrow = "▾" if self.thinking_open else "▸"
        label = f"{arrow} {'Thinking…' if busy else 'Thought'}  {count}"
        head = text_line(label, palette, "thinking-head", width)
        style = palette.style("thinking-head").rich_style + _click("thinking")
        rows = [head._replace(strip=Strip([Segment(head.text, style)]))]
        if self.thinking_open:
            thought = Content(clean(self._thinking.strip()[:SHOWN_LIMIT]))
            for piece, join in wrapped(thought, width - 2):
                segments = [Segment("│ ", palette.style("rule").rich_style)]
                segments += palette.segments(piece, "thinking")
                rows.append(Line(Strip(segments), "│ " + piece.plain, 2, join))
        rows.append(EMPTY)
        return rows

    def _state_rows(self, width: int, palette: Palette) -> list[Line]:
        row = self.row
        if self.is_elsewhere:
            words = "◌ being written elsewhere: open this chat again to see more"
            return [text_line(words, palette, "note", width)]
        if self.streaming:
            return self._progress_rows(width, palette)
        from g4tui.store.veil import BLIND  # with the first answer, not before the first paint

        if row.error is not None:
            space = [EMPTY] if self._blocks else []
            return space + error_rows(
                row.error,
                row.state,
                width,
                palette,
                way=self.way,
                log_open=self.log_open,
                goes_on=self._goes_on,
            )
        if row.model.startswith(BLIND) and row.state in ("stopped", "interrupted"):
            mark = "■" if row.state == "stopped" else "◌"
            keys = ("r ask again", *(("a keep as it is",) if row.state == "interrupted" else ()))
            words = f"{mark} {row.state} · shown as far as all had come"
            return self._hint(words, keys, "note", width, palette)
        go_on = ("g go on",) if self._goes_on else ()
        if row.state == "stopped":
            words = "■ stopped" if self._blocks else "■ stopped before the first word"
            return self._hint(words, (*go_on, "r regenerate"), "note", width, palette)
        if row.state == "interrupted":
            keys = (*go_on, "r regenerate", "a keep as it is")
            return self._hint("◌ interrupted", keys, "warning", width, palette)
        if row.finish_reason == "length":
            words = "… cut at the token limit"
            if row.model.startswith(BLIND) or not go_on:
                return [text_line(words, palette, "note", width)]
            return self._hint(words, go_on, "note", width, palette)
        if row.finish_reason == "filtered":
            return [text_line("… held back by the server's filter", palette, "warning", width)]
        if self.is_answer and not self._blocks:
            return [text_line("(an empty answer)", palette, "note", width)]
        return []

    @property
    def _goes_on(self) -> bool:
        return not self.row.message.text or self.may_continue(self.row.model)

    def _hint(
        self, words: str, keys: tuple[str, ...], role: str, width: int, palette: Palette
    ) -> list[Line]:
        told = f"{self.way}{' · '.join(keys)}"
        line = f"{words}   {told}"
        rows = [line] if cell_len(line) <= width else [words, told]
        return [text_line(row, palette, role, width) for row in rows]

    def _progress_rows(self, width: int, palette: Palette) -> list[Line]:
        if self.progress is None:
            return (
                []
                if self.has_words
                else [text_line("◌ waiting for the first token", palette, "note", width)]
            )
        step = self.progress
        bar_width = min(20, max(0, width - 40))
        full = bar_width * step.done // max(1, step.total)
        segments = [
            Segment("━" * full, palette.style("bar-full").rich_style),
            Segment("━" * (bar_width - full), palette.style("bar-rest").rich_style),
            Segment(f"  {words.progress(step)}", palette.style("note").rich_style),
        ]
        text = "".join(segment.text for segment in segments)
        return [Line(Strip(segments).crop(0, width), text)]


def _spaced(parts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    spaced: list[tuple[str, str]] = []
    for part in parts:
        if spaced:
            spaced.append(("   ", ""))
        spaced.append(part)
    return spaced


def _click(action: str) -> RichStyle:
    return RichStyle.from_meta({"@click": (action, ())})
