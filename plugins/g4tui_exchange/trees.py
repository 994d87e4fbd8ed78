"""Trees out of files that somebody else may have made."""

from collections.abc import Iterable, Mapping

# A title is one line of a list; who made the file may have put a book there.
TITLE_LENGTH = 300


def parents_first(ids: Iterable[str], parents: Mapping[str, str | None]) -> list[str]:
    """`ids` with each after its parent, else in their own order; those in a circle are left out.

    A parent that is not in `parents` counts as none.
    """
    ordered: list[str] = []
    placed: set[str] = set()
    waiting: dict[str, list[str]] = {}
    for id_ in ids:
        parent = parents[id_]
        if parent in parents and parent not in placed and parent is not None:
            waiting.setdefault(parent, []).append(id_)
            continue
        ready = [id_]
        while ready:
            next_ = ready.pop()
            ordered.append(next_)
            placed.add(next_)
            ready += reversed(waiting.pop(next_, []))
    return ordered
