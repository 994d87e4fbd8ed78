"""Last pass: each part's rows go to train, eval or the ledger, and are counted."""

from pathlib import Path

import msgspec
import numpy as np

from g4tui_training.clean.deciding import own_id, read_twins
from g4tui_training.clean.jobs import Example, Plan, WriteDone, WriteJob
from g4tui_training.clean.ledger import Dropped
from g4tui_training.clean.signatures import overlap
from g4tui_training.clean.signed import Signed
from g4tui_training.clean.sorting import row_number
from g4tui_training.clean.spool import Spooled, unpacked, write_file
from g4tui_training.clean.texts import quoted
from g4tui_training.pairs import Pair

OUTPUTS = ("train", "eval", "ledger")
_EXAMPLES = 5


class Writer:
    """Writes jobs of one plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._pairs = msgspec.json.Decoder(Pair)
        self._signed = Signed(plan)

    def run(self, job: WriteJob) -> WriteDone:
        """Write a part's three files, in the order of digests."""
        plan, part = self._plan, job.part
        twins = read_twins(plan, part)
        renamed = _positions(plan.folder("renamed") / str(part))
        held = (plan.folder("held") / str(part)).read_bytes()
        lines: dict[str, list[bytes]] = {name: [] for name in OUTPUTS}
        done = WriteDone(part, {}, {}, {}, len(renamed))
        at, last, last_id = -1, b"", ""
        for row in unpacked((plan.folder("sorted") / str(part)).read_bytes(), Spooled):
            if not row.rule:
                at += 1
                if at in renamed:
                    self._rename(row)
                last, last_id = row.digest, row.id
                if twin := twins.get(at):
                    row.rule, row.kept = "near_duplicate", twin.kept
                    row.evidence = self._likeness(row_number(part, at), twin.chosen)
            elif row.rule == "exact_duplicate" and row.digest == last:
                row.kept = last_id
            where = "ledger" if row.rule else "eval" if held[at] else "train"
            lines[where].append((_dropped(row) if row.rule else row.line) + b"\n")
            self._count(done, row, row.rule or where)
        for name, listed in lines.items():
            write_file(plan.folder("out") / f"{part}.{name}", b"".join(listed))
        return done

    def _likeness(self, one: int, other: int) -> str:
        mine, theirs = self._signed.shingles(one), self._signed.shingles(other)
        prompt, answer = (overlap(a, b) for a, b in zip(mine, theirs, strict=True))
        return f"prompt {prompt:.2f} and answer {answer:.2f} alike"

    def _rename(self, row: Spooled) -> None:
        row.id = own_id(row)
        pair = self._pairs.decode(row.line)
        row.line = msgspec.json.encode(msgspec.structs.replace(pair, id=row.id))

    def _count(self, done: WriteDone, row: Spooled, fate: str) -> None:
        counts = done.counts.setdefault(row.family, {})
        counts[fate] = counts.get(fate, 0) + 1
        if row.rule:
            shown = done.examples.setdefault(row.rule, [])
            if len(shown) < _EXAMPLES:
                shown.append(self._example(row))
        elif b'"labels":' in row.line:
            labels = self._pairs.decode(row.line).labels
            for label in labels or ():
                done.labels[label] = done.labels.get(label, 0) + 1

    def _example(self, row: Spooled) -> Example:
        if row.rule == "unparsable":
            return Example(row.id, row.family, row.evidence, quoted(row.line.decode()))
        pair = self._pairs.decode(row.line)
        return Example(row.id, pair.source, row.evidence, quoted(pair.response))


def _positions(file: Path) -> frozenset[int]:
    return frozenset(np.fromfile(file, np.int64).tolist() if file.is_file() else ())


def _dropped(row: Spooled) -> bytes:
    source = row.family
    if row.rule != "unparsable":
        source = msgspec.json.decode(row.line, type=_Source).source
    return msgspec.json.encode(
        Dropped(
            id=row.id,
            source=source,
            rule=row.rule,
            evidence=row.evidence,
            kept=row.kept,
            row=msgspec.Raw(row.line),
        )
    )


class _Source(msgspec.Struct):
    source: str
