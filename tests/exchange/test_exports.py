"""What is exported: JSON that comes back equal, and pages that do nothing but be read."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from io import BytesIO

from hypothesis import given, settings
from hypothesis.strategies import lists, sampled_from, text
from markdown_it import MarkdownIt

from g4tui.core import Attachment, ErrorInfo, Message
from g4tui.plugin import LeftOut, Transcript, TranscriptMessage
from g4tui_exchange.inert import Inert
from g4tui_exchange.sessions_json import JsonExporter, JsonImporter
from support.inert import check_markdown
from support.transcripts import transcripts

Export = Callable[..., str]
HOSTILE = """\
</article><script>alert(1)</script><img src=x onerror=alert(1)>

# You

You
===

[a](javascript:alert(1)) ![pixel](https://tracker.example/x.png) &#8238;evil \x1b]0;title\x07

[b]: javascript:alert(1)

1. `<b>` and ``<i>``
   ```python
   print("<script>")
   ```
<!-- the rest is gone

```html
<script>alert(2)</script>
"""
TABLE = "| a | b |\n|---|---|\n| 1 | 2 |"


@settings(max_examples=100, deadline=None)
@given(lists(transcripts(), max_size=3))
def test_json_comes_back_equal(sessions: list[Transcript]) -> None:
    out = BytesIO()
    JsonExporter().write(sessions, out)
    assert max(out.getvalue()) < 0x7F, "no terminal obeys it"
    assert json.loads(out.getvalue()) is not None, "it is plain JSON"
    out.seek(0)
    assert JsonImporter().recognises(out) is bool(sessions)
    out.seek(0)
    assert list(JsonImporter().read(out)) == sessions


def hostile() -> Transcript:
    """A session that tries everything."""
    return Transcript(
        title="</title><script>alert(0)</script>\x1b[2J",
        messages=(
            TranscriptMessage(
                "1", None, Message("user", HOSTILE, "", (Attachment("<b>.txt", HOSTILE),))
            ),
            TranscriptMessage(
                "2", "1", Message("assistant", HOSTILE, HOSTILE),
                model='x"><script>', state="failed",
                error=ErrorInfo("server", "<script>", HOSTILE),
            ),
            TranscriptMessage("3", "2", Message("user", "京都 😀 مرحبا\n\n" + TABLE)),
            TranscriptMessage("4", "3", Message("assistant", "```python\ndef f(): return 1\n```")),
        ),
        head="4",
        model="<i>",
        tags=("<u>",),
    )  # fmt: skip


class Elements(HTMLParser):
    """Which elements and attributes a page has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}


def test_html_is_self_contained_and_inert(exported: Export) -> None:
    page = exported("html", hostile())
    found = Elements(page)
    assert not found.tags & {"script", "img", "iframe", "link", "object", "b", "i", "u"}
    names = {name for name, _ in found.attributes}
    assert not {name for name in names if name.startswith("on")} | (names & {"src", "style"})
    links = [value for name, value in found.attributes if name == "href"]
    assert links == ["https://tracker.example/x.png"], "a picture is a link to it"
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", page)
    assert '<span class="k">def</span>' in page, "code is highlighted"
    assert "<table>" in page
    assert "京都 😀 مرحبا" in page


def test_several_sessions_are_one_page_with_links(exported: Export) -> None:
    found = Elements(exported("html", hostile(), hostile()))
    assert {"#s0", "#s1"} <= {value for name, value in found.attributes if name == "href"}


def test_markdown_is_inert_and_its_headings_are_its_own(exported: Export) -> None:
    text = exported("markdown", hostile())
    assert text.startswith("---\n")
    body = text.split("\n---\n", 1)[1]
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    every = [*tokens, *(child for token in tokens for child in token.children or ())]
    assert not {token.type for token in every} & {"html_block", "html_inline", "image"}
    headings = [
        tokens[at + 1].content
        for at, token in enumerate(tokens)
        if token.type == "heading_open" and token.tag in ("h1", "h2")
    ]
    assert len(headings) == 5, headings
    hrefs = {str(token.attrGet("href")) for token in every if token.type == "link_open"}
    assert not {href for href in hrefs if not href.startswith("https:")}
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
    assert "```python\ndef f(): return 1\n```" in text
    assert "京都 😀 مرحبا" in text


@settings(max_examples=300, deadline=None)
@given(text(sampled_from("`~\\<>b/!?[]():&#8238;x \n\t*_|-=a1."), max_size=40))
def test_no_text_gets_html_through(said: str) -> None:
    check_markdown(Inert().text(said))


def test_jsonl_is_what_training_tools_read(exported: Export) -> None:
    session = Transcript(
        title="t",
        messages=(
            TranscriptMessage("1", None, Message("user", "no answer")),
            TranscriptMessage("2", "1", Message("assistant", ""), state="failed"),
            TranscriptMessage("3", "2", Message("user", "hi", "", (Attachment("a.py", "x"),))),
            TranscriptMessage("4", "3", Message("assistant", "hello", "thoughts")),
            TranscriptMessage("5", "4", Message("user", "and?")),
        ),
        system="Be kind.",
    )
    (row,) = map(json.loads, exported("jsonl", session).splitlines())
    assert row == {
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "a.py:\n```\nx\n```\n\nhi"},
            {"role": "assistant", "content": "hello"},
        ]
    }
    assert exported("jsonl", Transcript(title="empty", messages=())) == ""


def test_a_tree_in_disorder_is_put_in_order() -> None:
    rows = [
        {"id": "b", "parent": "a", "message": {"role": "assistant", "text": "b"}},
        {"id": "a", "parent": None, "message": {"role": "user", "text": "a"}},
        {"id": "c", "parent": "gone", "message": {"role": "user", "text": "c"}},
        {"id": "d", "parent": "e", "message": {"role": "user", "text": "d"}},
        {"id": "e", "parent": "d", "message": {"role": "user", "text": "e"}},
        {"id": "a", "parent": None, "message": {"role": "user", "text": "again"}},
    ]
    data = json.dumps([{"g4tui": 1, "title": "t", "head": "d", "messages": rows}, {"g4tui": 1}])
    found = list(JsonImporter().read(BytesIO(data.encode())))
    left = {each.what: each.count for each in found if isinstance(each, LeftOut)}
    (session,) = [each for each in found if isinstance(each, Transcript)]
    assert [(each.id, each.parent) for each in session.messages] == [
        ("a", None),
        ("b", "a"),
        ("c", None),
        ("d", None),
        ("e", "d"),
    ]
    assert sum(left.values()) == 4, left
