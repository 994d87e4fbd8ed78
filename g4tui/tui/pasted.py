"""Big pastes: a text that no editor should hold becomes an attachment of the message."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from g4tui.core.messages import Attachment

INLINE_CHARACTERS = 4_000
INLINE_LINES = 60


def is_big(text: str) -> bool:
    """Whether a paste is better kept as a chip than typed into the prompt."""
    return len(text) > INLINE_CHARACTERS or text.count("\n") > INLINE_LINES


def as_attachment(text: str, number: int) -> "Attachment":
    """The paste as an attachment, its line ends made one kind; the text is not cleaned."""
    from g4tui.core.messages import Attachment

    return Attachment(f"pasted-{number}.txt", for_editor(text))


def for_editor(text: str) -> str:
    """A small paste with its line ends made one kind."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
