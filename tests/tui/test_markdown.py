"""Markdown as lines of a terminal: the same however it streams in, and safe whatever it holds."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from textual.style import Style

from g4tui.sanitize import clean
from g4tui.tui.markdown.blocks import Block
from g4tui.tui.markdown.document import Document
from g4tui.tui.markdown.inline import safe_url
from g4tui.tui.markdown.layout import document_lines
from g4tui.tui.markdown.lines import Palette
from g4tui.tui.markdown.tables import column_widths

PALETTE = Palette(lambda role: Style.null(), 1)

SAMPLE = """\
# Title

Some **bold** and *em*, `code`, [a link](https://example.org/a).
And a second line.

- one
- two
  1. nested
  2. again
- three

  more of three
- [ ] to do
- [x] done

3. c
4. d

> quoted
> text

```python
def f():
    return 1

x = f()
```

| a | b |
|---|--:|
| 1 | 2 |
| long words here | 3 |

---
The end.
"""


def drawn(blocks: list[Block], width: int = 60) -> str:
    return "\n".join(line.text.rstrip() for line in document_lines(blocks, width, PALETTE))


def whole(text: str, width: int = 60) -> str:
    document = Document()
    document.feed(text)
    document.finish()
    return drawn(document.blocks, width)


def test_everything_has_its_form() -> None:
    text = whole(SAMPLE)
    for wanted in (
        "Title\n\nSome bold and em, code, a link.\nAnd a second line.\n",
        "• one\n• two\n  1. nested\n  2. again\n• three\n\n  more of three\n☐ to do\n☑ done\n",
        "3. c\n4. d",
        "▎ quoted\n▎ text",
        " def f():\n     return 1\n\n x = f()",
        " long words here │ 3",
        "The end.",
    ):
        assert wanted in text, text


PIECES = st.sampled_from(
    [
        *SAMPLE.splitlines(keepends=True),
        "\n",
        "1. one\n",
        "2. two\n\n",
        "- item\n",
        "  - inner\n",
        "```\n",
        "````\n",
        "~~~\n",
        "| x | y |\n",
        "text with | a bar\n",
        "**open",
        "` tick",
        "    indented\n",
        "> quote\n",
        "***\n",
        "word ",
    ]
)


@settings(deadline=None, max_examples=200)
@given(st.lists(PIECES, max_size=12).map("".join), st.integers(1, 9))
@example(SAMPLE, 1)
@example(SAMPLE, 7)
def test_a_stream_ends_as_the_whole_text_does(text: str, step: int) -> None:
    document = Document()
    for start in range(0, len(text), step):
        document.feed(text[start : start + step])
        document.update()
        drawn(document.blocks)
    document.finish()
    assert drawn(document.blocks) == whole(text)


def test_what_is_finished_is_never_made_again() -> None:
    document = Document()
    document.feed("One.\n\nTwo.\n\nThr")
    document.update()
    first, second, *_ = document.blocks
    document.feed("ee.\n\nFour")
    unchanged = document.update()
    assert unchanged >= 2
    assert document.blocks[0] is first and document.blocks[1] is second


def test_an_open_table_is_plain_until_it_closes() -> None:
    document = Document()
    document.feed("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 ")
    document.update()
    assert "|---|---|" in drawn(document.blocks)
    document.feed("| 4 |\n\nafter")
    document.update()
    text = drawn(document.blocks)
    assert "|---" not in text and " 3 │ 4" in text and "after" in text


def test_open_code_shows_at_once_without_a_parse_of_what_came_before() -> None:
    document = Document()
    document.feed("```py\nx = 1\nif ")
    document.update()
    (block,) = document.blocks
    document.feed("x:\n    pass")
    document.update()
    assert document.blocks[0] is block
    assert " if x:\n     pass" in drawn(document.blocks)
    document.feed("\n```\nAfter.")
    document.update()
    assert document.blocks[0] is block
    assert drawn(document.blocks).endswith("After.")


@pytest.mark.parametrize("begun", ["-", "1.", "##", "**", "`", "```py", "|", "> ", "==="])
def test_a_last_line_that_may_become_anything_does_not_flicker(begun: str) -> None:
    document = Document()
    document.feed(f"A line.\n{begun}")
    document.update()
    assert drawn(document.blocks) == "A line."


@pytest.mark.parametrize(
    ("source", "shown"),
    [("so **bol", "so bol"), ("so `cod", "so cod"), ("a **b** c **", "a b c"), ("x **y*", "x y")],
)
def test_marks_that_are_still_open_do_not_show(source: str, shown: str) -> None:
    document = Document()
    document.feed(source)
    document.update()
    assert drawn(document.blocks).strip() == shown


HOSTILE = "\x1b]52;c;aGk=\x07\x1b]8;;http://x\x1b\\\x1b[2J\x1bP1$r\x9b31m\u202eevil\u2066\U000e0041"
ENTITIES = "&#8238;&#27;[2J&#x9b;31m&#x202E;&#917569;&rlm;&lrm;"
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)


@pytest.mark.parametrize(
    "frame",
    [
        "{}",
        "# {}",
        "- {}",
        "> {}",
        "**{}**",
        "`{}`",
        "[{}](https://example.org)",
        "[x](<https://example.org/{}> '{}')",
        "![{}](https://example.org/{})",
        "<https://example.org/{}>",
        "```{}\n{}\n```",
        "    {}",
        "| {} | b |\n|---|---|\n| 1 | {} |\n",
        "<b title='{}'>{}</b>",
        "[ref]\n\n[ref]: https://example.org/{} '{}'",
        "\\{}",
    ],
)
@pytest.mark.parametrize("evil", [HOSTILE, ENTITIES])
def test_nothing_that_a_terminal_obeys_comes_out(frame: str, evil: str) -> None:
    text = frame.replace("{}", evil)
    for step in (1, len(text)):
        document = Document()
        for start in range(0, len(text), step):
            document.feed(text[start : start + step])
            document.update()
            check(document.blocks)
        document.finish()
        check(document.blocks)


def check(blocks: list[Block]) -> None:
    for line in document_lines(blocks, 40, PALETTE):
        assert not FORBIDDEN.search(line.text)
        for segment in line.strip:
            assert not FORBIDDEN.search(segment.text)
            assert segment.style is None or segment.style.link is None
            meta = segment.style.meta if segment.style is not None else {}
            assert not FORBIDDEN.search(str(meta.get("@click", "")))


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=200))
def test_any_text_is_laid_out_cleanly(text: str) -> None:
    document = Document()
    document.feed(text)
    document.finish()
    for width in (4, 17, 80):
        check(document.blocks)
        for line in document_lines(document.blocks, width, PALETTE):
            assert line.strip.cell_length >= 0


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://example.org/a?b=c", True),
        ("http://example.org", True),
        ("javascript:alert(1)", False),
        ("file:///etc/passwd", False),
        ("ftp://example.org", False),
        ("https://", False),
        ("vbscript:x", False),
        ("http://[", False),
    ],
)
def test_only_web_addresses_can_be_opened(url: str, kept: bool) -> None:
    assert bool(safe_url(url)) == kept


def test_an_address_is_cleaned() -> None:
    assert (
        safe_url("https://example.org/\u202egpj.exe")
        == "https://example.org/" + clean("\u202e") + "gpj.exe"
    )


def test_selected_text_is_the_source_not_its_decoration() -> None:
    document = Document()
    document.feed("- a list item that is longer than the row\n\n```py\ncode\n```\n")
    document.finish()
    lines = document_lines(document.blocks, 20, PALETTE)
    first, second, third, _, head, code = lines
    assert first.words == "• a list item that"
    assert (second.join, second.words) == (" ", "is longer than the")
    assert third.words == "row"
    assert head.words == "" and code.words == "code"


def test_wide_characters_are_cut_between_and_not_through() -> None:
    for line in document_lines_of("日本語のテキスト" * 10, 21):
        assert line.strip.cell_length <= 21


def document_lines_of(text: str, width: int):  # type: ignore[no-untyped-def]
    document = Document()
    document.feed(text)
    document.finish()
    return document_lines(document.blocks, width, PALETTE)


@pytest.mark.parametrize(
    ("natural", "room", "given"),
    [([3, 5], 20, [3, 5]), ([10, 50], 30, [10, 20]), ([40, 40], 30, [15, 15]), ([9, 9], 2, [4, 4])],
)
def test_wide_columns_give_first(natural: list[int], room: int, given: list[int]) -> None:
    assert column_widths(natural, room) == given


def test_numbered_code_counts_through_the_document() -> None:
    lines = document_lines_of("```\na\n```\n\ntext\n\n- x\n  ```\n  b\n  ```\n\n```\nc\n```\n", 40)
    drawn_rows = ["".join(segment.text for segment in line.strip).strip() for line in lines]
    assert [row for row in drawn_rows if row.isdigit()] == ["1", "2", "3"]
