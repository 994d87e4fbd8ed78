"""What was typed and not sent, for each chat, kept until the next start."""

import os
import secrets
from pathlib import Path

import msgspec

from g4tui.core import Attachment

MOST = 200
"""Chats whose draft is kept; the oldest go first."""


class Draft(msgspec.Struct, frozen=True):
    """The text and what goes with it."""

    text: str
    attachments: tuple[Attachment, ...] = ()


class Drafts:
    """By session; `""` is the chat that has not begun. Blocks on the disk in `load` and `save`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._drafts: dict[str, Draft] = {}
        self._saved = b""

    def load(self) -> None:
        """Read what the last run left; a file that cannot be read holds nothing of use."""
        try:
            self._saved = self._file.read_bytes()
            older = msgspec.json.decode(self._saved, type=dict[str, Draft])
        except (OSError, msgspec.DecodeError):
            return
        self._drafts = {**older, **self._drafts}

    def keep(self, session: str, draft: Draft) -> None:
        """Its draft is this now; an empty one is none."""
        self._drafts.pop(session, None)
        if draft.text.strip() or draft.attachments:
            self._drafts[session] = draft
            for oldest in list(self._drafts)[:-MOST]:
                del self._drafts[oldest]

    def take(self, session: str) -> Draft | None:
        """Its draft, if there is one."""
        return self._drafts.get(session)

    def save(self) -> None:
        """Write all of them (mode 0600), whole or not at all. Raises `OSError`."""
        data = msgspec.json.encode(self._drafts)
        if data == self._saved or (not self._drafts and not self._saved):
            return
        partial = self._file.with_name(f".{self._file.name}.{secrets.token_hex(4)}")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            partial.replace(self._file)
        finally:
            partial.unlink(missing_ok=True)
        self._saved = data
