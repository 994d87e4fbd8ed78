"""Values to columns and back. Text may hold what SQLite's text cannot: lone surrogates."""

import json
from typing import TypeVar

import msgspec

from g4tui.core import Attachment

Value = TypeVar("Value", bound=msgspec.Struct)


def text_column(text: str) -> str | bytes:
    """`text` as it is, or its bytes where it holds lone surrogates (a broken stream may)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def column_text(column: str | bytes) -> str:
    """The text that `text_column` was given."""
    return column if isinstance(column, str) else column.decode("utf-8", "surrogatepass")


def struct_column(value: msgspec.Struct | None) -> str | bytes:
    """JSON, or an empty text for `None` and for a value that holds nothing but defaults."""
    if value is None:
        return ""
    text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False)
    return "" if text == "{}" else text_column(text)


def column_struct(column: str | bytes, kind: type[Value]) -> Value | None:
    """The value that `struct_column` was given; `None` for an empty column."""
    return msgspec.convert(json.loads(column_text(column)), kind) if column else None


def attachments_column(attachments: tuple[Attachment, ...]) -> str | bytes:
    """JSON, or an empty text where there are none."""
    if not attachments:
        return ""
    return text_column(json.dumps(msgspec.to_builtins(attachments), ensure_ascii=False))


def column_attachments(column: str | bytes) -> tuple[Attachment, ...]:
    """The attachments that `attachments_column` was given."""
    if not column:
        return ()
    return msgspec.convert(json.loads(column_text(column)), tuple[Attachment, ...])
