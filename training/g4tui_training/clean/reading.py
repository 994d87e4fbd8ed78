"""First pass: rows are read, judged one by one, and spooled by their digest."""

import hashlib
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

import msgspec
from msgspec import UNSET

from g4tui.core import G4tuiError
from g4tui_training.clean.diversity import MAX_FAMILIES, Sketch, draw_of, sketch_size
from g4tui_training.clean.jobs import Plan, ReadDone, ReadJob
from g4tui_training.clean.ledger import Dropped, Unreadable
from g4tui_training.clean.rows import Row
from g4tui_training.clean.rules import Rule, judged, row_rules
from g4tui_training.clean.spool import Parts, Spooled, packed, part_of
from g4tui_training.clean.texts import word_count
from g4tui_training.lines import Broken, broken_line, read_lines
from g4tui_training.pairs import Pair, Turn, asked, read_rows
from g4tui_training.prompts import text_digest
from g4tui_training.recipe import Columns
from g4tui_training.sources.formats import decode, format_of, read_records
from g4tui_training.sources.reading import checked, is_linked_file, read_drafts, shown
from g4tui_training.sources.records import Draft, Unfit
from g4tui_training.sources.shapes import drafts_of

_BATCH = 512
_PROBLEMS = 3
_OWN_LABELS = ("hedged",)


class Reader:
    """Reads jobs of one plan."""

    def __init__(self, plan: Plan, name: str) -> None:
        self._plan = plan
        self._rules: dict[str, Rule] = row_rules(plan.policy)
        self._parts = Parts(plan.folder("rows"), plan.parts, name)
        self._sketch_size = sketch_size(plan.policy.clean.low_diversity)

    def run(self, job: ReadJob) -> ReadDone:
        """Spool the rows of a file, or of a part of one."""
        sketches: dict[str, Sketch] = {}
        problems: list[Broken] = []
        rows = 0
        found = pairs_in(Path(job.file), job.start, job.end)
        while batch := list(islice(found, _BATCH)):
            rows += len(batch)
            unreadable = [each for each in batch if isinstance(each, Broken)]
            problems.extend(unreadable[: _PROBLEMS - len(problems)])
            for each in unreadable:
                self._spool(_unreadable(each))
            for row in self._judged([Row(each) for each in batch if isinstance(each, Pair)]):
                if isinstance(row, Row):
                    self._count(row, sketches)
        self._parts.flush()
        return ReadDone(job.start, rows, sketches, problems)

    def _judged(self, rows: list[Row]) -> Iterator[Row]:
        """Spool all; give back those that stay."""
        for row, (rule, evidence) in zip(rows, judged(rows, self._rules), strict=True):
            self._spool(_spooled(row, rule, evidence))
            if not rule:
                yield row

    def _spool(self, row: Spooled) -> None:
        self._parts.add(part_of(row.digest, self._plan.parts), packed(row))

    def _count(self, row: Row, sketches: dict[str, Sketch]) -> None:
        sketch = sketches.get(row.family)
        if sketch is None:
            if len(sketches) >= MAX_FAMILIES:
                raise too_many_sources()
            sketch = sketches[row.family] = Sketch()
        answer = hashlib.blake2b(row.normal_response.encode(), digest_size=8).digest()
        few = self._plan.policy.clean.low_diversity.short_words
        # A word has a letter and a space: long answers need no counting.
        short = len(row.response) < 20 * few and word_count(row.response) <= few
        sketch.add(
            draw_of(row.digest, self._plan.seed),
            int.from_bytes(answer),
            short,
            self._sketch_size,
        )


def too_many_sources() -> G4tuiError:
    """Sources are judged whole, so there cannot be one a row."""
    return G4tuiError(
        "usage",
        "There are too many sources",
        f"The rows name more than {MAX_FAMILIES:,} different sources.",
        "What stands before the first / in `source` is the source: give each set one name,"
        " and put what tells its rows apart behind a /.",
    )


def pairs_in(file: Path, start: int = 0, end: int | None = None) -> Iterator[Pair | Broken]:
    """The pairs of a file of any known format and shape; the ledger of an earlier `clean` too."""
    if file.name == "ledger.jsonl":
        yield from _from_ledger(file, start, end)
    elif end is None and is_linked_file(file):
        for draft in read_drafts(file):
            yield draft if isinstance(draft, Broken) else pair_of(draft, file.stem)
    elif format_of(file) == "jsonl":
        yield from _from_lines(file, start, end)
    else:
        yield from _from_records(file)


