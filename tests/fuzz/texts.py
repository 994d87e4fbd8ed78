"""Text on its way to a screen, a Markdown file and a web page."""

from io import BytesIO

from hypothesis import strategies as st
from textual.style import Style

from fuzz.target import Bytes, Things
from g4tui.core import Attachment, ErrorInfo, Message
from g4tui.html import render
from g4tui.plugin import Transcript, TranscriptMessage, TranscriptTurn, TranscriptVote
from g4tui.sanitize import clean, clean_line
from g4tui.tui.markdown.document import Document
from g4tui.tui.markdown.layout import document_lines
from g4tui.tui.markdown.lines import Palette
from g4tui_exchange.inert import Inert, one_line
from g4tui_exchange.markdown import MarkdownExporter
from g4tui_exchange.messages import MessagesExporter, MessagesImporter
from g4tui_exchange.page import HtmlExporter
from g4tui_exchange.sessions_json import JsonExporter, JsonImporter
from support.hostile_text import ANY_TEXT, HOSTILE, forbidden
from support.inert import WEB, Seen, check_html, check_markdown
from support.transcripts import transcripts

PALETTE = Palette(lambda role: Style.null(), 1)
SEEDS = (
    "# Title\n\nSome **bold**, `code`, [a link](https://a.b 'x'), <https://a.b>.\n\n- one\n  1. x",
    "| a | b |\n|---|--:|\n| 1 | &#8238; |\n\n```py\n<b>\n```\n~~~~&#8238;\nopen",
    "You\n===\n\n[a](javascript:x) ![p](https://t/x) [b]: data:x\n\n<!-- a\n\n<script>x</script>",
    "> 1. `<b>` ``<i>``\n>    ```python\n>    x\n\n- [ ] to do\n- [x] done\n\\<b> &lt;b>\n    code",
    "<think>hm</think>\x1b[2J\u202e\U000e0041\ud800 a\\\nb  \nc\n\n[x]: <y:z> 'q'\n[x] ~~no~~",
)
CODE = ("`", "```", "~~~", "    ", "&#8238;", "&lt;", "\\", "<b>", "<!--", "-->", "<script>")
BLOCKS = ("\n", "\n\n", "- ", "1. ", "> ", "# ", "|", "|-|\n", "x: y", "===\n", "---\n")
INLINE = ("](", "[", "![", "](javascript:x)", "*", "_", "(", ")", "<https:")
PIECES = st.sampled_from((*CODE, *BLOCKS, *INLINE))
WRITTEN = st.lists(PIECES | HOSTILE | ANY_TEXT, max_size=12).map("".join)


def text_of(data: bytes) -> str:
    """Any text: bytes that are no UTF-8 are lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def seeds() -> list[bytes]:
    """Markdown that uses most of what there is."""
    return [text.encode("utf-8", "surrogatepass") for text in SEEDS]


def check_sanitiser(chunks: list[str]) -> None:
    """Nothing forbidden is left, whatever the cuts, and what is left can be written."""
    whole = "".join(chunks)
    for cleaner in (clean, clean_line):
        shown = cleaner(whole)
        assert not [hex(ord(each)) for each in shown if forbidden(each)]
        assert "".join(map(cleaner, chunks)) == shown == cleaner(shown)
        shown.encode()
    assert not set(clean_line(whole)) & {"\n", "\t"}


def check_screen(data: bytes) -> None:
    """A stream of Markdown, as it grows and when it is whole, gives clean lines."""
    text = text_of(data)[:2000]
    document = Document()
    for start in range(0, len(text), max(1, len(text) // 3)):
        document.feed(text[start : start + max(1, len(text) // 3)])
        document.update()
    document.finish()
    for width in (4, 60):
        for line in document_lines(document.blocks, width, PALETTE):
            assert not [hex(ord(each)) for each in line.strip.text if forbidden(each)]


def check_inert_markdown(data: bytes) -> None:
    """What is exported as Markdown can do nothing."""
    text = text_of(data)
    check_markdown(Inert().text(text))
    check_markdown(f"# {one_line(text)}")


def check_rendered(data: bytes) -> None:
    """What is exported as HTML can do nothing."""
    check_html(render(text_of(data)))


def session_of(data: bytes) -> Transcript:
    """A session whose every text is a part of `data`, cut at NULs."""
    parts = iter(text_of(data).split("\0"))

    def part() -> str:
        return next(parts, "")

    title = part()
    error = ErrorInfo("server", part() or "t", part(), "r")
    asked = Message("user", part(), attachments=(Attachment(part(), part()),))
    told = Message("assistant", part(), part())
    messages = (
        TranscriptMessage("q", None, asked),
        TranscriptMessage("a", "q", told, state="failed", model=part(), error=error),
        TranscriptMessage("b", "q", Message("assistant", part()), model=part()),
    )
    vote = TranscriptVote(("a", "b"), ("b", "a"), "right", reason=part(), created=2.0)
    turn = TranscriptTurn(("a", "b"), ("b", "a"), created=1.0, votes=(vote,))
    return Transcript(
        title=title[:300] if clean_line(title[:300]).strip() else "t",
        messages=messages,
        head="a",
        created=1.0,
        updated=2.0,
        model=part(),
        system=part(),
        origin=part() or "o",
        tags=(part() or "x",),
        turns=(turn,),
    )


def session_seeds() -> list[bytes]:
    """Markdown in every place."""
    texts = [text.encode("utf-8", "surrogatepass") for text in SEEDS]
    return [b"\0".join((texts[at:] + texts[:at]) * 3) for at in range(len(texts))]


def check_session(data: bytes) -> None:
    """One session in every format."""
    check_exports([session_of(data)])


def check_exports(sessions: list[Transcript]) -> None:
    """Whole sessions in every format: inert, and JSON that comes back equal."""
    out = {kind: BytesIO() for kind in (HtmlExporter, MarkdownExporter, MessagesExporter)}
    for kind, file in out.items():
        kind().write(sessions, file)
    page = out[HtmlExporter].getvalue().decode()
    seen = Seen(page)
    assert not set(seen.tags) & {"script", "img", "iframe", "object", "link", "form", "base"}
    assert not {name for name, _ in seen.attributes if name.startswith("on")}
    links = [value or "" for name, value in seen.attributes if name == "href"]
    assert all(link.lower().startswith((*WEB, "#s")) or not link for link in links), links
    assert not [hex(ord(each)) for each in page if forbidden(each)]
    written = out[MarkdownExporter].getvalue().decode()
    assert not [hex(ord(each)) for each in written if forbidden(each)]
    if len(sessions) == 1:
        check_markdown(written.split("\n---\n", 1)[1])
    assert all(0x20 <= byte < 0x7F or byte == 0x0A for byte in out[MessagesExporter].getvalue())
    for row in out[MessagesExporter].getvalue().splitlines():
        (again,) = MessagesImporter().read(BytesIO(row))
        assert isinstance(again, Transcript)
    kept = BytesIO()
    JsonExporter().write(sessions, kept)
    kept.seek(0)
    assert list(JsonImporter().read(kept)) == sessions


TARGETS = (
    Things("sanitiser", check_sanitiser, st.lists(ANY_TEXT | HOSTILE)),
    Bytes("screen", check_screen, seeds),
    Bytes("markdown", check_inert_markdown, seeds),
    Bytes("html", check_rendered, seeds),
    Bytes("export-session", check_session, session_seeds),
    Things("exports", check_exports, st.lists(transcripts(WRITTEN), max_size=2)),
)
