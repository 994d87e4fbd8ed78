"""Self-contained HTML out of untrusted text: Markdown rendered safely, and the page around it.

What a model wrote becomes no markup of its own, loads nothing and runs nothing: raw HTML is shown
as text, pictures become links, only http, https and mailto can be followed, and the page's
content security policy forbids everything but its own style sheet.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING

from g4tui.sanitize import clean, clean_line

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_FOLLOWED = ("http://", "https://", "mailto:")

STYLE = """
:root { color-scheme: light dark; --ground: #fff; --ink: #1c2024; --faint: #62686f;
  --line: #d9dde2; --raised: #f5f6f8; --accent: #0a6cbd; --wrong: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ground: #16181b; --ink: #e4e6e9; --faint: #9aa1a9;
  --line: #353a41; --raised: #1f2226; --accent: #6cb2f5; --wrong: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 60rem; background: var(--ground);
  color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
h1, h2, h3, h4, h5, h6 { line-height: 1.25; margin: 1.2em 0 .5em; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.25rem; } h3, h4, h5, h6 { font-size: 1.05rem; }
p, ul, ol, blockquote, pre, table { margin: 0 0 .8em; }
a { color: var(--accent); }
code { font: .9em/1.45 ui-monospace, monospace; background: var(--raised); padding: .1em .3em;
  border-radius: .25em; }
pre { background: var(--raised); border: 1px solid var(--line); border-radius: .4em;
  padding: .7em .9em; overflow-x: auto; }
pre code { background: none; padding: 0; overflow-wrap: normal; white-space: pre; }
blockquote { border-left: .2em solid var(--line); padding-left: .9em; color: var(--faint); }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid var(--line); padding: .3em .6em; text-align: left; }
.center { text-align: center; } .right { text-align: right; }
ul > .task { list-style: none; }
ul > .task > input, ul > .task > p > input { margin: 0 .2em 0 -1.3em; }
hr { border: 0; border-top: 1px solid var(--line); margin: 1.2em 0; }
details { color: var(--faint); margin-bottom: .8em; } summary { cursor: pointer; }
"""


def escaped(text: str) -> str:
    """`text` as the content of an element or of a quoted attribute."""
    return escape(clean(text))


def render(markdown: str, highlight: Callable[[str, str], str] | None = None) -> str:
    """Markdown as HTML. `highlight` makes HTML of a code block's text and language (or of nothing,
    where it does not know the language)."""
    parser = _parser()
    tokens = parser.parse(clean(markdown))
    _purify(tokens)
    _with_tasks(tokens)
    options = deepcopy(parser.options)
    if highlight is not None:
        options["highlight"] = lambda code, language, attributes: highlight(code, language)
    return str(parser.renderer.render(tokens, options, {}))


def page(title: str, body: str, css: str = "") -> str:
    """A whole document around `body`, which is HTML; `css` comes after the common style."""
    style = STYLE + css
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(clean_line(title))}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


_TASK = re.compile(r"\[([ xX])\]\s")


def _with_tasks(tokens: "Sequence[Token]") -> None:
    """`- [x] done` as a box that is ticked, which nobody can untick in a document."""
    from markdown_it.token import Token

    for item, paragraph, line in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if item.type != "list_item_open" or paragraph.type != "paragraph_open":
            continue
        first = line.children[0] if line.children else None
        if first is None or first.type != "text" or not (task := _TASK.match(first.content)):
            continue
        box = Token("task", "input", 0)
        box.attrs = {"type": "checkbox", "disabled": ""}
        if task[1] != " ":
            box.attrs["checked"] = ""
        first.content = f" {first.content[task.end() :]}"
        line.children = [box, *(line.children or [])]
        item.attrs["class"] = "task"


@lru_cache(maxsize=1)
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 100}).enable(
        ["table", "strikethrough"]
    )
    parser.validateLink = _may_be_followed  # type: ignore[method-assign]
    return parser


def _may_be_followed(url: str) -> bool:
    return url.strip().lower().startswith(_FOLLOWED)


def _purify(tokens: Iterable["Token"]) -> None:
    """Clean what parsing made of the text (`&#8238;`), and make links of pictures."""
    for token in tokens:
        token.content = clean(token.content)
        token.info = _language(token.info)
        token.attrs = {name: _attribute(value) for name, value in token.attrs.items()}
        if align := token.attrs.pop("style", None):  # of a table's cell: the policy forbids it
            token.attrs["class"] = str(align).removeprefix("text-align:")
        if token.type == "link_open":
            token.attrs["rel"] = "noopener noreferrer"
        if token.children:
            _purify(token.children)
            token.children = [part for child in token.children for part in _linked(child)]


def _language(info: str) -> str:
    """The language of a block of code. The renderer would decode `&#8238;` in it once more."""
    found = re.match(r"[\w+#.-]{1,30}(?!\S)", clean_line(info))
    return found[0] if found else ""


def _attribute(value: str | int | float) -> str | int | float:
    return clean_line(value) if isinstance(value, str) else value


def _linked(token: "Token") -> list["Token"]:
    """A picture as a link to it: to load it would tell a stranger who reads this, and when."""
    from markdown_it.token import Token

    if token.type != "image":
        return [token]
    opened = Token("link_open", "a", 1)
    opened.attrs = {"href": token.attrs.get("src", ""), "rel": "noopener noreferrer"}
    text = Token("text", "", 0, content=f"[picture: {token.content or 'untitled'}]")
    return [opened, text, Token("link_close", "a", -1)]
