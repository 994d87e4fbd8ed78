"""Trees of messages, as Open Assistant publishes them: nested, or flat with links."""

from collections.abc import Iterable, Iterator, Mapping

from g4tui.core import G4tuiError
from g4tui_training.lines import Broken
from g4tui_training.pairs import Turn
from g4tui_training.sources.records import (
    Draft,
    Record,
    Unfit,
    as_number,
    as_text,
    turn_of,
)

MAX_DEPTH = 200
MAX_LINKED = 2_000_000
_OWN_ID = ("message_id", "user_message_id", "id")
_PARENT = ("parent_id", "parent_message_id")


def tree_drafts(record: Record) -> Iterator[Draft]:
    """One row for each message of an assistant: all before it, and itself as the answer.

    A prompt that nobody answered is a row without an answer. A message that a model wrote
    (`synthetic`) has that model as teacher; what people wrote has `human`. Raises `Unfit`.
    """
    root = record.get("prompt") if isinstance(record.get("prompt"), Mapping) else record
    assert isinstance(root, Mapping)
    todo: list[tuple[Mapping[str, object], tuple[Turn, ...]]] = [(root, ())]
    while todo:
        node, before = todo.pop()
        turn = turn_of(node.get("role"), node.get("text"))
        replies = node.get("replies")
        below = replies if isinstance(replies, list) else []
        if turn.role == "assistant":
            if not before:
                raise Unfit("a tree that begins with the assistant")
            yield _draft(node, before, turn.content)
        elif not below:
            yield _draft(node, (*before, turn), None)
        if len(before) < MAX_DEPTH:
            for reply in reversed(below):
                if isinstance(reply, Mapping):
                    todo.append((reply, (*before, turn)))


def is_tree(record: object) -> bool:
    """Whether a record is a tree of messages, or one message of one."""
    if not isinstance(record, Mapping):
        return False
    nested_below = isinstance(record.get("replies"), list)
    return nested_below or isinstance(record.get("prompt"), Mapping) or is_linked(record)


def is_linked(record: object) -> bool:
    """Whether a record is one message that names its parent."""
    return (
        isinstance(record, Mapping)
        and any(key in record for key in _PARENT)
        and "text" in record
        and "role" in record
        and not isinstance(record.get("replies"), list)
    )


def nested(records: Iterable[object]) -> Iterator[object]:
    """Linked messages as nested trees, in the order of their roots; `Broken` passes through.

    All messages are held in memory. A message whose parent is not there begins a tree if it is a
    user's, and is left out otherwise.
    """
    nodes: dict[str, dict[str, object]] = {}
    for record in records:
        if isinstance(record, Broken):
            yield record
            continue
        if isinstance(record, Mapping):
            identity = _first(record, _OWN_ID) or f"#{len(nodes)}"
            nodes.setdefault(identity, {**record, "replies": []})
        if len(nodes) > MAX_LINKED:
            raise G4tuiError(
                "usage",
                "Too many linked messages in one source",
                f"More than {MAX_LINKED:,} messages name their parents.",
                "Split the file by trees.",
            )
    roots = []
    for identity, node in nodes.items():
        parent = nodes.get(_first(node, _PARENT))
        if parent is None or parent is node:
            roots.append(identity)
            continue
        replies = parent["replies"]
        assert isinstance(replies, list)
        replies.append(node)
    for identity in roots:
        if as_text(nodes[identity].get("role")) in ("prompter", "user", "human"):
            yield nodes[identity]


def _draft(node: Mapping[str, object], before: tuple[Turn, ...], answer: str | None) -> Draft:
    made_by = as_text(node.get("model_name")) or "unknown model"
    return Draft(
        before,
        answer,
        {key: value for key, value in node.items() if key != "replies"},
        id=_first(node, _OWN_ID),
        teacher=made_by if node.get("synthetic") else "human",
        rank=as_number(node.get("rank")),
    )


def _first(record: Record, keys: Iterable[str]) -> str:
    for key in keys:
        if text := as_text(record.get(key)):
            return text
    return ""