def _from_records(file: Path) -> Iterator[Pair | Broken]:
    """Rows of arrays and tables; what `clean` wrote as parquet comes back as it was."""
    for number, record in enumerate(read_records(file), 1):
        if isinstance(record, Mapping):
            told = {key: value for key, value in record.items() if value is not None}
            try:
                yield _with_newlines(msgspec.convert(told, Pair))
                continue
            except msgspec.ValidationError:
                pass  # of another shape
        yield from _of_another_shape(file, number, record)


def _from_lines(file: Path, start: int, end: int | None) -> Iterator[Pair | Broken]:
    decoder = msgspec.json.Decoder(Pair)
    for line in read_lines(file, start=start, end=end):
        if isinstance(line, Broken):
            yield line
            continue
        try:
            pair = decoder.decode(line.data)
            yield _with_newlines(pair) if b"\\r\\n" in line.data else pair
        except (msgspec.DecodeError, UnicodeDecodeError):
            record = decode(file, line.number, line.data)
            yield from _of_another_shape(file, line.number, record)


def _with_newlines(pair: Pair) -> Pair:
    """The pair with `\\n` for every line end, as rows of other shapes have it."""
    texts: dict[str, object] = {}
    if pair.prompt is not UNSET:
        texts["prompt"] = pair.prompt.replace("\r\n", "\n")
    if pair.messages is not UNSET:
        texts["messages"] = tuple(
            Turn(turn.role, turn.content.replace("\r\n", "\n")) for turn in pair.messages
        )
    response = pair.response.replace("\r\n", "\n")
    return msgspec.structs.replace(pair, response=response, **texts)


def _of_another_shape(file: Path, number: int, record: object) -> Iterator[Pair | Broken]:
    if isinstance(record, Broken):
        yield record
        return
    try:
        for draft in drafts_of(record, "auto", Columns()):
            yield pair_of(checked(draft), file.stem)
    except Unfit as unfit:
        yield broken_line(file, number, str(unfit), shown(record))


def _from_ledger(file: Path, start: int, end: int | None) -> Iterator[Pair | Broken]:
    for dropped in read_rows(file, Dropped, start=start, end=end):
        if isinstance(dropped, Broken):
            yield dropped
            continue
        try:
            found = dropped.content()
        except msgspec.ValidationError as error:
            yield broken_line(file, 0, str(error), bytes(dropped.row))
            continue
        if isinstance(found, Unreadable):
            yield Broken("", 0, dropped.evidence, found.excerpt, found.bytes, found.sha256)
        else:
            yield found


def pair_of(draft: Draft, stem: str) -> Pair:
    """A pair from a row of another shape; what it does not say is `unknown`, or its file's name."""
    source = draft.source or stem
    prompt, messages = asked(draft.turns or (Turn("user", ""),))
    identity = draft.id or text_digest(draft.turns, draft.response).hex()[:12]
    return Pair(
        id=identity if draft.source or "/" in identity else f"{source}/{identity}",
        source=source,
        licence=draft.licence or "unknown",
        teacher=draft.teacher,
        prompt=prompt,
        messages=messages,
        response=draft.response or "",
        finish_reason=draft.finish_reason,
        terms=draft.terms,
        created=draft.created,
        rank=UNSET if draft.rank is None else draft.rank,
    )


def _spooled(row: Row, rule: str, evidence: str) -> Spooled:
    before = () if row.pair.labels is UNSET else row.pair.labels
    labels = (*(label for label in before if label not in _OWN_LABELS), *row.labels)
    pair = row.pair
    if labels != before:
        pair = msgspec.structs.replace(pair, labels=labels or UNSET)
    return Spooled(
        digest=row.digest,
        rank=row.rank,
        id=pair.id,
        family=row.family,
        rule=rule,
        evidence=evidence,
        line=msgspec.json.encode(pair),
        prompt=b"" if rule else row.normal_prompt.encode(),
        response=b"" if rule else row.normal_response.encode(),
    )


def _unreadable(broken: Broken) -> Spooled:
    kept = Unreadable(excerpt=broken.excerpt, bytes=broken.size, sha256=broken.sha256)
    return Spooled(
        digest=hashlib.blake2b(broken.sha256.encode(), digest_size=16).digest(),
        rank=0.0,
        id=f"unparsable/{broken.sha256[:12]}",
        family="unparsable",
        rule="unparsable",
        evidence=broken.reason,
        line=msgspec.json.encode(kept),
    )
