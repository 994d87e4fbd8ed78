"""A forecast in the terminal."""

from g4tui_training.console import note
from g4tui_training.forecast.forecast import Forecast
from g4tui_training.spoken import duration, money
from g4tui_training.tables import print_table


def show_forecast(name: str, found: Forecast) -> None:
    """A row a stage and one for all; on what it rests goes to stderr."""
    rows = [
        [
            step.stage,
            step.what,
            f"about {duration(step.seconds)}" if step.seconds >= 1 else "",
            _size(step.disk),
            money(step.usd) if step.usd else "",
        ]
        for step in found.steps
    ]
    seconds = sum(step.seconds for step in found.steps)
    disk, usd = (
        sum(values) for values in zip(*((s.disk, s.usd) for s in found.steps), strict=True)
    )
    rows.append(["in all", "", f"about {duration(seconds)}", _size(disk), money(usd)])
    heading = ["stage", "what", "time", "disk", "dollars"]
    print_table(f"Forecast of {name}; nothing was run", heading, rows, left=(0, 1))
    for line in found.notes:
        note(line)


def _size(size: float) -> str:
    if size < 1e5:
        return ""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
