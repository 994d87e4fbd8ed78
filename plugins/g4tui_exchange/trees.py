"""Trees out of files that somebody else may have made."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

# A title is one line of a list; who made the file may have put a book there.
TITLE_LENGTH = 300
# What is told of trees that are none.
CIRCLES = "circles of messages that answer each other (cut open, with all their texts)"
NO_PARENTS = "parents that are missing (their answers are kept as first messages)"


class Ordered(NamedTuple):
    """`ids`, each after its parent; `cut`: those of them that begin a circle, without a parent."""

    ids: list[str]
    cut: set[str]


def parents_first(ids: Iterable[str], parents: Mapping[str, str | None]) -> Ordered:
    """`ids` with each after its parent, else in their own order.

    A parent that is not in `parents` counts as none. A circle is cut before the one of it that is
    first in `parents`.
    """
    places = {id_: place for place, id_ in enumerate(parents)}
    ordered: list[str] = []
    placed: set[str] = set()
    waiting: dict[str, list[str]] = {}

    def put(id_: str) -> None:
        ready = [id_]
        while ready:
            next_ = ready.pop()
            if next_ not in placed:
                ordered.append(next_)
                placed.add(next_)
                ready += reversed(waiting.pop(next_, []))

    for id_ in ids:
        parent = parents[id_]
        if parent is not None and parent in parents and parent not in placed:
            waiting.setdefault(parent, []).append(id_)
        else:
            put(id_)
    cut: set[str] = set()
    for id_ in places:
        if id_ not in placed:
            first = min(_circle_above(id_, parents), key=places.__getitem__)
            cut.add(first)
            put(first)
    return Ordered(ordered, cut)


def _circle_above(id_: str, parents: Mapping[str, str | None]) -> list[str]:
    """The circle that one comes to from `id_`."""
    line: dict[str, None] = {}
    at: str | None = id_
    while at is not None and at not in line:
        line[at] = None
        at = parents[at]
    ids = list(line)
    return ids[ids.index(at) :] if at is not None else ids
