"""`/` in the messages: what is looked for, and how many messages have it."""

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Static

from g4tui.tui.messages import FindSettled, FindWanted


class FindBar(Horizontal):
    """Hidden until it is opened. `said` tells how far one is."""

    DEFAULT_CSS = """
    FindBar {
        height: 1; padding: 0 1; display: none; background: $surface;
        &.-open { display: block; }
        #find-here { border: none; height: 1; width: 1fr; padding: 0 1; background: $surface; }
        #find-said { width: auto; padding: 0 1; color: $text-muted; }
        #find-sign { width: 2; color: $text-accent; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static("/", id="find-sign")
        yield Input(id="find-here", select_on_focus=True)
        yield Static("", id="find-said", markup=False)

    @property
    def field(self) -> Input:
        """Where one types."""
        return self.query_one("#find-here", Input)

    @property
    def is_open(self) -> bool:
        """Whether it is there."""
        return self.has_class("-open")

    def open(self, text: str = "") -> None:
        """Show it, with a text that is looked for already."""
        self.add_class("-open")
        with self.prevent(Input.Changed):
            self.field.value = text

    def close(self) -> None:
        """Hide it."""
        self.remove_class("-open")
        with self.prevent(Input.Changed):
            self.field.value = ""
        self.say("")

    def say(self, text: str) -> None:
        """How far one is."""
        self.query_one("#find-said", Static).update(text)

    def take_key(self, event: events.Key) -> None:
        """A key that was typed before the field had the focus."""
        if event.key == "enter":
            self.post_message(FindSettled())
        elif event.character is not None:
            self.field.insert_text_at_cursor(event.character)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(FindWanted(event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(FindSettled())
