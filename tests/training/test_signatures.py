"""MinHash: what it says of two texts must be true."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from g4tui_training.clean.components import Groups
from g4tui_training.clean.matching import candidates
from g4tui_training.clean.signatures import (
    LANES,
    alike,
    band_keys,
    bytes_of,
    overlap,
    shingle_set,
    signatures,
    windows,
)
from g4tui_training.clean.sorting import BAND


def sets(text: bytes) -> set[bytes]:
    padded = text.ljust(8, b"\0")
    return {padded[start : start + 8] for start in range(len(padded) - 7)}


@given(st.lists(st.binary(max_size=40), max_size=6))
def test_windows_are_the_shingles_of_each_text(texts: list[bytes]) -> None:
    found, counts = windows(texts)
    assert counts.tolist() == [max(1, len(text) - 7) for text in texts]
    at = 0
    for text, count in zip(texts, counts.tolist(), strict=True):
        own = found[at : at + count]
        at += count
        assert {int(each).to_bytes(8, "little") for each in own} == sets(text)


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=8), st.randoms())
def test_a_signature_does_not_depend_on_its_neighbours(
    texts: list[bytes], chance: np.random.Generator
) -> None:
    together = signatures(texts)
    for text, lanes in zip(texts, together, strict=True):
        assert (signatures([text])[0] == lanes).all()


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_overlap_is_the_jaccard_similarity_of_the_sets(one: bytes, other: bytes) -> None:
    first, second = sets(one), sets(other)
    shingles = shingle_set(one), shingle_set(other)
    assert abs(overlap(*shingles) - len(first & second) / len(first | second)) < 1e-12
    assert len(shingles[0]) == len(first)


def test_estimates_are_near_the_truth() -> None:
    chance = np.random.default_rng(1)
    errors = []
    for size in (30, 100, 400, 2000) * 40:
        one = chance.integers(97, 123, size, np.uint8)
        other = one.copy()
        spoiled = chance.integers(0, size, 1 + int(size * 0.04 * chance.random()))
        other[spoiled] = chance.integers(97, 123, len(spoiled), np.uint8)
        pair = one.tobytes(), other.tobytes()
        lanes = bytes_of(signatures(pair))
        errors.append(float(alike(lanes[:1], lanes[1:])[0]) - overlap(*map(shingle_set, pair)))
    assert abs(np.mean(errors)) < 0.02
    assert np.quantile(np.abs(errors), 0.98) < 0.15


def test_unlike_texts_share_no_band() -> None:
    chance = np.random.default_rng(2)
    texts = [chance.integers(97, 123, 500, np.uint8).tobytes() for _ in range(300)]
    lanes = signatures(texts)
    assert lanes.shape == (300, LANES)
    keys = band_keys(lanes, 21, 6, 1)
    assert len(np.unique(keys)) == keys.size


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30)), max_size=40), st.randoms())
def test_candidates_do_not_depend_on_the_order(rows: list[tuple[int, int]], chance) -> None:  # type: ignore[no-untyped-def]
    bands = np.array(rows, BAND)
    shuffled = list(rows)
    chance.shuffle(shuffled)
    found = candidates(bands, 32)
    assert (candidates(np.array(shuffled, BAND), 32) == found).all()
    truth = {
        (min(a, b), max(a, b)) for key, a in rows for other, b in rows if key == other and a != b
    }
    assert {tuple(pair) for pair in found.tolist()} <= truth
    if len(rows) <= 32:
        assert {tuple(pair) for pair in found.tolist()} == truth


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=30))
def test_groups_are_the_connected_rows(pairs: list[tuple[int, int]]) -> None:
    groups = Groups(20)
    groups.join(np.array(pairs, np.int64).reshape(-1, 2))
    truth = list(range(20))
    for _ in range(20):
        for a, b in pairs:
            truth[a] = truth[b] = min(truth[a], truth[b])
    assert groups.roots().tolist() == truth
