"""What is told of a session's messages."""

from datetime import datetime

from g4tui.plugin import Transcript, TranscriptMessage


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
