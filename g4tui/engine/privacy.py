"""A private session never leaves this machine, whatever was agreed to before it became one."""

from g4tui.core import G4tuiError
from g4tui.store import SessionRow


def check_may_go(session: SessionRow, host: str) -> None:
    """Raises `G4tuiError` where a private session would go to `host`; an empty one is here."""
    if session.private and host:
        raise G4tuiError(
            "usage",
            "This session is private",
            f"It never leaves this machine, and the model is on {host}.",
            "Choose a local model, or begin another session.",
        )
