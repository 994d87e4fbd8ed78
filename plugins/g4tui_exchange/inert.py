"""Markdown of others that can do nothing but be read.

Code stays as it is. Outside of it a text loses what a viewer would obey (HTML, images that are
fetched, links that are no web addresses, characters that hide or reorder), what would reach beyond
it (a fence that is left open), and what would make it look like the file's own headings. What
comes out is read once more as Markdown; a text that still gets something through is shown as code.
"""

import html
import re
from typing import TYPE_CHECKING

from g4tui.sanitize import clean

if TYPE_CHECKING:
    from markdown_it.token import Token

# A longer text is shown as code: reading it as Markdown would take seconds.
LARGEST = 100_000

_HEADING = re.compile(r"( {0,3})(#{1,6})(?=[ \t]|$)")
# Left to right: an escaped character; code in its line; a run of backticks that ends nowhere.
_CODE = re.compile(r"\\[^\n]|(`+)(?!`)[^\n]*?[^`\n]\1(?!`)|(`+)")
_TAG = re.compile(r"<(?!https?://[^\s<>`]*>)(?=[A-Za-z/!?])")
_IMAGE = re.compile(r"!(?=\[)")
_ENTITY = re.compile(r"&(?=(#\d{1,8}|#[xX][0-9A-Fa-f]{1,7}|[A-Za-z]\w{1,31});)")
_TARGET = re.compile(r"(?<=\])(\(\s*<?|:\s*<?)(?=([A-Za-z&\\%][^\s/?#]*?):)")
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*):")
_WEB = ("http", "https", "mailto")


class Inert:
    """Makes texts inert under headings of level `below`; for many texts."""

    def __init__(self, below: int = 2) -> None:
        from markdown_it import MarkdownIt

        self._below = below
        self._markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
        self._markdown.validateLink = lambda url: True  # type: ignore[method-assign]

    def text(self, text: str) -> str:
        """`text` as Markdown that is inert; it ends with no newline."""
        cleaned = clean(text).rstrip()
        if len(cleaned) <= LARGEST:
            changed = self._changed(cleaned)
            if self._is_inert(changed):
                return changed
        return fenced(cleaned)

    def _changed(self, text: str) -> str:
        tokens = self._markdown.parse(text)
        lines = text.split("\n")
        is_code = [False] * len(lines)
        for token in tokens:
            if token.map and token.type in ("fence", "code_block"):
                is_code[token.map[0] : token.map[1]] = [True] * (token.map[1] - token.map[0])
        changed = [line if is_code[at] else _escaped(line) for at, line in enumerate(lines)]
        for token in reversed(tokens):  # from the end, since lines are taken out
            if token.type == "heading_open" and token.level == 0 and token.map:
                self._lower(changed, token.map[0], token.map[1], token.markup)
        if _is_open(tokens, lines):
            changed.append(tokens[-1].markup)
        return "\n".join(changed)

    def _lower(self, lines: list[str], start: int, end: int, markup: str) -> None:
        if markup[0] == "#":
            lines[start] = _HEADING.sub(
                lambda match: match[1] + "#" * min(6, len(match[2]) + self._below), lines[start], 1
            )
            return
        level = self._below + (1 if markup == "=" else 2)
        lines[start] = f"{'#' * level} {lines[start].lstrip()}"
        del lines[end - 1]  # the line of === or ---

    def _is_inert(self, text: str) -> bool:
        env: dict[str, dict[str, dict[str, str]]] = {}
        tokens = self._markdown.parse(text, env)
        every = [*tokens, *(child for token in tokens for child in token.children or ())]
        targets = [str(token.attrGet("href") or "") for token in every]
        targets += [reference.get("href", "") for reference in env.get("references", {}).values()]
        return not (
            any(token.type in ("html_block", "html_inline", "image") for token in every)
            or any(clean(token.content) != token.content for token in every)
            or any(
                token.type == "heading_open" and token.level == 0 and token.tag <= f"h{self._below}"
                for token in tokens
            )
            or not all(map(_is_web, targets))
            or _is_open(tokens, text.split("\n"))
        )


def fenced(text: str, language: str = "") -> str:
    """`text` as it is, between fences that are longer than any in it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    named = language if re.fullmatch(r"[\w+#.-]{1,30}", language) else ""
    return f"{fence}{named}\n{text}\n{fence}"


def one_line(text: str) -> str:
    """`text` as a part of a line, none of Markdown's signs at work."""
    return re.sub(r"([\\`*_\[\]<>&#|~!])", r"\\\1", " ".join(clean(text).split()))


def _is_open(tokens: "list[Token]", lines: list[str]) -> bool:
    """Whether the text ends inside of a fence, which would take in what follows."""
    if not tokens or tokens[-1].type != "fence" or tokens[-1].level:
        return False
    start, end = tokens[-1].map or [0, 0]
    last = lines[end - 1].strip()
    return (
        end - 1 == start
        or set(last) != {tokens[-1].markup[0]}
        or len(last) < len(tokens[-1].markup)
    )


def _is_web(target: str) -> bool:
    scheme = _SCHEME.match(target)
    return scheme is None or scheme[1].lower() in _WEB


def _escaped(line: str) -> str:
    done, position = [], 0
    for match in _CODE.finditer(line):
        done.append(_plain(line[position : match.start()]))
        done.append("\\`" * len(match[2]) if match[2] else match[0])
        position = match.end()
    return "".join([*done, _plain(line[position:])])


def _plain(text: str) -> str:
    """A piece of a line without code, with nothing in it at work that is more than typography."""
    text = _TAG.sub(r"\\<", text)
    text = _IMAGE.sub(r"\\!", text)
    text = _ENTITY.sub(lambda match: "&" if _is_plain(match[1]) else "\\&", text)
    return _TARGET.sub(_kept_or_escaped, text)


def _kept_or_escaped(target: re.Match[str]) -> str:
    return target[1] if target[2].lower() in _WEB else "\\" + target[1]


def _is_plain(entity: str) -> bool:
    meant = html.unescape(f"&{entity};")
    return clean(meant) == meant
