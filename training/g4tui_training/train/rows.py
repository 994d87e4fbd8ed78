"""Rows as tokens, and what became of each source's rows on the way."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray

from g4tui.core import G4tuiError
from g4tui_training.lines import Broken
from g4tui_training.pairs import Pair, Turn, messages_of, read_rows
from g4tui_training.recipe import Train
from g4tui_training.train.chat_template import ChatTemplate


@dataclass(frozen=True)
class Row:
    """A conversation: `ids` (int32) and `trained` (bool), both of its length in tokens.

    `weight` multiplies the loss of each of its tokens. `prompt` is for sample answers.
    """

    id: str
    source: str
    ids: NDArray[np.int32]
    trained: NDArray[np.bool_]
    weight: float
    prompt: tuple[Turn, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def targets(self) -> int:
        """How many tokens are learned: the first one has nothing before it to say it."""
        return int(self.trained[1:].sum())


class SourceRows(msgspec.Struct):
    """What became of the rows of one source; tokens are of those that are used."""

    rows: int = 0
    too_long: int = 0
    short: int = 0
    weightless: int = 0
    tokens: int = 0
    trained: int = 0


@dataclass(frozen=True)
class Rows:
    """The rows that fit, in the file's order, and a tally by source."""

    rows: list[Row]
    tallies: dict[str, SourceRows] = field(default_factory=dict)

    @property
    def tokens(self) -> int:
        """Of all rows."""
        return sum(map(len, self.rows))

    @property
    def targets(self) -> int:
        """Tokens that are learned, of all rows."""
        return sum(row.targets for row in self.rows)


def rows_of(
    pairs: Iterable[Pair], template: ChatTemplate, settings: Train, *, held: bool = False
) -> Rows:
    """Tokenise pairs; a row longer than `max_length` is left out whole, and counted.

    So is one of weight 0, unless the rows are `held` back, where weights do not count.
    """
    found: list[Row] = []
    tallies: dict[str, SourceRows] = {}
    for pair in pairs:
        name = pair.source.partition("/")[0] or "unnamed"
        tally = tallies.setdefault(name, SourceRows())
        tally.rows += 1
        row = encoded_row(pair, name, template, settings)
        if len(row) > settings.max_length:
            tally.too_long += 1
            continue
        tally.short += _is_short(row, settings)
        if row.weight == 0 and not held:
            tally.weightless += 1
            continue
        tally.tokens += len(row)
        tally.trained += row.targets
        found.append(row)
    return Rows(found, tallies)


def encoded_row(pair: Pair, source: str, template: ChatTemplate, settings: Train) -> Row:
    """One pair as tokens. Raises `G4tuiError` (of the template) with the row's id."""
    turns = (*pair.turns, Turn("assistant", pair.response))
    try:
        ids, trained = template.encode(messages_of(turns))
    except G4tuiError as error:
        told = error.info
        raise G4tuiError(
            told.kind, told.title, f"Row {pair.id}: {told.detail}", told.remedy
        ) from error
    row = Row(
        pair.id,
        source,
        np.array(ids, np.int32),
        np.array(trained, np.bool_),
        1.0 if pair.weight is UNSET else pair.weight,
        pair.turns,
    )
    if not _is_short(row, settings):
        return row
    weight = row.weight * settings.short_answer_weight
    return Row(row.id, row.source, row.ids, row.trained, weight, row.prompt)


def read_pairs(file: Path) -> Iterable[Pair]:
    """The pairs of a file of `clean`. Raises `G4tuiError` for a line that is none."""
    for pair in read_rows(file, Pair):
        if isinstance(pair, Broken):
            raise G4tuiError(
                "storage",
                f"{file.name} holds a line that is no pair",
                f"{file}, line {pair.number}: {pair.reason}.",
                "Make it anew: g4tui-train clean",
            )
        yield pair


def digest_of(rows: Sequence[Row]) -> str:
    """What two sets of rows share if they train the same: tokens, mask, weights, order."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(f"{row.source}\0{len(row)}\0{row.weight!r}\0".encode())
        digest.update(row.ids.tobytes() + row.trained.tobytes())
    return digest.hexdigest()


def _is_short(row: Row, settings: Train) -> bool:
    """Whether the last answer, without its end, has few tokens."""
    masked = np.flatnonzero(~row.trained)
    last = len(row) - 1 - (int(masked[-1]) if len(masked) else -1)
    return last - 1 <= settings.short_answer_tokens
