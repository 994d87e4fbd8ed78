"""Untrusted text as HTML: readable, and unable to do anything."""

import base64
import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from g4tui.html import escaped, page, render
from support.inert import Seen, check_html


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "a <b onclick='x'>b</b>",
        '```py"><script>\ncode\n```',
        "[x](javascript:alert(1))",
        "[x](java&#115;cript:alert(1))",
        "[x](data:text/html,hello)",
        "[x](//evil.example)",
        "[a]: javascript:x\n\n[a]",
        "![x](data:image/png;base64,AAAA)",
        '[x](https://a.b/"onmouseover="x)',
    ],
)
def test_nothing_of_a_text_runs_or_loads(markdown: str) -> None:
    check_html(render(markdown))


@given(st.text(alphabet="<>&\"'`*_[]()!#|-:\n =/ajscriptx\u202e\x1b\ud800", max_size=80))
def test_whatever_a_model_writes_stays_text(markdown: str) -> None:
    check_html(render(markdown))


def test_raw_html_can_be_read() -> None:
    assert Seen(render("Write `<br>` or <br> here")).text.strip() == "Write <br> or <br> here"


def test_what_entities_hide_is_shown_too() -> None:
    assert "\u202e" not in render("a &#8238; b, `&#8238;` and [&#8238;](https://a.b 'x&#8238;')")
    for info in ("&#8238;", "py&#8238;", "&amp;#8238;", "py \\&#8238;"):
        assert "\u202e" not in render(f"```{info}\ncode\n```")
    assert 'class="language-c++"' in render("```c++ title='x'\ncode\n```")


def test_pictures_are_links_that_load_nothing() -> None:
    seen = Seen(render("![A cat](https://a.b/cat.png)"))
    assert seen.tags == ["p", "a"]
    assert seen.text.strip() == "[picture: A cat]"
    assert ("href", "https://a.b/cat.png") in seen.attributes


def test_tasks_are_boxes_that_nobody_can_tick() -> None:
    html = render("- [ ] **first**\n- [x] second\n  - [X] within\n\n1. [ ] third\n\n2. fourth\n")
    check_html(html)
    seen = Seen(html)
    assert [("checked" in box) for box in seen.boxes] == [False, True, True, False]
    assert all("disabled" in box for box in seen.boxes)
    assert "[" not in seen.text
    for text in ("[ ] no list", "- [y] no", "- [ ]", "- `[ ]` code", "- [ ](https://a.b)"):
        assert not Seen(render(text)).boxes, text


def test_links_tell_their_target_nothing() -> None:
    assert ("rel", "noopener noreferrer") in Seen(render("<https://a.b>")).attributes


def test_tables_keep_their_alignment_without_a_style() -> None:
    seen = Seen(render("| a | b |\n|---|--:|\n| 1 | 2 |"))
    assert ("class", "right") in seen.attributes
    assert "style" not in dict(seen.attributes)


def test_code_keeps_its_lines_and_spaces() -> None:
    assert "if a &lt; b:\n    pass\n" in render("```python\nif a < b:\n    pass\n```")


def test_escaping_is_for_attributes_too() -> None:
    assert escaped("\"<'\x1b") == "&quot;&lt;&#x27;␛"


def test_a_page_allows_its_own_style_alone() -> None:
    html = page("A <title>\nof two lines", "<p>body</p>", ".mine { color: red }")
    (style,) = re.findall("<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in html
    assert "<title>A &lt;title&gt; of two lines</title>" in html
    assert ".mine { color: red }" in style and "prefers-color-scheme: dark" in style
    assert "<script" not in html
