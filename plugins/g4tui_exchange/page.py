"""Sessions as one HTML file that loads nothing and runs nothing, in light and in dark."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import BinaryIO

from g4tui.plugin import Exporter, Transcript, TranscriptMessage
from g4tui_exchange.lines import moment, notes, others, speaker

# Longer code stays plain: highlighting it could take very long.
LONGEST_CODE = 50_000

_STYLE = """
header p, .told { color: var(--faint); font-size: .9rem; }
article { border-top: 1px solid var(--line); padding-top: .8rem; margin-top: 1.2rem; }
article h1, article h2, article h3 { font-size: 1.1rem; }
article > h2:first-child { font-size: 1rem; margin: 0 0 .6em; }
article > h2:first-child span { color: var(--faint); font-weight: normal; font-size: .9rem; }
article > :last-child { margin-bottom: 0; }
article.user { background: var(--raised); padding: .8rem 1rem; border-radius: .4em;
  border: 1px solid var(--line); }
article.user p { white-space: pre-wrap; }
article p, article li, article td { unicode-bidi: plaintext; }
p.told { margin-top: 1rem; }
.error { color: var(--wrong); }
nav li { margin: .2em 0; }
section + section { margin-top: 4rem; border-top: 3px solid var(--line); }
@media print { pre { white-space: pre-wrap; } article { break-inside: avoid; } }
"""


class HtmlExporter(Exporter):
    """The line that is shown of each session; several get a list of links above them."""

    name, title, suffix = "html", "HTML page", ".html"

    def write(self, transcripts: Iterable[Transcript], out: BinaryIO) -> None:
        """The sessions are rendered one by one, and the page is written whole."""
        from g4tui.html import escaped, page

        titles, bodies = [], []
        for number, transcript in enumerate(transcripts):
            titles.append(transcript.title or "Without a title")
            bodies.append(_section(transcript, number))
        contents = ""
        if len(titles) > 1:
            links = (
                f'<li><a href="#s{at}">{escaped(each)}</a></li>' for at, each in enumerate(titles)
            )
            contents = f"<nav><ol>{''.join(links)}</ol></nav>\n"
        title = titles[0] if len(titles) == 1 else f"{len(titles)} sessions"
        out.write(page(title, contents + "\n".join(bodies), _STYLE + _code_style()).encode())


def _section(transcript: Transcript, number: int) -> str:
    from g4tui.html import escaped, render

    line = transcript.shown_line()
    facts = [
        transcript.model,
        moment(transcript.created)[:16],
        *(f"#{tag}" for tag in transcript.tags),
    ]
    parts = [
        f'<section id="s{number}"><header>',
        f"<h1>{escaped(transcript.title or 'Without a title')}</h1>",
        f"<p>{escaped(' · '.join(fact for fact in facts if fact))}</p></header>",
    ]
    if transcript.system.strip():
        parts.append(f"<details><summary>System</summary>{render(transcript.system)}</details>")
    parts += [_article(message) for message in line]
    if told := others(transcript, line):
        parts.append(f'<p class="told">{escaped(told)}</p>')
    return "\n".join([*parts, "</section>"])


def _article(message: TranscriptMessage) -> str:
    from g4tui.html import escaped

    told = escaped(" · ".join(notes(message)))
    return "\n".join(
        [
            f'<article class="{escaped(message.message.role)}">',
            f"<h2>{escaped(speaker(message))} <span>{told}</span></h2>",
            *_said(message),
            "</article>",
        ]
    )


def _said(message: TranscriptMessage) -> Iterator[str]:
    from g4tui.html import escaped, render

    for attachment in message.message.attachments:
        yield f"<details><summary>File {escaped(attachment.name)}</summary>"
        yield f"<pre><code>{escaped(attachment.text)}</code></pre></details>"
    if message.message.reasoning.strip():
        yield f"<details><summary>Reasoning</summary>{render(message.message.reasoning)}</details>"
    yield render(message.message.text, _highlighted)
    if message.error is not None:
        told = escaped(f"{message.error.title}. {message.error.detail}")
        yield f'<p class="error">{told}</p>'


def _highlighted(code: str, language: str) -> str:
    """Spans with classes; nothing for a language that is not known, which leaves it plain."""
    from pygments import highlight
    from pygments.formatters.html import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    if not language or len(code) > LONGEST_CODE:
        return ""
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return ""
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))


@lru_cache(maxsize=1)
def _code_style() -> str:
    """Colours of code: a light style, and a dark one where the reader's system is dark."""
    light, dark = _rules("default"), _rules("github-dark")
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


def _rules(style: str) -> str:
    from pygments.formatters.html import HtmlFormatter

    rules = HtmlFormatter(style=style).get_style_defs("pre code").splitlines()
    # The block's own ground stays the page's.
    return "\n".join(rule for rule in rules if rule.startswith("pre code ."))
