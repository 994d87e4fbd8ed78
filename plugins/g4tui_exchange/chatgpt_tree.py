"""The tree of one conversation of ChatGPT's export, as messages."""

import math
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from g4tui.core import FinishReason, Message
from g4tui.plugin import TranscriptMessage
from g4tui_exchange.chatgpt_content import said
from g4tui_exchange.trees import CIRCLES, NO_PARENTS, parents_first

Object = Mapping[str, object]
State = Literal["complete", "stopped", "interrupted"]
_NOTHING: Object = {}


class _Node(NamedTuple):
    """A node that is kept, below the nearest one above that is kept too."""

    parent: str | None
    message: TranscriptMessage


def messages_of(
    mapping: Object, current: str, model: str, left: Counter[str]
) -> tuple[tuple[TranscriptMessage, ...], str | None]:
    """Messages, parents before children and siblings as ChatGPT has them; and the head.

    `current` is the node that is shown, `model` what wrote the answers that do not say it. What is
    left out is counted in `left`. Answers that tools interrupted are one again.
    """
    nodes = {id_: node for id_, node in mapping.items() if isinstance(node, Mapping)}
    if lost := len(mapping) - len(nodes):
        left["damaged messages"] += lost
    parents = {id_: text_of(node.get("parent")) or None for id_, node in nodes.items()}
    order, cut = parents_first(_siblings_together(nodes, parents), parents)
    if cut:
        left[CIRCLES] += len(cut)
        parents |= dict.fromkeys(cut)
    if missing := sum(parent is not None and parent not in nodes for parent in parents.values()):
        left[NO_PARENTS] += missing
    kept, shown_at = _kept(nodes, parents, order, model, left)
    joined, shown_by = _joined(kept)
    place = shown_at.get(current)
    head = shown_by.get(place) if place is not None else None
    return joined, head or (joined[-1].id if joined else None)


def _siblings_together(nodes: Mapping[str, Object], parents: Mapping[str, str | None]) -> list[str]:
    """All ids, those of one parent in the order that it lists them in."""
    ids: dict[str, None] = {}
    for id_, node in nodes.items():
        if parents[id_] is None:
            ids[id_] = None
        children = node.get("children")
        for child in children if isinstance(children, list) else []:
            if isinstance(child, str) and parents.get(child) == id_:
                ids[child] = None
    return [*ids, *(id_ for id_ in nodes if id_ not in ids)]


def _kept(
    nodes: Mapping[str, Object],
    parents: Mapping[str, str | None],
    order: list[str],
    model: str,
    left: Counter[str],
) -> tuple[dict[str, _Node], dict[str, str | None]]:
    """The nodes that say something; and for every node the kept one that it shows as."""
    kept: dict[str, _Node] = {}
    shown_at: dict[str, str | None] = {}
    thoughts: dict[str | None, str] = {}  # by the node before: of the answer that comes next
    for id_ in order:
        parent = parents[id_]
        above = shown_at.get(parent) if parent is not None else None
        thought = thoughts.get(parent, "") if parent is not None else ""
        message, reasoning = _message(id_, nodes[id_], left)
        reasoning = "\n\n".join(part for part in (thought, reasoning) if part)
        if message is None:
            shown_at[id_] = above
            thoughts[id_] = reasoning
            continue
        if message.message.role == "assistant":
            said_ = msgspec.structs.replace(message.message, reasoning=reasoning)
            message = msgspec.structs.replace(
                message, message=said_, model=message.model or (f"openai:{model}" if model else "")
            )
        kept[id_] = _Node(above, message)
        shown_at[id_] = id_
    return kept, shown_at


def _message(id_: str, node: Object, left: Counter[str]) -> tuple[TranscriptMessage | None, str]:
    """What the node says, else `None`; and what was thought in it."""
    message = _object(node.get("message"))
    metadata = _object(message.get("metadata"))
    role = _object(message.get("author")).get("role")
    if role == "tool":
        left["messages of tools"] += 1
        return None, ""
    if message.get("recipient") not in (None, "", "all"):
        left["calls of tools"] += 1
        return None, ""
    words = said(message.get("content"), left)
    if not words.text.strip():
        return None, words.reasoning  # the empty root is such a node
    is_hidden = metadata.get("is_visually_hidden_from_conversation") is True
    if is_hidden or message.get("weight") == 0 or role not in ("user", "assistant"):
        left["hidden messages"] += 1
        return None, ""
    attachments = metadata.get("attachments")
    if isinstance(attachments, list) and attachments:
        left["attached files"] += len(attachments)
    created = seconds(message.get("create_time"))
    if role == "user":
        return TranscriptMessage(id_, None, Message("user", words.text), created=created), ""
    model = text_of(metadata.get("model_slug"))[:100]
    state, reason = _end(message, metadata)
    return TranscriptMessage(
        id=id_,
        parent=None,
        message=Message("assistant", words.text),
        state=state,
        model=f"openai:{model}" if model else "",
        created=created,
        finish_reason=reason,
    ), ""


def _end(message: Object, metadata: Object) -> tuple[State, FinishReason | None]:
    details = _object(metadata.get("finish_details"))
    if details.get("type") == "interrupted":
        return "stopped", "cancelled"
    if message.get("status") == "in_progress":
        return "interrupted", None
    return "complete", "length" if details.get("type") == "max_tokens" else "stop"


def _joined(kept: Mapping[str, _Node]) -> tuple[tuple[TranscriptMessage, ...], dict[str, str]]:
    """Answers without a branch between them become one; for every id the one that holds it."""
    children = Counter(node.parent for node in kept.values())
    pieces: dict[str, list[TranscriptMessage]] = {}
    parents: dict[str, str | None] = {}
    shown_by: dict[str, str] = {}
    for id_, (above, message) in kept.items():
        holder = shown_by[above] if above is not None else None
        if (
            holder is not None
            and children[above] == 1
            and message.message.role == pieces[holder][0].message.role == "assistant"
        ):
            pieces[holder].append(message)
            shown_by[id_] = holder
        else:
            pieces[id_] = [message]
            parents[id_] = holder
            shown_by[id_] = id_
    return tuple(_one(found, parents[id_]) for id_, found in pieces.items()), shown_by


def _one(pieces: list[TranscriptMessage], parent: str | None) -> TranscriptMessage:
    first, last = pieces[0], pieces[-1]
    texts = [piece.message.text for piece in pieces]
    thoughts = [piece.message.reasoning for piece in pieces if piece.message.reasoning]
    said_ = Message(first.message.role, "\n\n".join(texts), "\n\n".join(thoughts))
    return msgspec.structs.replace(
        last, id=first.id, parent=parent, message=said_, created=first.created
    )


def text_of(value: object) -> str:
    """`value` if it is a text."""
    return value if isinstance(value, str) else ""


def seconds(value: object) -> float:
    """A time, as seconds or as ISO 8601; 0 for what is none."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value).timestamp()
        except (ValueError, OverflowError, OSError):
            return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    try:
        number = float(value)
    except OverflowError:
        return 0.0
    return number if math.isfinite(number) and 0 < number < 1e11 else 0.0


def _object(value: object) -> Object:
    return value if isinstance(value, Mapping) else _NOTHING
