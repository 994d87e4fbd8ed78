"""The forms before GGUF: which family a file is of, and damaged ones."""

import struct
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from g4tui.core import G4tuiError
from g4tui.formats import describe_file, read_ggml
from support.model_files import (
    gpt_words,
    short,
    tiny_gpt2,
    tiny_llama_ggjt,
    written,
)
from support.old_families import tiny_family

MIB = 1 << 20
GPT2 = tiny_gpt2(width=8, layers=1, context=16)
LLAMA = tiny_llama_ggjt()
WORDS = gpt_words()


def test_a_gpt2_and_a_llama_are_recognised(tmp_path: Path) -> None:
    gpt2 = read_ggml(written(tmp_path, "a.bin", tiny_gpt2()))
    assert (gpt2.container, gpt2.family, gpt2.context, gpt2.vocabulary) == (
        "ggml",
        "gpt2",
        128,
        len(WORDS),
    )
    assert gpt2.quantisation == "F32"
    llama = describe_file(written(tmp_path, "b.bin", LLAMA))
    assert (llama.format, llama.architecture, llama.error) == ("ggml", "llama", "")


@pytest.mark.parametrize("family", ["gptj", "gptneox", "dolly-v2", "mpt", "replit", "falcon"])
def test_files_that_do_not_say_what_they_are_are_recognised(tmp_path: Path, family: str) -> None:
    path = written(tmp_path, "old.bin", tiny_family(family))
    assert read_ggml(path).family == family
    assert read_ggml(path, family).family == family
    assert describe_file(path).architecture == family


def test_an_mpts_words_must_be_texts(tmp_path: Path) -> None:
    content = tiny_family("mpt").replace(b" cat", b"\xff\xfe\xfd\xfc")
    with pytest.raises(G4tuiError, match="UTF-8"):
        read_ggml(written(tmp_path, "mpt.bin", content), "mpt")


def test_starcoder_is_told_from_gpt2_by_its_words(tmp_path: Path) -> None:
    content = GPT2.replace(b"Hello", b"<fim-")
    assert read_ggml(written(tmp_path, "code.bin", content)).family == "starcoder"


def test_blocks_of_before_may_2023_have_their_own_sizes(tmp_path: Path) -> None:
    words = [b"x"] * 3
    head = b"tjgg" + struct.pack("<I7I", 1, 3, 32, 32, 1, 1, 32, 2)
    head += b"".join(struct.pack("<I", 1) + word + bytes(4) for word in words)
    head += struct.pack("<III2i", 2, 11, 2, 32, 3) + b"norm.weight"
    path = written(tmp_path, "old.bin", head + bytes(-len(head) % 32) + bytes(3 * 20))
    header = read_ggml(path)
    assert (header.layout, header.tensors[0].size, header.quantisation) == (0, 60, "Q4_0")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"lmgg", "does not begin"),
        (b"algg" + bytes(64), "adapter"),
        (b"tjgg" + struct.pack("<I", 9) + bytes(64), "no version 9"),
        (GPT2[:-4], "too early"),
        (GPT2[:3000], "too early"),
        (GPT2[: GPT2.rindex(b"model/") - 16], "missing"),
        (GPT2 + bytes(12), "at byte"),
        (GPT2.replace(b"model/ln_f/b", b"model/ln_x/b"), "model/ln_x/b"),
        (b"lmgg" + struct.pack("<6i", 1 << 30, 1, 1, 1, 1, 0), "n_vocab"),
        (b"lmgg" + b"\xff" * 64, "n_"),
    ],
    ids=short,
)
def test_a_damaged_file_is_refused_with_what_is_wrong(
    tmp_path: Path, content: bytes, told: str
) -> None:
    path = written(tmp_path, "bad.bin", content)
    with pytest.raises(G4tuiError) as caught:
        read_ggml(path)
    assert caught.value.info.kind == "model"
    assert told in str(caught.value)
    assert str(path) in caught.value.info.detail


def test_an_unknown_family_is_named_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(G4tuiError, match="gptj"):
        read_ggml(written(tmp_path, "a.bin", GPT2), "bert")


@given(
    st.sampled_from([GPT2, LLAMA]),
    st.lists(st.tuples(st.integers(0, 4000), st.binary(min_size=1, max_size=8)), max_size=4),
    st.integers(0, 20_000),
)
@settings(
    max_examples=150, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_change_to_a_sound_file_costs_little(
    tmp_path: Path, sound: bytes, changes: list[tuple[int, bytes]], end: int
) -> None:
    content = bytearray(sound)
    for place, new in changes:
        content[place : place + len(new)] = new
    path = written(tmp_path, "changed.bin", bytes(content[:end] if end % 3 == 0 else content))
    tracemalloc.start()
    try:
        file = describe_file(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * MIB
    assert file.error or file.parameters


@given(st.binary(max_size=300))
@settings(deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(tmp_path: Path, tail: bytes) -> None:
    for magic in (b"lmgg", b"fmgg\1\0\0\0", b"tjgg\3\0\0\0", b"ccgg\x0a\0\0\0"):
        path = written(tmp_path, "any.bin", magic + tail)
        assert describe_file(path).format == "ggml"
