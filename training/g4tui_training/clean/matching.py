"""Third pass: which rows may be alike (they share a band key), and which of those are."""

import numpy as np
import numpy.typing as npt

from g4tui_training.clean.jobs import MatchDone, MatchJob, Plan, VerifyDone, VerifyJob
from g4tui_training.clean.signatures import U64, alike, mixed, overlap
from g4tui_training.clean.signed import Signed
from g4tui_training.clean.sorting import BAND, KINDS, bucket_of
from g4tui_training.clean.spool import Parts, part_files, write_file

# In a crowd that shares a key each row is compared with so many that follow it. Rows that are truly
# alike share many keys, most of them with nobody else.
WINDOWS = {"joint": 32, "prompt": 8, "id": 1}
# An estimate may be off by a few hundredths; nobody who is alike must be lost to it.
MARGIN = 0.15
PROMPT_MARGIN = 0.10
_CHUNK = 20_000


class Matcher:
    """Finds candidates."""

    def __init__(self, plan: Plan, name: str) -> None:
        self._plan = plan
        self._pairs = {
            kind: Parts(plan.folder(f"{kind}-pairs"), plan.buckets, name) for kind in KINDS
        }

    def run(self, job: MatchJob) -> MatchDone:
        """Write the candidates of a bucket of each kind."""
        total = 0
        for kind, parts in self._pairs.items():
            files = part_files(self._plan.folder(kind), job.bucket)
            if not files:
                continue
            bands = np.concatenate([np.fromfile(file, BAND) for file in files])
            found = candidates(bands, WINDOWS[kind])
            total += len(found)
            bucket = bucket_of(mixed(found[:, 0] * np.uint64(31) + found[:, 1]), parts.count)
            for number in np.unique(bucket):
                parts.add(int(number), found[bucket == number].tobytes())
            parts.flush()
            for file in files:
                file.unlink()
        return MatchDone(total)


def candidates(bands: npt.NDArray[np.void], window: int) -> U64:
    """Pairs of rows (smaller first) with one key, each with at most `window` that follow it."""
    # By key, then by row: what is compared does not hang on the order in which rows came.
    order = np.lexsort((bands["row"], bands["key"]))
    keys, rows = bands["key"][order], bands["row"][order]
    found = []
    for step in range(1, window + 1):
        same = np.flatnonzero(keys[:-step] == keys[step:])
        if not len(same):
            break
        found.append(np.stack([rows[same], rows[same + step]], axis=1))
    pairs = np.concatenate(found) if found else np.empty((0, 2), np.uint64)
    return np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)


class Verifier:
    """Compares candidates."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._signed = Signed(plan)
        clean = plan.policy.clean
        self._prompt, self._response = clean.duplicates.prompt, clean.duplicates.response
        self._together = clean.split.prompt

    def run(self, job: VerifyJob) -> VerifyDone:
        """Write the pairs of a bucket that are alike, one file a kind."""
        compared = passed = 0
        for kind in KINDS:
            files = part_files(self._plan.folder(f"{kind}-pairs"), job.bucket)
            if not files:
                continue
            pairs = np.concatenate([np.fromfile(file, np.uint64) for file in files])
            pairs = np.unique(pairs.reshape(-1, 2), axis=0)
            chunks = [
                self._alike(kind, pairs[start : start + _CHUNK])
                for start in range(0, len(pairs), _CHUNK)
            ]
            found = np.concatenate(chunks)
            compared += len(pairs)
            passed += len(found)
            write_file(self._plan.folder(f"{kind}-alike") / str(job.bucket), found.tobytes())
            for file in files:
                file.unlink()
        return VerifyDone(compared, passed)

    def _alike(self, kind: str, pairs: U64) -> U64:
        if kind == "id":
            return pairs
        rows, back = np.unique(pairs, return_inverse=True)
        one, other = back.reshape(-1, 2).T
        prompts, answers = self._signed.signatures(rows)
        near = alike(prompts[one], prompts[other])
        if kind == "prompt":
            return pairs[near >= self._together - PROMPT_MARGIN]
        likely = near >= self._prompt - MARGIN
        likely[likely] = (
            alike(answers[one[likely]], answers[other[likely]]) >= self._response - MARGIN
        )
        found = pairs[likely]
        return found[[self._truly(int(first), int(second)) for first, second in found]]

    def _truly(self, first: int, second: int) -> bool:
        (asked, said), (asked_too, said_too) = (
            self._signed.shingles(first),
            self._signed.shingles(second),
        )
        return (
            overlap(asked, asked_too) >= self._prompt and overlap(said, said_too) >= self._response
        )
