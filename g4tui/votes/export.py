"""Rows of votes and corrections into a file, whole or not at all."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from g4tui.core import G4tuiError
from g4tui.exchange import new_file
from g4tui.votes.rows import Harvest, Pair, Preference

Format = Literal["sft", "preference"]


def rows_of(harvest: Harvest, form: Format) -> Sequence[Pair | Preference]:
    """Raises `G4tuiError` of kind `usage` where the library holds none."""
    rows = harvest.pairs() if form == "sft" else harvest.preferences()
    if not rows:
        reasons = "; ".join(f"{what} ({count})" for what, count in harvest.left_out.most_common())
        raise G4tuiError(
            "usage",
            "There is nothing to export yet",
            f"Left out: {reasons}." if reasons else "Nobody has voted or corrected an answer.",
            "Compare two models with Ctrl+T in the chat, and vote; or correct an answer.",
        )
    return rows


def lines(rows: Sequence[Pair | Preference]) -> bytes:
    """One JSON object a line."""
    encoder = msgspec.json.Encoder()
    return b"".join(encoder.encode(row) + b"\n" for row in rows)


def write(rows: Sequence[Pair | Preference], path: Path, *, replace: bool = False) -> None:
    """To a new file, or with `replace` over one that is there; else a `G4tuiError`."""
    with new_file(path, replace=replace) as out:
        out.write(lines(rows))
