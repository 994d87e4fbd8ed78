"""Our own themes: what is written can be read, on every screen."""

import pytest
from rich.color import ColorSystem
from textual.color import Color
from textual.geometry import Region

from g4tui.core import ErrorInfo, Failed, TextDelta
from g4tui.tui.themes import own_themes
from support.chat_app import Driven, driven_chat
from support.rooms import Rooms

READABLE = 4.5
"""WCAG 2, level AA."""
DISCERNIBLE = 3.9
"""What the grey of 16 colours, which is for code's comments, has on white in most terminals."""
ANSWER = """\
# Heading

Words, *soft*, **loud**, `code`, a [link](https://example.com) and ~~not~~ this.

> said

| a | b |
|---|---|
| 1 | two |

```python
# a comment
import os
class Thing(Exception):
    \"\"\"Says what.\"\"\"
    @property
    def name(self) -> str: return f"{self.x!r}" + 'y' * 3 if None else os.sep
```
"""
THEMES = [theme.name for theme in own_themes()]


def unreadable(ui: Driven, *, few_colours: bool = False) -> list[str]:
    """Words of the front screen with too little contrast; a dialog's alone, where there is one.

    `few_colours`: as a terminal of 16 shows them.
    """
    screen = ui.app.screen
    frames = screen.query("#frame, #--container")
    region = frames.first().region if screen.is_modal and frames else Region(0, 0, *screen.size)
    found = []
    for strip in screen._compositor.render_strips()[region.y : region.bottom]:
        for text, style, _ in strip.crop(region.x, region.right):
            if not any(letter.isalnum() for letter in text):
                continue
            assert style is not None and style.color is not None and style.bgcolor is not None, text
            both = [style.color, style.bgcolor]
            if few_colours:
                both = [each.downgrade(ColorSystem.STANDARD) for each in both]
            above, below = (Color(*each.get_truecolor()) for each in both)
            ratio = contrast(above, below)
            if ratio < (DISCERNIBLE if few_colours else READABLE):
                found.append(f"{ratio:.2f} {above.hex} on {below.hex}: {text.strip()[:40]}")
    return found


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", *THEMES])
async def test_of_16_colours_the_prompt_has_not_that_of_an_error(rooms: Rooms, theme: str) -> None:
    async with driven_chat(rooms, few_colours=True) as ui:
        ui.app.theme = theme
        await ui.pilot.pause()
        _, border = ui.chat.prompt_box.styles.border_top
        shown = border.rich_color.downgrade(ColorSystem.STANDARD).number
        assert shown not in (1, 9), "the two reds"


def contrast(one: Color, other: Color) -> float:
    """WCAG's ratio, 1 to 21."""
    lighter, darker = sorted(map(luminance, (one, other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: Color) -> float:
    parts = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
        for part in color.normalized
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize("few_colours", [False, True])
async def test_words_stand_out_on_screens_of_every_kind(rooms: Rooms, few_colours: bool) -> None:
    broken = Failed(ErrorInfo("server", "It broke", "The detail of it.", "Wait."))
    rooms.backend.answers = [ANSWER, [TextDelta("half"), broken]]
    found: list[str] = []
    async with driven_chat(rooms, size=(110, 50), few_colours=few_colours) as ui:

        async def look(where: str) -> None:
            for theme in THEMES:
                ui.app.theme = theme
                await ui.pilot.pause()
                seen = unreadable(ui, few_colours=few_colours)
                found.extend(f"{theme}, {where}: {words}" for words in seen)

        await ui.ask("How?")
        await ui.answered(2)
        await ui.ask("And then?")
        await ui.sees("It broke", "Thing", "two")
        ui.chat.sessions.focus()
        await look("chat and list")
        for key, words in (
            ("ctrl+f", "Find in all chats"),
            ("ctrl+g", "System prompt"),
            ("f2", "Rename"),
        ):
            await ui.press(key)
            await ui.sees(words)
            await look(words)
            await ui.press("escape")
            await ui.until(lambda: ui.app.screen is ui.chat)
    assert not found, "\n".join(found)
