"""The looks of a transcript: each role is a component class, so that a theme colours it."""

from textual.style import Style
from textual.widget import Widget

ROLES = [
    "em",
    "strong",
    "strike",
    "code",
    "link",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "mark",
    "rule",
    "code-head",
    "code-block",
    "table-head",
    "you",
    "answerer",
    "siblings",
    "note",
    "warning",
    "chip",
    "thinking-head",
    "thinking",
    "bar-full",
    "bar-rest",
    "error-edge",
    "error-title",
    "remedy",
    "log",
    "keys",
    "user-bar",
    "cursor-bar",
    "badge",
    "title",
    "hint",
]
CLASSES = frozenset(f"transcript--{role}" for role in ROLES)

CSS = """
Transcript {
    .transcript--em { text-style: italic; }
    .transcript--strong { text-style: bold; }
    .transcript--strike { text-style: strike; }
    .transcript--code { color: $text-warning; background: $foreground 8%; }
    .transcript--link { color: $text-accent; text-style: underline; }
    .transcript--h1 { color: $text-primary; text-style: bold underline; }
    .transcript--h2 { color: $text-primary; text-style: bold; }
    .transcript--h3 { color: $text-primary; text-style: bold; }
    .transcript--h4, .transcript--h5, .transcript--h6 { text-style: bold italic; }
    .transcript--mark { color: $text-accent; }
    .transcript--rule { color: $foreground 25%; }
    .transcript--code-head { color: $foreground 55%; background: $foreground 10%; }
    .transcript--code-block { background: $foreground 6%; }
    .transcript--table-head { text-style: bold; }
    .transcript--you { color: $text-primary; text-style: bold; }
    .transcript--answerer { color: $text-success; text-style: bold; }
    .transcript--siblings { color: $text-accent; text-style: bold; }
    .transcript--note { color: $foreground 55%; }
    .transcript--warning { color: $text-warning; }
    .transcript--chip { color: $text-accent; }
    .transcript--thinking-head { color: $foreground 60%; text-style: italic; }
    .transcript--thinking { color: $foreground 60%; }
    .transcript--bar-full { color: $accent; }
    .transcript--bar-rest { color: $foreground 20%; }
    .transcript--error-edge { color: $error; }
    .transcript--error-title { color: $text-error; text-style: bold; }
    .transcript--remedy { text-style: bold; }
    .transcript--log { color: $foreground 55%; }
    .transcript--keys { color: $text-accent; }
    .transcript--user-bar { color: $primary; }
    .transcript--cursor-bar { color: $accent; text-style: bold; }
    .transcript--badge { color: $text; background: $accent; text-style: bold; }
    .transcript--title { color: $text-primary; text-style: bold; }
    .transcript--hint { color: $foreground 75%; }
}
"""

_KNOWN = frozenset(ROLES)


def resolve(widget: Widget, role: str) -> Style:
    """A role's style, or one written out (`$text-accent bold`), as the code colours are.

    Only what the role sets is in it, with see-through colours mixed over the widget's own.
    """
    if role not in _KNOWN:
        return Style.parse(role)
    styles = widget.get_component_styles(f"transcript--{role}")
    _, ground = widget.background_colors
    background = ground + styles.background if styles.has_rule("background") else None
    foreground = None
    if styles.has_rule("color"):
        under = background or ground
        color = under.get_contrast_text(styles.color.a) if styles.auto_color else styles.color
        foreground = under + color
    look = styles.text_style
    return Style(
        background=background,
        foreground=foreground,
        bold=look.bold,
        dim=look.dim,
        italic=look.italic,
        underline=look.underline,
        reverse=look.reverse,
        strike=look.strike,
    )
