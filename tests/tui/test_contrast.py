"""Our own themes: what is written can be read, on every screen."""

from textual.color import Color
from textual.geometry import Region

from g4tui.core import ErrorInfo, Failed, TextDelta
from g4tui.tui.themes import own_themes
from support.chat_app import Driven, driven_chat
from support.rooms import Rooms

READABLE = 4.5
"""WCAG 2, level AA."""
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


def unreadable(ui: Driven) -> list[str]:
    """Words of the front screen with too little contrast; a dialog's alone, where there is one."""
    screen = ui.app.screen
    frames = screen.query("#frame, #--container")
    region = frames.first().region if screen.is_modal and frames else Region(0, 0, *screen.size)
    found = []
    for strip in screen._compositor.render_strips()[region.y : region.bottom]:
        for text, style, _ in strip.crop(region.x, region.right):
            if not any(letter.isalnum() for letter in text):
                continue
            assert style is not None and style.color is not None and style.bgcolor is not None, text
            above, below = Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)
            ratio = contrast(above, below)
            if ratio < READABLE:
                found.append(f"{ratio:.2f} {above.hex} on {below.hex}: {text.strip()[:40]}")
    return found


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


async def test_words_stand_out_on_screens_of_every_kind(rooms: Rooms) -> None:
    broken = Failed(ErrorInfo("server", "It broke", "The detail of it.", "Wait."))
    rooms.backend.answers = [ANSWER, [TextDelta("half"), broken]]
    found: list[str] = []
    async with driven_chat(rooms, size=(110, 50)) as ui:

        async def look(where: str) -> None:
            for theme in THEMES:
                ui.app.theme = theme
                await ui.pilot.pause()
                found.extend(f"{theme}, {where}: {words}" for words in unreadable(ui))

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
