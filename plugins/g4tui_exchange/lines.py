"""The line of a session that is shown, and what is told of its messages."""

from datetime import datetime

from g4tui.plugin import Transcript, TranscriptMessage


def shown_line(transcript: Transcript) -> list[TranscriptMessage]:
    """From the first message to the head (without one: to the last message), first one first."""
    messages = {message.id: message for message in transcript.messages}
    head = transcript.head
    if head is None and transcript.messages:
        head = transcript.messages[-1].id
    line = []
    while head is not None and head in messages:
        message = messages.pop(head)  # taken out: a circle ends
        line.append(message)
        head = message.parent
    return line[::-1]


def speaker(message: TranscriptMessage) -> str:
    """Who said it."""
    if message.message.role == "user":
        return "You"
    return message.model or message.message.role.capitalize()


def notes(message: TranscriptMessage) -> list[str]:
    """When, and what is not as it should be."""
    told = [moment(message.created)[:16]]
    if message.state != "complete":
        told.append(message.state)
    if message.finish_reason == "length":
        told.append("cut at its longest")
    if message.starred:
        told.append("starred")
    return [each for each in told if each]


def moment(seconds: float) -> str:
    """A local time with its offset, as `2026-01-31 14:02:00+01:00`; empty where it is not known."""
    if not seconds:
        return ""
    try:
        return datetime.fromtimestamp(seconds).astimezone().isoformat(" ", "seconds")
    except (OverflowError, ValueError, OSError):
        return ""


def others(transcript: Transcript, shown: list[TranscriptMessage]) -> str:
    """How much of the session is not on the line that is shown; empty where all of it is."""
    count = len(transcript.messages) - len(shown)
    if count <= 0:
        return ""
    return f"{count} more {'message is' if count == 1 else 'messages are'} on other branches."
