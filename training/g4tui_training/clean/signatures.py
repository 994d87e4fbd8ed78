"""MinHash of texts, many at a time: signatures, how alike they say two texts are, and band keys.

A text is the set of its shingles: all runs of 8 bytes (UTF-8) of its normal form; a shorter text is
one shingle. One permutation is drawn for all lanes: the top bits of a shingle's hash choose the
lane, the smallest rest in a lane stays, and an empty lane borrows from another by a fixed draw
(Li, Owen, Zhang 2012; Shrivastava 2017). So the work does not grow with the number of lanes.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

SHINGLE = 8
LANES = 128

U8 = npt.NDArray[np.uint8]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]

_EMPTY = np.uint32(0xFFFFFFFF)
_LANE_SHIFT = np.uint64(64 - LANES.bit_length() + 1)


def _draws() -> Ints:
    """For each lane the order in which others are asked when it is empty: (LANES, LANES)."""
    generator = np.random.Generator(np.random.PCG64(20_230_313))
    return np.stack([generator.permutation(LANES) for _ in range(LANES)])


_DRAWS = _draws()


def mixed(values: U64) -> U64:
    """A good hash of each value (the finaliser of SplitMix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def windows(texts: Sequence[bytes]) -> tuple[U64, Ints]:
    """All shingles of all texts, as numbers, and how many each text has (at least one)."""
    padded = [text if len(text) >= SHINGLE else text.ljust(SHINGLE, b"\0") for text in texts]
    lengths = np.fromiter((len(text) for text in padded), np.int64, len(padded))
    whole = b"".join(padded)
    tail = whole + b"\0" * (2 * SHINGLE)
    found = np.empty(len(whole) + (-len(whole)) % SHINGLE, np.uint64)
    for shift in range(SHINGLE):
        part = np.frombuffer(tail, "<u8", len(found) // SHINGLE, shift)
        found[shift::SHINGLE] = part
    counts = lengths - (SHINGLE - 1)
    starts = np.cumsum(lengths) - lengths
    # Windows that reach into the next text are left out.
    keep = np.ones(len(whole), bool)
    ends = starts + counts
    for step in range(SHINGLE - 1):
        keep[ends + step] = False
    return found[: len(whole)][keep], counts


def signatures(texts: Sequence[bytes]) -> U32:
    """One row of `LANES` values a text."""
    if not texts:
        return np.empty((0, LANES), np.uint32)
    shingles, counts = windows(texts)
    hashes = mixed(shingles)
    owner = np.repeat(np.arange(len(texts), dtype=np.int64) * LANES, counts)
    place = owner + (hashes >> _LANE_SHIFT).astype(np.int64)
    result = np.full(len(texts) * LANES, _EMPTY, np.uint32)
    np.minimum.at(result, place, (hashes & np.uint64(0xFFFFFFFE)).astype(np.uint32))
    return _filled(result.reshape(len(texts), LANES))


def _filled(lanes: U32) -> U32:
    """Give each empty lane the value of the first lane of its draw that is not empty."""
    row, lane = np.nonzero(lanes == _EMPTY)
    if not len(row):
        return lanes
    result = lanes.copy()
    for turn in range(LANES):
        asked = _DRAWS[lane, turn]
        value = lanes[row, asked]
        found = value != _EMPTY
        result[row[found], lane[found]] = value[found]
        row, lane = row[~found], lane[~found]
        if not len(row):
            break
    return result


def bytes_of(lanes: U32) -> U8:
    """A signature in one byte a lane, for estimates."""
    return (lanes >> np.uint32(1)).astype(np.uint8)


def alike(one: U8, other: U8) -> npt.NDArray[np.float64]:
    """Estimated Jaccard similarity of rows of `bytes_of`; lanes agree by chance 1 in 256."""
    share = (one == other).mean(axis=1)
    return np.asarray((share - 1 / 256) / (1 - 1 / 256), np.float64)


def band_keys(lanes: U32, bands: int, rows: int, salt: int) -> U64:
    """`bands` keys a signature, each of `rows` lanes: (texts, bands). Needs bands * rows lanes."""
    generator = np.random.Generator(np.random.PCG64(salt))
    factors = generator.integers(1, 1 << 62, (bands, rows), np.uint64) * np.uint64(2) + np.uint64(1)
    start = generator.integers(1, 1 << 62, bands, np.uint64)
    used = lanes[:, : bands * rows].astype(np.uint64).reshape(len(lanes), bands, rows)
    return mixed((mixed(used) * factors).sum(axis=2, dtype=np.uint64) + start)


def overlap(one: U64, other: U64) -> float:
    """Jaccard similarity of two sets of shingles: the truth that signatures estimate."""
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared / (len(one) + len(other) - shared)


def shingle_set(text: bytes) -> U64:
    """The distinct shingles of a text, sorted."""
    return np.unique(windows([text])[0])
