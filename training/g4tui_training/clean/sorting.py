"""Second pass, part by part: rows in the order of their digests, exact duplicates and low sources
out, and what is left signed for the search of near duplicates.
"""

import hashlib
from itertools import pairwise

import numpy as np

from g4tui_training.clean.diversity import draw_of
from g4tui_training.clean.jobs import Plan, SortDone, SortJob
from g4tui_training.clean.signatures import U64, Ints, band_keys, bytes_of, signatures
from g4tui_training.clean.spool import Parts, Spooled, packed, part_files, unpacked, write_file

# A pair of rows whose prompts and answers are 80 % alike shares a joint band in 99.8 of 100 cases,
# one whose prompts alone are 80 % alike a prompt band as often; texts that have only a phrase in
# common, nearly never.
JOINT = (21, 3)
PROMPT = (21, 6)
KINDS = ("joint", "prompt", "id")
BAND = np.dtype([("key", "<u8"), ("row", "<u8")])
_PART_SHIFT = 40
_AT = (1 << _PART_SHIFT) - 1
_SIGNED_AT_ONCE = 1024


def row_number(part: int, at: int) -> int:
    """The number, in the order of digests over all parts, of the row at a place in a part."""
    return (part << _PART_SHIFT) | at


def row_place(number: int) -> tuple[int, int]:
    """A row's part, and its place among those of the part that stay."""
    return number >> _PART_SHIFT, number & _AT


def places(numbers: U64) -> tuple[Ints, Ints]:
    """`row_place` of many."""
    parts, at = numbers >> np.uint64(_PART_SHIFT), numbers & np.uint64(_AT)
    return parts.astype(np.int64), at.astype(np.int64)


class Sorter:
    """Sorts jobs of one plan."""

    def __init__(self, plan: Plan, name: str) -> None:
        self._plan = plan
        self._buckets = {kind: Parts(plan.folder(kind), plan.buckets, name) for kind in KINDS}

    def run(self, job: SortJob) -> SortDone:
        """Sort a part and write it anew, in files for the passes after this one."""
        plan = self._plan
        files = part_files(plan.folder("rows"), job.part)
        rows = [row for file in files for row in unpacked(file.read_bytes(), Spooled)]
        rows.sort(key=Spooled.order)
        self._drop_twins(rows)
        self._drop_low_sources(rows, job)
        alive = [row for row in rows if not row.rule]
        self._sign(job.part, alive)
        self._write(job.part, rows)
        for file in files:
            file.unlink()
        return SortDone(job.part, len(alive))

    def _drop_twins(self, rows: list[Spooled]) -> None:
        if not self._plan.is_on("exact_duplicate"):
            return
        first: Spooled | None = None
        for row in rows:
            if row.rule:
                continue
            if first is not None and row.digest == first.digest:
                _drop(row, "exact_duplicate", "prompt and answer are the same", first.id)
            else:
                first = row

    def _drop_low_sources(self, rows: list[Spooled], job: SortJob) -> None:
        if not self._plan.is_on("low_diversity"):
            return
        for row in rows:
            if row.rule or (verdict := job.sources.get(row.family)) is None:
                continue
            if verdict.action == "drop":
                _drop(row, "low_diversity", verdict.evidence)
            elif verdict.action == "cap" and self._draw(row) > verdict.threshold:
                _drop(row, "low_diversity", f"over the cap; {verdict.evidence}")

    def _draw(self, row: Spooled) -> int:
        return draw_of(row.digest, self._plan.seed)

    def _sign(self, part: int, alive: list[Spooled]) -> None:
        """Signatures and texts of the rows that stay, and their band keys into buckets."""
        signed = []
        for start in range(0, len(alive), _SIGNED_AT_ONCE):
            batch = alive[start : start + _SIGNED_AT_ONCE]
            prompts = signatures([row.prompt for row in batch])
            answers = signatures([row.response for row in batch])
            signed.append(np.hstack([bytes_of(prompts), bytes_of(answers)]))
            numbers = np.arange(start, start + len(batch), dtype=np.uint64)
            numbers |= np.uint64(row_number(part, 0))
            both = np.stack([prompts, answers], axis=2).reshape(len(batch), -1)
            bands, lanes = JOINT
            self._add("joint", band_keys(both, bands, 2 * lanes, 1), numbers)
            self._add("prompt", band_keys(prompts, *PROMPT, 2), numbers)
            self._add("id", _id_keys(batch), numbers)
        for parts in self._buckets.values():
            parts.flush()
        folder = self._plan.folder("signed")
        everything = np.concatenate(signed) if signed else np.empty((0, 0), np.uint8)
        write_file(folder / str(part), everything.tobytes())
        texts = [text for row in alive for text in (row.prompt, row.response)]
        ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
        write_file(self._plan.folder("texts") / str(part), b"".join(texts))
        write_file(self._plan.folder("texts") / f"{part}.ends", ends.tobytes())

    def _add(self, kind: str, keys: U64, numbers: U64) -> None:
        """Keys (rows, bands) into buckets by their top bits."""
        parts = self._buckets[kind]
        found = np.empty(keys.size, BAND)
        found["key"] = keys.reshape(-1)
        found["row"] = np.repeat(numbers, keys.shape[1])
        bucket = bucket_of(found["key"], parts.count)
        order = np.argsort(bucket, kind="stable")
        found, bucket = found[order], bucket[order]
        edges = np.searchsorted(bucket, np.arange(parts.count + 1))
        for number, (begin, end) in enumerate(pairwise(edges)):
            if end > begin:
                parts.add(number, found[begin:end].tobytes())

    def _write(self, part: int, rows: list[Spooled]) -> None:
        """The sorted rows, without the normal forms, and where those that stay begin."""
        folder, at = self._plan.folder("sorted"), 0
        data, starts, digests, held = [], [], [], bytearray()
        for row in rows:
            row.prompt = row.response = b""
            if not row.rule:
                starts.append(at)
                digests.append(row.digest[8:])
                held.append(row.family in self._plan.policy.held)
            data.append(packed(row))
            at += len(data[-1])
        write_file(folder / str(part), b"".join(data))
        write_file(folder / f"{part}.starts", np.array(starts, np.int64).tobytes())
        write_file(folder / f"{part}.digests", b"".join(digests))
        write_file(folder / f"{part}.held", bytes(held))


def bucket_of(keys: U64, count: int) -> U64:
    """Which of `count` buckets each key goes to; `count` is a power of two."""
    return (keys >> np.uint64(44)) & np.uint64(count - 1)


def _id_keys(rows: list[Spooled]) -> U64:
    digests = [hashlib.blake2b(row.id.encode(), digest_size=8).digest() for row in rows]
    return np.frombuffer(b"".join(digests), "<u8").reshape(-1, 1)


def _drop(row: Spooled, rule: str, evidence: str, kept: str = "") -> None:
    row.rule, row.evidence, row.kept = rule, evidence, kept
