"""Markdown's tokens as a flat list of blocks, each of which is laid out by itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textual.content import Content

from g4tui.sanitize import clean, clean_line
from g4tui.tui.markdown.inline import inline_content, safe_content
from g4tui.tui.markdown.lines import Line

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_BULLETS = ("• ", "◦ ", "▪ ")
_QUOTE = "▎ "


Grown = tuple[int, int, int, list[Line]]


@dataclass(slots=True)
class Block:
    """A block's place: `first` stands before its first row, `rest` before the others.

    `gap`: a blank row above. `laid` caches the rows for one width and palette.
    """

    first: str = ""
    rest: str = ""
    gap: bool = True
    laid: tuple[int, int, list[Line]] | None = field(default=None, compare=False)


@dataclass(slots=True)
class TextBlock(Block):
    """A paragraph, a heading or a list item's text; `role` colours all of it."""

    content: Content = field(default_factory=Content)
    role: str = ""


@dataclass(slots=True)
class CodeBlock(Block):
    """Code, or source shown as it is. `number` counts the code blocks of one document from 1.

    `highlighted` replaces the plain text once it was computed; `asked`: somebody does. `grown`
    caches the rows of complete lines while the block grows: width, palette, characters, rows.
    """

    code: str = ""
    language: str = ""
    number: int = 0
    highlighted: Content | None = None
    asked: bool = False
    grown: Grown | None = field(default=None, compare=False)


@dataclass(slots=True)
class RawBlock(Block):
    """Source that is not yet a table: shown as it came. `grown` as in `CodeBlock`."""

    text: str = ""
    grown: Grown | None = field(default=None, compare=False)


@dataclass(slots=True)
class RuleBlock(Block):
    """A horizontal rule."""


@dataclass(slots=True)
class TableBlock(Block):
    """Rows of cells, the first row being the head; `aligns` per column: left, center, right."""

    rows: list[list[Content]] = field(default_factory=list)
    aligns: list[str] = field(default_factory=list)


def parser() -> "MarkdownIt":
    """GitHub's Markdown without HTML, which shows as the text it is."""
    from markdown_it import MarkdownIt  # 30 ms, of no use before the first message

    return MarkdownIt("gfm-like", {"html": False})


@dataclass(slots=True)
class Group:
    """The tokens of one top-level block, or of one item of a top-level list.

    `line` is where its source begins. `bullet` is the item's mark. `number` is its number.
    """

    tokens: "list[Token]"
    line: int
    bullet: str = ""
    number: int | None = None


def groups(tokens: "Sequence[Token]", first_number: int | None) -> list[Group]:
    """Cut a parse into parts that later text cannot change, but for the last one.

    `first_number`: what the first item of a list that goes on from earlier is counted as.
    """
    found: list[Group] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        end = _end(tokens, index)
        if token.type in ("bullet_list_open", "ordered_list_open"):
            ordered = token.type == "ordered_list_open"
            number = int(token.attrs.get("start", 1)) if ordered else None
            if index == 0 and first_number is not None and ordered:
                number = first_number
            item = index + 1
            while item < end - 1:
                item_end = _end(tokens, item)
                bullet = _BULLETS[0] if number is None else f"{number}. "
                line = (tokens[item].map or [0, 0])[0]
                found.append(Group(list(tokens[item:item_end]), line, bullet, number))
                number = None if number is None else number + 1
                item = item_end
        else:
            found.append(Group(list(tokens[index:end]), (token.map or [0, 0])[0]))
        index = end
    return found


def _end(tokens: "Sequence[Token]", start: int) -> int:
    """One past the token that closes `tokens[start]`."""
    depth = 0
    for index in range(start, len(tokens)):
        depth += tokens[index].nesting
        if depth <= 0:
            return index + 1
    return len(tokens)


