"""The TUI as a program, on a scripted backend: `python scripted_tui.py HOME SCRIPT.json`.

The script is a list of answers; each is a text or a list of tagged events (see `core.events`).
`DELAY_S` in the environment: seconds before each piece of text.
"""

import os
import sys
from pathlib import Path

import msgspec

from g4tui.core import Event
from g4tui.testing import ScriptedBackend
from g4tui.tui.app import G4tuiApp
from g4tui.tui.launch import our_driver
from g4tui.tui.services import Services
from support.rooms import make_rooms
from support.screen_host import services_of


def main() -> int:
    """Run it; the exit status."""
    home, script = Path(sys.argv[1]), Path(sys.argv[2])
    answers = msgspec.json.decode(script.read_bytes(), type=list[str | list[Event]])

    def open_services() -> Services:
        backend = ScriptedBackend(
            answers,
            models=os.environ.get("MODELS", "parrot").split(","),
            delay_s=float(os.environ.get("DELAY_S", "0")),
        )
        rooms = make_rooms(home, backend)
        rooms.store.recover()
        return services_of(rooms)

    model = os.environ.get("MODEL", "scripted:parrot")
    app = G4tuiApp(open_services, model=model, driver_class=our_driver())
    app.run()
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main())
