"""What the rows of a run themselves tell: who wrote them, under what, and a few drawn by chance."""

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec

from g4tui_training.lines import Broken
from g4tui_training.pairs import Pair, read_rows


class RowFacts(msgspec.Struct):
    """Counts over the rows that stay; `drawn` has some rows of each source.

    `teachers` counts by (teacher, terms), `licences` by (source, licence, terms). Words are runs
    between spaces.
    """

    rows: int = 0
    turns: int = 0
    prompt_characters: int = 0
    answer_characters: int = 0
    teachers: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    licences: Counter[tuple[str, str, str]] = msgspec.field(default_factory=Counter)
    drawn: dict[str, list[Pair]] = {}


def facts_of(files: Iterable[Path], examples: int, seed: int) -> RowFacts:
    """Read the rows once. The draw depends on the seed and the rows, not on their order."""
    facts = RowFacts()
    heaps: dict[str, list[tuple[int, str, Pair]]] = {}
    key = str(seed).encode()
    for file in files:
        for row in read_rows(file, Pair):
            if isinstance(row, Broken):
                continue
            facts.rows += 1
            facts.turns += len(row.turns) > 1
            facts.prompt_characters += sum(len(turn.content) for turn in row.turns)
            facts.answer_characters += len(row.response)
            family = row.source.partition("/")[0]
            facts.teachers[row.teacher, row.terms] += 1
            facts.licences[family, row.licence, row.terms] += 1
            draw = hashlib.blake2b(row.id.encode(), digest_size=8, key=key).digest()
            heap = heaps.setdefault(family, [])
            heapq.heappush(heap, (-int.from_bytes(draw), row.id, row))
            if len(heap) > examples:
                heapq.heappop(heap)
    facts.drawn = {
        family: [row for _, _, row in sorted(heap, key=lambda each: each[:2])]
        for family, heap in sorted(heaps.items())
        if heap
    }
    return facts
