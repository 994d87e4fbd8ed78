"""What stands inside a paragraph: emphasis, code, links. The second passage of the sanitiser."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from textual.content import Content, Span
from textual.style import Style

from g4tui.sanitize import clean, clean_line

if TYPE_CHECKING:
    from markdown_it.token import Token

_ROLES = {"em_open": "em", "strong_open": "strong", "s_open": "strike"}


def inline_content(token: "Token") -> Content:
    """An `inline` token as content; its spans carry roles, and links an action."""
    builder = _Builder()
    for child in token.children or ():
        builder.add(child)
    return builder.content()


def safe_content(text: str, role: str = "") -> Content:
    """Foreign text in one look."""
    shown = clean(text)
    return Content(shown, [Span(0, len(shown), role)] if role and shown else [])


def safe_url(url: str) -> str:
    """The URL if it is one that may be opened (http, https), cleaned; else empty."""
    shown = clean_line(url).strip()
    try:
        parts = urlsplit(shown)
    except ValueError:
        return ""
    return shown if parts.scheme in ("http", "https") and parts.netloc else ""


class _Builder:
    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._spans: list[Span] = []
        self._open: list[tuple[int, list[str | Style]]] = []

    def content(self) -> Content:
        while self._open:
            self._close()
        return Content("".join(self._parts), self._spans)

    def add(self, token: "Token") -> None:
        kind = token.type
        if kind in ("softbreak", "hardbreak"):
            self._text("\n")  # models break lines where they mean it
        elif kind == "code_inline":
            self._start("code")
            self._text(token.content)
            self._close()
        elif kind in _ROLES:
            self._start(_ROLES[kind])
        elif kind == "link_open":
            self._start(*_link(str(token.attrs.get("href", ""))))
        elif kind == "image":
            self._image(token)
        elif kind.endswith("_close"):
            self._close()
        else:
            self._text(token.content)

    def _image(self, token: "Token") -> None:
        url = str(token.attrs.get("src", ""))
        self._start(*_link(url))
        self._text(f"[image: {token.content or url}]")
        self._close()

    def _text(self, text: str) -> None:
        """The one way in for text."""
        shown = clean(text)
        self._parts.append(shown)
        self._length += len(shown)

    def _start(self, *styles: str | Style) -> None:
        self._open.append((self._length, list(styles)))

    def _close(self) -> None:
        if not self._open:
            return
        start, styles = self._open.pop()
        if self._length > start:
            self._spans += [Span(start, self._length, style) for style in styles]


def _link(href: str) -> Sequence[str | Style]:
    url = safe_url(href)
    if not url:
        return ("em",)
    return ("link", Style.from_meta({"@click": ("open_link", (url,))}))
