"""What HTML and Markdown of others may be: readable, and unable to do anything."""

from html.parser import HTMLParser

from markdown_it import MarkdownIt

from support.hostile_text import forbidden

ALLOWED = {
    "p", "strong", "em", "s", "code", "pre", "a", "ul", "ol", "li", "blockquote", "hr", "br",
    "table", "thead", "tbody", "tr", "th", "td", "h1", "h2", "h3", "h4", "h5", "h6", "input",
}  # fmt: skip


class Seen(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.boxes: list[dict[str, str | None]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.boxes += [dict(attrs)] if tag == "input" else []

    def handle_data(self, data: str) -> None:
        self.text += data


BOX = {"type": "checkbox", "disabled": "", "checked": ""}
"""All that a box of a list of tasks may have."""
WEB = ("http://", "https://", "mailto:")


def check_html(html: str) -> None:
    """Text in plain elements, with links to the web alone, or to nowhere."""
    seen = Seen(html)
    assert set(seen.tags) <= ALLOWED, set(seen.tags) - ALLOWED
    for box in seen.boxes:
        assert {**box, "checked": None} == {**BOX, "checked": None}, box
    for name, value in seen.attributes:
        assert name in ("href", "rel", "class", "title", "start", *BOX), name
        assert name != "href" or not value or value.lower().startswith(WEB), value
    shown = html + seen.text + "".join(value or "" for _, value in seen.attributes)
    assert not [hex(ord(each)) for each in shown if forbidden(each)]


def check_markdown(text: str) -> None:
    """No HTML, no pictures, no links but to the web, nothing hidden; what follows stays apart."""
    env: dict[str, dict[str, dict[str, str]]] = {}
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    tokens = parser.parse(text + "\n\nEND", env)
    every = [*tokens, *(child for token in tokens for child in token.children or ())]
    assert not {token.type for token in every} & {"html_block", "html_inline", "image"}
    assert tokens[-2].content == "END", "nothing swallows what follows"
    assert not [hex(ord(each)) for token in every for each in token.content if forbidden(each)]
    assert not [hex(ord(each)) for each in text if forbidden(each)]
