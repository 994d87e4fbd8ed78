"""What a chat shows before its first message."""

from g4tui.tui.widgets.entries import WelcomeEntry
from g4tui.tui.words import model_label


def welcome(model: str) -> WelcomeEntry:
    """Who answers, and the keys that one needs first."""
    return WelcomeEntry(
        [
            ("Ask something", "title"),
            ("", ""),
            (f"{model_label(model)} answers. Every word is saved on this machine.", "hint"),
            ("", ""),
            ("Ctrl+O   another model", "note"),
            ("Ctrl+G   parameters and system prompt", "note"),
            ("Ctrl+B   earlier chats", "note"),
            ("F1       all keys", "note"),
        ]
    )
