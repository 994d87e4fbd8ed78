"""Opening the screen from the command line."""

import gc
import os
import sys
from typing import TYPE_CHECKING

from textual.driver import Driver

from g4tui.tui.app import G4tuiApp
from g4tui.tui.startup import early_theme, open_services
from g4tui.tui.themes import has_few_colours

if TYPE_CHECKING:
    from g4tui.config.personas import Persona
    from g4tui.paths import Paths


def run(
    *,
    paths: "Paths",
    model: str | None = None,
    session: str | None = None,
    persona: "Persona | None" = None,
    plugins: bool = True,
) -> int:
    """Open the screen; the exit status. What cannot be read is told on the screen."""
    app = G4tuiApp(
        lambda: open_services(paths, plugins=plugins),
        model=model or "",
        session=session or "",
        persona=persona,
        theme=early_theme(paths),
        few_colours=has_few_colours(),
        driver_class=our_driver(),
        when_loaded=gc.freeze,  # to look through all that was imported takes 100 ms each time
    )
    app.run()
    return app.return_code or 0


def our_driver() -> type[Driver] | None:
    """Ours, where Textual's for Unix would be used."""
    if sys.platform == "win32" or os.environ.get("TEXTUAL_DRIVER"):
        return None
    from g4tui.tui.driver import Driver as OurDriver

    return OurDriver
