"""Which messages of a line a model is given."""

from collections.abc import Sequence

from g4tui.store import MessageRow


def answered(rows: Sequence[MessageRow]) -> list[MessageRow]:
    """Without turns that came to nothing: their question goes with their empty answer.

    Servers and templates refuse empty messages and two questions in a row, and a question that was
    too long would make every later one too long.
    """
    kept: list[MessageRow] = []
    for row in rows:
        if row.message.role != "assistant" or row.message.text.strip():
            kept.append(row)
        elif kept and kept[-1].message.role == "user":
            kept.pop()
    return kept
