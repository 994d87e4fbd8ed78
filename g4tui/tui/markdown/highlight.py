"""Colours for code, computed beside the UI's loop."""

from collections.abc import Sequence

from textual.content import Content

from g4tui.sanitize import clean
from g4tui.tui.markdown.blocks import CodeBlock

# Colouring is worth a moment, not a stall.
LIMIT = 50_000


def highlighted(code: str, language: str) -> Content | None:
    """`code` with colours, or `None` where the language is not known."""
    if not language or len(code) > LIMIT:
        return None
    # here, since these take 20 ms and only code needs them
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound
    from textual.highlight import highlight

    try:
        get_lexer_by_name(language)
    except ClassNotFound:
        return None
    content = highlight(code, language=language, tab_size=4)
    shown = clean(content.plain)
    # a lexer may normalise line ends; colours must sit on the very text that is shown plain
    return Content(shown, list(content.spans)) if shown == code else None


def all_highlighted(blocks: Sequence[CodeBlock]) -> list[Content | None]:
    """Colours for each block; slow, for a thread."""
    return [highlighted(block.code, block.language) for block in blocks]
