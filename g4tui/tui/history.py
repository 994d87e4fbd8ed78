"""What was asked before, walked with Up and Down."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from g4tui.store import Store

RECENT_SESSIONS = 15
RECENT_MESSAGES = 12
LONGEST = 4_000
"""Characters of a prompt that is worth walking back to."""


class PromptHistory:
    """Texts, oldest first; a repeated one moves to the end. `draft` is what was being typed."""

    def __init__(self, texts: Iterable[str] = (), limit: int = 500) -> None:
        self._limit = limit
        self._texts: list[str] = []
        self._place = 0
        self._draft = ""
        for text in texts:
            self.add(text)

    def add(self, text: str) -> None:
        """A prompt was sent."""
        if text.strip():
            self._texts = [*(old for old in self._texts if old != text), text][-self._limit :]
        self._place = len(self._texts)

    def add_older(self, texts: Iterable[str]) -> None:
        """Prompts of other days, oldest first, read while a new one may have been sent."""
        older = dict.fromkeys(reversed([text for text in texts if text.strip()]))
        before = [text for text in reversed(older) if text not in self._texts]
        count = len(self._texts)
        self._texts = [*before, *self._texts][-self._limit :]
        self._place += len(self._texts) - count

    def move(self, step: int, current: str) -> str | None:
        """The text `step` places on (-1: older), or `None` where there is none."""
        if self._place == len(self._texts):
            self._draft = current
        place = self._place + step
        if not 0 <= place <= len(self._texts):
            return None
        self._place = place
        return self._draft if place == len(self._texts) else self._texts[place]

    @property
    def walking(self) -> bool:
        """Whether an earlier prompt is shown."""
        return self._place < len(self._texts)


def recent_prompts(store: "Store") -> list[str]:
    """What was asked lately, oldest first. Blocks; raises `G4tuiError`."""
    found = [
        row
        for session in store.sessions(limit=RECENT_SESSIONS)
        for row in store.tail(session.id, None, RECENT_MESSAGES)
        if row.message.role == "user" and len(row.message.text) <= LONGEST
    ]
    return [row.message.text for row in sorted(found, key=lambda row: row.created)]
