"""A Markdown text that grows: what is finished is never parsed or laid out again."""

import re
from typing import TYPE_CHECKING

from g4tui.sanitize import clean
from g4tui.tui.markdown.blocks import (
    Block,
    BlockBuilder,
    CodeBlock,
    Group,
    RawBlock,
    groups,
    parser,
)

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})([^\n`]*)\n")
_TABLE = re.compile(
    r"[^\n]*\|[^\n]*\n[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*\n"
)
# A last line that could still become something else is not shown yet.
_UNDECIDED = re.compile(
    r"[ \t]*(?:[-*+_=]{1,3}|\d{1,3}[.)]?|#{1,6}|`{1,2}|`{3,}[^`\n]*|~{1,2}|~{3,}[^\n]*|[>|])[ \t]*"
)
_BLANK = re.compile(r"(?:[ \t]*\n)+")


class Document:
    """Feed text, then `update`; `blocks` are what there is to show.

    Blocks before the index that `update` returns are the same objects as before. Text that no
    longer grows is closed with `finish`.
    """

    def __init__(self) -> None:
        self._parser: MarkdownIt | None = None  # made when first needed
        self._builder = BlockBuilder()
        self._done: list[Block] = []
        self._open: list[Block] = []
        self._tail = ""
        self._gap = False  # whether a blank line stood before the tail
        self._number: int | None = None  # the number of the list item that the tail begins with
        self._fence: _OpenFence | None = None
        self._raw = RawBlock(gap=True)  # a table that is still open
        self._finished = False

    @property
    def blocks(self) -> list[Block]:
        """All blocks; the list is new, the blocks are not."""
        return self._done + self._open

    @property
    def closed(self) -> int:
        """How many blocks can no longer change."""
        return len(self._done)

    def feed(self, text: str) -> None:
        """Add to the end; nothing is parsed yet."""
        self._tail += clean(text)

    def finish(self) -> None:
        """No more text comes: whatever is open ends here."""
        self._finished = True
        self.update()

    def update(self) -> int:
        """Take in what was fed; the index of the first block that may have changed."""
        unchanged = len(self._done)
        self._open = []
        while self._tail or self._fence:
            if self._fence is not None:
                if not self._read_fence():
                    break
            elif match := _BLANK.match(self._tail):
                self._tail = self._tail[match.end() :]
                self._gap = True
            elif match := _FENCE.match(self._tail):
                self._start_fence(match)
            elif self._is_open_table():
                self._raw.text = self._tail.removesuffix("\n")
                self._raw.laid = None
                self._open = [self._raw]
                break
            else:
                self._raw = RawBlock(gap=True)
                self._parse()
                break
        return unchanged

    def _start_fence(self, match: re.Match[str]) -> None:
        self._builder.codes += 1
        language = match[2].strip().split(" ")[0][:20]
        block = CodeBlock(gap=True, language=clean(language), number=self._builder.codes)
        self._fence = _OpenFence(match[1], block)
        self._tail = self._tail[match.end() :]
        self._number = None

    def _read_fence(self) -> bool:
        """Move code from the tail into the open block; whether the fence was closed."""
        fence = self._fence
        assert fence is not None
        self._tail, closed = fence.read(self._tail, self._finished)
        if closed:
            self._done.append(fence.block)
            self._fence = None
            self._gap = False
        else:
            self._open = [fence.block]
        return closed

    def _is_open_table(self) -> bool:
        if self._finished or not _TABLE.match(self._tail):
            return False
        return all("|" in line for line in self._tail.splitlines()[:-1])

    def _parse(self) -> None:
        """Parse the tail; all but its last part is done with."""
        shown = self._tail
        if not self._finished:
            shown = _with_closed_marks(_without_undecided(shown))
        lines = shown.split("\n")
        self._parser = self._parser or parser()
        found = groups(self._parser.parse(shown), self._number)
        if not found:
            if self._finished:
                self._tail = ""
            return
        if self._finished:
            for group in found:
                self._done += self._build(group, lines)
            self._tail = ""
            return
        for group in found[:-1]:
            self._done += self._build(group, lines)
        last = found[-1]
        if last.line:
            source = self._tail.split("\n")
            self._gap = not source[last.line - 1].strip()
            self._tail = "\n".join(source[last.line :])
            self._number = last.number
            lines = lines[last.line :]
            for token in last.tokens:
                if token.map:
                    token.map = [token.map[0] - last.line, token.map[1] - last.line]
            last.line = 0
        if last.tokens[0].type == "fence" and _FENCE.match(self._tail):
            self.update()  # reads it without the parser
            return
        codes = self._builder.codes
        self._open = self._build(last, lines)
        self._builder.codes = codes

    def _build(self, group: Group, lines: list[str]) -> list[Block]:
        return self._builder.build(group, lines, self._gap)


class _OpenFence:
    """A code fence that is being filled, line by line."""

    def __init__(self, marker: str, block: CodeBlock) -> None:
        self.block = block
        self._close = re.compile(rf" {{0,3}}{re.escape(marker[0])}{{{len(marker)},}}[ \t]*")
        self._begun = ""  # the last line, which is not complete
        self._lines: list[str] = []

    def read(self, text: str, finished: bool) -> tuple[str, bool]:
        """What is left of `text`, and whether the fence was closed."""
        lines = text.split("\n")
        for index, line in enumerate(lines[:-1]):
            if self._close.fullmatch(line):
                self._show()
                return "\n".join(lines[index + 1 :]), True
            self._lines.append(line)
        last = lines[-1]
        if finished:
            if last and not self._close.fullmatch(last):
                self._lines.append(last)
            self._show()
            return "", True
        self._show(last if not self._close.match(last) and set(last.strip()) - set("`~") else "")
        return last, False

    def _show(self, begun: str = "") -> None:
        code = "\n".join([*self._lines, begun] if begun else self._lines)
        if code != self.block.code:
            self.block.code = code
            self.block.laid = None


def _without_undecided(text: str) -> str:
    start = text.rfind("\n") + 1
    return text[:start] if _UNDECIDED.fullmatch(text, start) else text


def _with_closed_marks(text: str) -> str:
    """Close emphasis and code that the last paragraph left open, so that marks do not flicker."""
    paragraph = text[text.rfind("\n\n") + 1 :]
    if paragraph.count("`") % 2:
        return text + "`"
    if paragraph.count("**") % 2:
        if text.endswith("**"):
            return text[:-2]
        return text + "*" if text.endswith("*") else text.rstrip(" ") + "**"
    return text
