"""Sessions and their messages as scripts see them."""

import msgspec

from g4tui.cli.output import error_object, usage_object
from g4tui.store import MessageRow, SessionRow


def session_object(row: SessionRow) -> dict[str, object]:
    """A session as scripts see it in a list."""
    return {
        "id": row.id,
        "title": row.title,
        "created": row.created,
        "updated": row.updated,
        "model": row.model,
        "messages": row.messages,
        "tags": row.tags,
        "pinned": row.pinned,
        "archived": row.archived,
        "deleted": row.deleted,
    }


def message_object(row: MessageRow) -> dict[str, object]:
    """A message as scripts see it."""
    return {
        "id": row.id,
        "parent": row.parent,
        "role": row.message.role,
        "text": row.message.text,
        "reasoning": row.message.reasoning,
        "attachments": msgspec.to_builtins(row.message.attachments),
        "state": row.state,
        "model": row.model,
        "params": row.params,
        "usage": usage_object(row.usage),
        "error": error_object(row.error) if row.error is not None else None,
        "finish_reason": row.finish_reason,
        "starred": row.starred,
        "corrects": row.corrects,
        "created": row.created,
    }
