"""The compare screen as a picture: side by side, and as tabs."""

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from g4tui.tui import words
from g4tui.tui.app import G4tuiApp
from support.compare_screen import STUDENT, Comparison, compare_rooms
from support.screen_host import services_of


@pytest.mark.parametrize("size", [(120, 30), (80, 24)])
def test_a_compared_turn(
    home: Path, monkeypatch: pytest.MonkeyPatch, snap_compare: Any, size: tuple[int, int]
) -> None:
    monkeypatch.setattr(words, "clock", lambda created, now: "14:02")
    teacher = "Yes. A **quantised** 7B model needs about *4 GB*; see `g4tui models`."
    rooms = compare_rooms(home, {"teacher": [teacher], "student": ["Yes, you can use a laptop."]})
    services = services_of(rooms)
    app = G4tuiApp(lambda: services, model=STUDENT)

    async def before(pilot: Pilot[Any]) -> None:
        ui = Comparison(app, pilot, rooms)
        await ui.until(lambda: ui.chat.flow is not None)
        await ui.press("ctrl+t")
        await ui.until(lambda: app.compare is not None and bool(ui.title(1)))
        await ui.put("Can I run a large language model on a laptop?")
        await ui.done()
        await ui.press("1")
        await ui.until(lambda: rooms.store.votes())
        await ui.sees("vote: left")
        ui.screen.prompt_box.prompt.cursor_blink = False
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=before)
    rooms.store.close()
