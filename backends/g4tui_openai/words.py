"""A server's own words about an error, in the many shapes that servers give them."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from time import time

import msgspec


class Words(msgspec.Struct, frozen=True):
    """As far as it can be read: `named` is the field that the server complains of."""

    message: str = ""
    code: str = ""
    named: str = ""

    @property
    def text(self) -> str:
        """Code and message, to look for meaning in."""
        return f"{self.code} {self.message}"


def words_of(body: object) -> Words:
    """OpenAI's shape, FastAPI's, a bare string; nothing of a web page."""
    if isinstance(body, Mapping) and isinstance(body.get("error"), Mapping | str):
        body = body["error"]
    if isinstance(body, str):
        return Words("" if is_page(body) else body)
    if not isinstance(body, Mapping):
        return Words()
    detail = body.get("detail")
    message = body.get("message")
    if not isinstance(message, str):
        message = msgspec.json.encode(detail).decode() if isinstance(detail, list) else detail
    codes = [str(body[name]) for name in ("code", "type") if body.get(name)]
    numeric = next((code for code in codes if code.isdecimal()), "")
    named = body.get("param")
    if not isinstance(named, str) and isinstance(detail, list) and detail:
        named = _location(detail[0])
    return Words(
        message if isinstance(message, str) else "",
        numeric or " ".join(codes),
        named if isinstance(named, str) else "",
    )


def is_page(text: str) -> bool:
    """Whether this is HTML."""
    return bool(re.match(r"\s*<(?:!doctype|html|head|body)", text, re.IGNORECASE))


def _location(item: object) -> str | None:
    """The field of a FastAPI validation error."""
    where = item.get("loc") if isinstance(item, Mapping) else None
    if isinstance(where, list) and len(where) > 1 and isinstance(where[1], str):
        return where[1]
    return None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait: a number, or until a date."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) / unit
        except (KeyError, ValueError):
            continue
        if 0 <= seconds < 1e6:
            return seconds
    try:
        return max(parsedate_to_datetime(headers.get("retry-after", "")).timestamp() - time(), 0.0)
    except (TypeError, ValueError):
        return None
