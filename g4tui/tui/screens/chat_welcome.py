"""What a chat shows before its first message."""

from typing import TYPE_CHECKING

from g4tui.tui.widgets.entries import WelcomeEntry
from g4tui.tui.words import model_label

if TYPE_CHECKING:
    from g4tui.tui.flow import Flow
    from g4tui.tui.screens.chat_base import ChatBase


class ChatWelcome:
    """Draws an empty chat, and where its words will go."""

    def __init__(self, screen: "ChatBase") -> None:
        self._screen = screen
        self._lack = ""

    def show(self, model: str) -> None:
        """What is known at once."""
        screen = self._screen
        self._lack = ""
        screen.status.context = None
        screen.transcript.more_before = screen.transcript.more_after = False
        screen.transcript.show([welcome(model)])

    async def find_place(self, flow: "Flow") -> None:
        """What plugins have to be asked for: the host, and whether there is such a model at all."""
        place = await flow.destination() or "offline"
        self._screen.header.place = f"{place}, private" if flow.is_private else place
        lack = await flow.lacking() if flow.session is None else ""
        if flow.session is None and lack != self._lack:
            self._lack = lack
            self._screen.transcript.show([welcome(flow.choice.model, lack)])


def welcome(model: str, lack: str = "") -> WelcomeEntry:
    """Who answers, or for lack of what nobody does, and the keys that one needs first."""
    name = model_label(model)
    who = [(f"{name} answers. Every word is saved on this machine.", "hint")]
    if lack:
        who = [(f"{name} is not available: Ctrl+O chooses another model.", "warning")]
        who += [(f"{lack}.", "hint")]
    return WelcomeEntry(
        [
            ("Ask something", "title"),
            ("", ""),
            *who,
            ("", ""),
            ("Ctrl+O   another model", "note"),
            ("Ctrl+G   parameters and system prompt", "note"),
            ("Ctrl+B   earlier chats", "note"),
            ("F1       all keys", "note"),
        ]
    )
