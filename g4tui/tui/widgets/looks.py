"""The looks of a transcript: a style for each role, in the theme's colours.

They are no component classes: Textual would parse and match a rule for each at every start and at
every move of the focus.
"""

import dataclasses

from textual.style import Style
from textual.widget import Widget

LOOKS = {
    "em": "italic",
    "strong": "bold",
    "strike": "strike",
    "code": "$text-warning on $foreground 8%",
    "link": "underline $text-accent",
    "h1": "bold underline $text-primary",
    "h2": "bold $text-primary",
    "h3": "bold $text-primary",
    "h4": "bold italic",
    "h5": "bold italic",
    "h6": "bold italic",
    "mark": "$text-accent",
    "rule": "$foreground 25%",
    "code-head": "$foreground-muted on $foreground 10%",
    "code-block": "on $foreground 6%",
    "table-head": "bold",
    "you": "bold $text-primary",
    "answerer": "bold $text-success",
    "siblings": "bold $text-accent",
    "note": "$foreground-muted",
    "warning": "$text-warning",
    "chip": "$text-accent",
    "thinking-head": "italic $foreground-muted",
    "thinking": "$foreground-muted",
    "bar-full": "$accent",
    "bar-rest": "$foreground 20%",
    "error-edge": "$error",
    "error-title": "bold $text-error",
    "remedy": "bold",
    "log": "$foreground-muted",
    "keys": "$text-accent",
    "user-bar": "$primary",
    "cursor-bar": "bold $accent",
    "badge": "bold auto on $accent",
    "found": "bold auto on $warning 70%",
    "star": "$text-warning",
    "title": "bold $text-primary",
    "hint": "$foreground 75%",
}


def resolve(widget: Widget, role: str) -> Style:
    """A role's style, or one written out (`$text-accent bold`), as the code colours are.

    Only what the role sets is in it, with see-through colours mixed over the widget's own.
    """
    if role not in LOOKS:
        return Style.parse(role)
    style = Style.parse(LOOKS[role])
    _, ground = widget.background_colors
    background = None if style.background is None else ground + style.background
    under = background or ground
    foreground = style.foreground
    if style.auto_color:
        foreground = under.get_contrast_text(1.0 if foreground is None else foreground.a)
    if foreground is not None:
        foreground = under + foreground
    return dataclasses.replace(
        style, background=background, foreground=foreground, auto_color=False
    )
