"""Keys: found for one origin only, never shown."""

import os
import re

from g4tui.core import G4tuiError, Host
from g4tui_openai.endpoints import Endpoint

_KEY_LIKE = re.compile(r"\b(?:sk|pk|rk)-[\w*.-]{6,}|(?i:bearer)\s+[\w.~+/=*-]{6,}")
HIDDEN = "[key hidden]"


class Key:
    """A key that neither `repr` nor a traceback's locals show."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return f"Key({HIDDEN})"

    def authorization(self) -> str:
        """The header's value; for the one place that sends it."""
        return f"Bearer {self._text}"

    def hidden_in(self, text: str) -> str:
        """`text` without this key."""
        return text.replace(self._text, HIDDEN)


def find_key(endpoint: Endpoint, host: Host) -> Key | None:
    """The key of this server, or `None`.

    First the environment variable that its table names (`OPENAI_API_KEY` only for OpenAI's own
    origin), then what the host keeps for this origin. A found local server never gets one.
    """
    if endpoint.found:
        return None
    variable = endpoint.key_env or ("OPENAI_API_KEY" if endpoint.official else "")
    text = (os.environ.get(variable, "") if variable else "").strip()
    text = text or (host.secret(endpoint.label, endpoint.origin) or "").strip()
    if not text:
        return None
    if not text.isascii() or not text.isprintable() or " " in text:
        raise G4tuiError(
            "auth",
            f"The key for {endpoint.host} is not a key",
            "It holds spaces or characters that a key never has.",
            f"Enter it again: g4tui keys set {endpoint.label}",
        )
    return Key(text)


def key_remedy(endpoint: Endpoint) -> str:
    """How to give this server a key."""
    variable = endpoint.key_env or ("OPENAI_API_KEY" if endpoint.official else "")
    command = f"g4tui keys set {endpoint.label}"
    return f"Run {command}, or set {variable}" if variable else f"Run {command}"


def redacted(text: str, key: Key | None) -> str:
    """`text` fit to be shown and logged: without the key and without what looks like one."""
    return _KEY_LIKE.sub(HIDDEN, key.hidden_in(text) if key else text)
