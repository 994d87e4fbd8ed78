"""Looking at what is trained before step 1, and stopping where it cannot be right."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from g4tui.core import G4tuiError
from g4tui_training.train.chat_template import ChatTemplate
from g4tui_training.train.rows import Row, Rows

if TYPE_CHECKING:
    from rich.text import Text

SHOWN = 3
_TOKENS_SHOWN = 160


def check_labels(rows: Rows, template: ChatTemplate, max_length: int) -> None:
    """Raises `G4tuiError` for no rows, a row that teaches nothing or no end, or two BOS."""
    if not rows.rows:
        long = sum(tally.too_long for tally in rows.tallies.values())
        weightless = sum(tally.weightless for tally in rows.tallies.values())
        told = [f"{long:,} rows are longer than {max_length} tokens"] * bool(long)
        told += [f"{weightless:,} rows have weight 0"] * bool(weightless)
        remedies = ["Raise train.max_length."] * bool(long)
        remedies += ["Raise train.short_answer_weight, or the rows' weights."] * bool(weightless)
        raise G4tuiError(
            "config",
            "There is no row to train on",
            f"{' and '.join(told) or 'clean/train.jsonl is empty'}.",
            " ".join(remedies) or "Look at what clean dropped.",
        )
    for row in rows.rows:
        if problem := _problem(row, template):
            raise G4tuiError(
                "model",
                "The labels are wrong, so nothing is trained",
                f"Row {row.id}: {problem}.",
                "The base's chat template is at fault: see train --audit, or set train.template.",
            )


def _problem(row: Row, template: ChatTemplate) -> str:
    if row.targets == 0:
        return "no token of it is trained"
    if row.trained[0]:
        return "its first token is trained, which nothing stands before"
    last = int(np.flatnonzero(row.trained)[-1])
    if row.ids[last] != template.end:
        return "its answer is trained without the token that ends it"
    bos = template.tokenizer.bos_token_id
    if bos is not None and len(row) > 1 and row.ids[0] == row.ids[1] == bos:
        return "it begins with two BOS"
    return ""


def audit_table(rows: Rows) -> tuple[list[str], list[list[str]]]:
    """A table by source: rows, those left out, tokens, trained ones."""
    heading = ["source", "rows", "too long", "short answers", "tokens", "trained"]
    lines = [
        [
            name,
            f"{each.rows:,}",
            f"{each.too_long:,}",
            f"{each.short:,}",
            f"{each.tokens:,}",
            f"{each.trained / max(1, each.tokens):.0%}",
        ]
        for name, each in sorted(rows.tallies.items())
    ]
    return heading, lines


def shown_rows(rows: Sequence[Row], count: int = SHOWN) -> list[Row]:
    """Rows to look at: the shortest, the longest, and some between."""
    order = sorted(rows, key=lambda row: (len(row), row.id))
    if len(order) <= count:
        return order
    return [order[index * (len(order) - 1) // (count - 1)] for index in range(count)]


def coloured(row: Row, template: ChatTemplate) -> "Text":
    """A row's tokens: masked ones dim, trained ones bright and between ⟦ ⟧, special ones named."""
    from rich.text import Text

    from g4tui.sanitize import clean

    text = Text()
    tokens = list(zip(row.ids.tolist(), row.trained.tolist(), strict=True))
    half = _TOKENS_SHOWN // 2
    cut = len(tokens) > _TOKENS_SHOWN
    spans = [tokens[:half], tokens[-half:]] if cut else [tokens]
    for number, span in enumerate(spans):
        if number:
            text.append(f"\n... {len(tokens) - 2 * half:,} tokens ...\n", "italic")
        start = 0
        while start < len(span):
            trained = span[start][1]
            end = start
            while end < len(span) and span[end][1] == trained:
                end += 1
            words = clean(template.tokenizer.decode([token for token, _ in span[start:end]]))
            text.append(f"⟦{words}⟧" if trained else words, "bold green" if trained else "dim")
            start = end
    return text