class BlockBuilder:
    """Flattens groups. Counts the code blocks that it has made."""

    def __init__(self) -> None:
        self.codes = 0

    def build(self, group: Group, source: Sequence[str], gap_above: bool) -> list[Block]:
        """The blocks of one group.

        `source` are the lines that were parsed; `gap_above` tells whether a blank one came before.
        """
        self._blocks: list[Block] = []
        self._source = source
        self._gap_above = gap_above
        self._first = [group.bullet] if group.bullet else []
        self._rest = [" " * len(group.bullet)] if group.bullet else []
        self._lists: list[int | None] = [group.number] if group.bullet else []
        self._walk(group.tokens)
        if group.bullet and not self._blocks:
            self._text(Content(""), "", group.tokens[0])
        return self._blocks

    def _walk(self, tokens: "Sequence[Token]") -> None:
        role = ""
        index = 0
        while index < len(tokens):
            token = tokens[index]
            kind = token.type
            if kind == "inline":
                self._text(inline_content(token), role, token)
            elif kind in ("fence", "code_block"):
                self._code(token)
            elif kind == "hr":
                self._blocks.append(RuleBlock(*self._place(token, apart=True)))
            elif kind == "heading_open":
                role = f"h{token.tag[1:]}"
            elif kind == "heading_close":
                role = ""
            elif kind == "table_open":
                end = _end(tokens, index)
                self._table(tokens[index:end])
                index = end
                continue
            elif kind in ("bullet_list_open", "ordered_list_open"):
                start = int(token.attrs.get("start", 1))
                self._lists.append(start if kind.startswith("ordered") else None)
            elif kind in ("bullet_list_close", "ordered_list_close"):
                self._lists.pop()
            elif kind == "list_item_open" and index:
                self._open_item()
            elif kind == "blockquote_open":
                self._first.append(_QUOTE)
                self._rest.append(_QUOTE)
            elif kind in ("blockquote_close", "list_item_close") and self._rest:
                self._first.pop()
                self._rest.pop()
            index += 1

    def _open_item(self) -> None:
        number = self._lists[-1]
        if number is None:
            bullet = _BULLETS[min(len(self._lists) - 1, len(_BULLETS) - 1)]
        else:
            bullet = f"{number}. "
            self._lists[-1] = number + 1
        self._first.append(bullet)
        self._rest.append(" " * len(bullet))

    def _place(self, token: "Token", *, apart: bool = False) -> tuple[str, str, bool]:
        """What stands before the next block, and whether a blank row stands above it.

        A bullet stands there only once. `apart`: the blank row is there in any case.
        """
        first, rest = "".join(self._first), "".join(self._rest)
        opens_item = first != rest
        self._first = list(self._rest)
        line = token.map[0] if token.map else 0
        blank = self._gap_above if line == 0 else not self._source[line - 1].strip(" >\t")
        return first, rest, blank or (apart and not opens_item)

    def _text(self, content: Content, role: str, token: "Token") -> None:
        first, rest, gap = self._place(token, apart=bool(role))
        task = content.plain[:4].lower()
        if first != rest and first.endswith(_BULLETS) and task in ("[ ] ", "[x] "):
            first = first[:-2] + ("☐ " if task == "[ ] " else "☑ ")
            content = content[4:]
        self._blocks.append(TextBlock(first, rest, gap, content=content, role=role))

    def _code(self, token: "Token") -> None:
        self.codes += 1
        language = clean_line(token.info).strip().split(" ")[0][:20]
        first, rest, gap = self._place(token, apart=True)
        code = clean(token.content).removesuffix("\n")
        self._blocks.append(
            CodeBlock(first, rest, gap, code=code, language=language, number=self.codes)
        )

    def _table(self, tokens: "Sequence[Token]") -> None:
        rows: list[list[Content]] = []
        aligns: list[str] = []
        for token in tokens:
            if token.type == "tr_open":
                rows.append([])
            elif token.type in ("th_open", "td_open") and len(rows) == 1:
                style = str(token.attrs.get("style", ""))
                aligns.append(style.removeprefix("text-align:") or "left")
            elif token.type == "inline" and rows:
                rows[-1].append(inline_content(token))
        first, rest, gap = self._place(tokens[0], apart=True)
        self._blocks.append(TableBlock(first, rest, gap, rows=rows, aligns=aligns))


def plain_blocks(text: str) -> list[Block]:
    """What a person typed: shown as it is, wrapped."""
    return [TextBlock(gap=False, content=safe_content(text))]
