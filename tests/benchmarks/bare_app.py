"""The least that a Textual application can be: it imports nothing that it does not need."""

from textual.app import App, ComposeResult
from textual.widgets import Static


class Bare(App[None]):
    """One line."""

    def compose(self) -> ComposeResult:
        yield Static("Bare and painted")


if __name__ == "__main__":
    Bare().run()
