"""Colours of the chat screen."""

import pytest

from support.chat_app import driven_chat
from support.rooms import Rooms


@pytest.mark.parametrize("theme", ["textual-light", "textual-dark", "nord"])
async def test_a_theme_colours_every_cell(rooms: Rooms, theme: str) -> None:
    """A light theme must be readable in a dark terminal, and the other way round."""
    rooms.backend.answers = ["# Head\n\nwords and `code`\n\n```python\nx = 1\n```\n\n> said"]
    async with driven_chat(rooms) as ui:
        ui.app.theme = theme
        await ui.ask("How?")
        await ui.answered(2)
        await ui.sees("Head", "x = 1", "said")
        strips = ui.app.screen._compositor.render_strips()
        bare = [
            segment.text
            for strip in strips
            for segment in strip
            if segment.text and (segment.style is None or segment.style.bgcolor is None)
        ]
        assert bare == []
