"""Cleaning at size: pairs a minute on two cores, memory, and what the near-duplicate rule finds.

    python tests/benchmarks/bench_clean.py [ROWS]

100,000 synthetic pairs by default; with more, they are also compared with 100,000. Their lengths
are those of real instruction data (750 characters). Planted: exact duplicates, near duplicates of
known similarity, rows that share a prompt but not the answer, and rows that are alike but not
enough. The yardstick is one core that decodes each line and keeps a set of its digests: what the
simplest script for exact duplicates does.
"""

import hashlib
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from g4tui_training.clean.signatures import overlap, shingle_set
from g4tui_training.clean.texts import normal

BASE = 100_000
A_MINUTE = 100_000
LIMIT = 0.8
BATCH = 2_000
PLANTED = {"exact": 0.01, "near": 0.06, "prompt": 0.02, "loose": 0.03}


class Measured(NamedTuple):
    """One run of clean: seconds, and bytes at the highest, of all processes and of the largest."""

    seconds: float
    peak: int
    largest: int


class Text:
    """Random texts of words that are as common as words are."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self._numbers = np.random.default_rng(seed)
        self._ready: list[str] = []
        self._at = 0
        letters = np.array(list("etaoinshrdlucmfwypvbgkqjxz"))
        weights = np.arange(26, 0, -1) / 351
        lengths = self._numbers.integers(2, 10, 30_000)
        picked = self._numbers.choice(letters, int(lengths.sum()), p=weights)
        ends = np.cumsum(lengths)
        self._words = np.array(
            ["".join(picked[e - n : e]) for n, e in zip(lengths, ends, strict=True)]
        )
        self._heights = np.cumsum(1 / np.arange(1, 30_001))

    def words(self, count: int) -> list[str]:
        """Some words."""
        if self._at + count > len(self._ready):
            drawn = self._numbers.random(500_000) * self._heights[-1]
            self._ready = self._words[np.searchsorted(self._heights, drawn)].tolist()
            self._at = 0
        self._at += count
        return self._ready[self._at - count : self._at]

    def pair(self) -> tuple[list[str], list[str]]:
        """A prompt and an answer, in words."""
        return self.words(self.chance.randrange(8, 80)), self.words(self.chance.randrange(4, 170))

    def changed(self, words: list[str], share: float) -> list[str]:
        """The same with about `share` of its words replaced."""
        draw = self.chance.random
        return [self.words(1)[0] if draw() < share else word for word in words]


def pairs(rows: int, seed: int) -> Iterator[tuple[str, str, str, str]]:
    """(id, prompt, answer, of which row), the last empty for a row of its own."""
    text = Text(seed)
    draw = text.chance.random
    recent: list[tuple[str, list[str], list[str]]] = []
    for number in range(rows):
        kind = _kind(draw()) if len(recent) > 100 else ""
        if not kind:
            prompt, answer = text.pair()
            if len(recent) < 5_000:
                recent.append((f"r{number}", prompt, answer))
            else:
                recent[int(draw() * 5_000)] = (f"r{number}", prompt, answer)
            yield f"r{number}", " ".join(prompt), " ".join(answer), ""
            continue
        origin, prompt, answer = recent[int(draw() * len(recent))]
        if kind == "near":
            share = 0.06 * draw()
            prompt, answer = text.changed(prompt, share), text.changed(answer, share)
        elif kind == "loose":
            prompt, answer = text.changed(prompt, 0.3), text.changed(answer, 0.3)
        elif kind == "prompt":
            _, answer = text.pair()
        yield f"{kind}{number}", " ".join(prompt), " ".join(answer), origin


def _kind(draw: float) -> str:
    for kind, share in PLANTED.items():
        if draw < share:
            return kind
        draw -= share
    return ""


def write(file: Path, truth: Path, rows: int) -> None:
    """The pairs, and beside them which planted rows are truly alike."""
    texts: dict[str, tuple[bytes, bytes]] = {}
    with file.open("wb") as out, truth.open("wb") as told:
        for identity, prompt, answer, origin in pairs(rows, 1):
            row = {
                "id": identity,
                "source": f"source{int(identity.lstrip('exactnrpomls')) % 7}",
                "licence": "CC0-1.0",
                "teacher": "nobody",
                "prompt": prompt,
                "response": answer,
                "finish_reason": "stop",
            }
            out.write(msgspec.json.encode(row) + b"\n")
            normals = normal(prompt).encode(), normal(answer).encode()
            if not origin:
                texts[identity] = normals
                if len(texts) > 40_000:
                    texts.pop(next(iter(texts)))
            elif origin in texts:
                both = zip(normals, texts[origin], strict=True)
                alike = [overlap(shingle_set(one), shingle_set(other)) for one, other in both]
                told.write(msgspec.json.encode([identity, origin, min(alike)]) + b"\n")


def run(file: Path, out: Path) -> Measured:
    """`g4tui-train clean` on two processes."""
    command = [sys.executable, "-m", "g4tui_training", "clean", "--in", str(file)]
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--out", str(out), "--jobs", "2"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    peak = largest = 0
    while process.poll() is None:
        sizes = list(memory(process.pid))
        peak, largest = max(peak, sum(sizes)), max(largest, *sizes, 0)
        time.sleep(0.02)
    seconds = time.perf_counter() - began
    if process.returncode:
        assert process.stderr is not None
        sys.exit(process.stderr.read().decode())
    return Measured(seconds, peak, largest)


def memory(pid: int) -> Iterator[int]:
    """Bytes that a process and its children hold."""
    try:
        yield int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from memory(int(child))
    except (OSError, IndexError):
        return  # it ended


def yardstick(file: Path) -> float:
    """Seconds of one core for the simplest script."""
    began = time.perf_counter()
    seen = set()
    with file.open("rb") as stream:
        for line in stream:
            row = json.loads(line)
            seen.add(hashlib.sha256((row["prompt"] + row["response"]).encode()).digest())
    return time.perf_counter() - began


def row(name: str, ratio: float, budget: str, detail: str) -> None:
    """Print one."""
    print(f"{name:<48} {ratio:8.3f} {budget:>8}   {detail}", flush=True)


def quality(out: Path, truth: Path) -> tuple[float, float, int]:
    """Recall and precision of the near-duplicate rule on what was planted, and how much that is."""
    dropped = {}
    with (out / "clean" / "ledger.jsonl").open("rb") as stream:
        for line in stream:
            entry = json.loads(line)
            if entry["rule"] in ("near_duplicate", "exact_duplicate"):
                dropped[entry["id"]] = entry["rule"]
    alike, known = set(), {}
    for line in truth.read_bytes().split(b"\n")[:-1]:
        identity, origin, similarity = json.loads(line)
        known[identity] = origin
        if similarity >= LIMIT:
            alike.add(identity)
    # Of two rows that are alike either may be the one that goes.
    found = sum(identity in dropped or known[identity] in dropped for identity in alike)
    partners = {known[identity] for identity in alike}
    near = [identity for identity, rule in dropped.items() if rule == "near_duplicate"]
    judged = [identity for identity in near if identity in known or identity in partners]
    right = sum(identity in alike or identity in partners for identity in judged)
    return found / max(1, len(alike)), right / max(1, len(near)), len(alike)


def main() -> int:
    """Print the rows; 1 if a budget was missed."""
    rows = int(sys.argv[1].replace(",", "").replace("_", "")) if sys.argv[1:] else BASE
    missed = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measured = {}
        for count in sorted({min(rows, BASE), rows}):
            file, truth, out = folder / f"{count}.jsonl", folder / f"{count}.truth", folder / "out"
            write(file, truth, count)
            simple = yardstick(file)
            found = measured[count] = run(file, out / str(count))
            size = file.stat().st_size
            a_minute = count / found.seconds * 60
            print(f"{count:,} pairs, {size / 2**20:.0f} MiB; figures are ratios, then absolute\n")
            row(
                f"pairs a minute / {A_MINUTE:,}",
                a_minute / A_MINUTE,
                ">= 1",
                f"{a_minute:,.0f} a minute, {found.seconds:.1f} s",
            )
            row("  time / the simplest script", found.seconds / simple, "", f"{simple:.1f} s")
            missed |= a_minute < A_MINUTE
            recall, precision, planted = quality(out / str(count), truth)
            row(
                "near duplicates found / planted (recall)",
                recall,
                ">= 0.99",
                f"{planted:,} planted",
            )
            row("  truly alike / dropped (precision)", precision, ">= 0.99", "")
            missed |= recall < 0.99 or precision < 0.99
            row(
                "  peak memory / its largest process",
                found.peak / found.largest,
                "",
                f"{found.peak / 2**20:.0f} MiB in all, {found.largest / 2**20:.0f} MiB",
            )
        if rows > BASE:
            ratio = measured[rows].peak / measured[BASE].peak
            row(f"peak memory at {rows:,} / at {BASE:,}", ratio, "<= 1.3", "")
            missed |= ratio > 1.3
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
