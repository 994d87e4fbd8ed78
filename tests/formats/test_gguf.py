"""GGUF headers: what is read from sound files, and what is refused."""

import struct
import tracemalloc
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from g4tui.core import G4tuiError
from g4tui.formats import GgufArray, check_gguf, describe_file, read_gguf
from support.model_files import ARRAY, Gguf, short, spm_llama, tiny_gguf, written

MIB = 1 << 20
SOUND = tiny_gguf()


def test_a_sound_file_tells_all_that_it_holds(tmp_path: Path) -> None:
    header = read_gguf(written(tmp_path, "tiny.gguf", SOUND))
    assert (header.version, header.architecture, header.title) == (3, "llama", "Tiny")
    assert (header.licence, header.context, header.vocabulary) == ("mit", 64, 2)
    assert header.metadata["llama.scale"] == 0.5
    assert header.metadata["llama.flag"] is True
    assert header.metadata["tokenizer.ggml.tokens"] == ("a", "b")
    assert header.metadata["long"] == GgufArray("string", 80, SOUND.index(b"long") + 4 + 4 + 12)
    assert [(one.name, one.shape, one.type, one.size) for one in header.tensors] == [
        ("token_embd.weight", (4, 2), "F32", 32),
        ("half", (4,), "F16", 8),
    ]
    assert header.tensors[0].offset == header.data_offset
    assert header.parameters == 12


def test_the_default_model_is_described_as_its_makers_do(default_model: Path) -> None:
    file = describe_file(default_model, "smollm2-135m-instruct")
    assert (file.format, file.architecture, file.quantisation) == ("gguf", "llama", "Q4_1")
    assert (file.context, file.parameters, file.licence) == (8192, 134_515_008, "apache-2.0")
    assert file.error == ""


def test_a_long_vocabulary_is_passed_over_without_being_kept(default_model: Path) -> None:
    tracemalloc.start()
    try:
        header = read_gguf(default_model)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert header.vocabulary == 49_152
    assert peak < 2 * MIB


def test_reading_the_header_is_far_quicker_than_reading_the_file(default_model: Path) -> None:
    def seconds(work: object) -> float:
        began = perf_counter()
        assert callable(work)
        work(default_model)
        return perf_counter() - began

    whole = min(seconds(lambda path: sum(path.read_bytes()[::64])) for _ in range(2))
    assert min(seconds(read_gguf) for _ in range(3)) < whole * 3


def test_version_two_is_read_like_three(tmp_path: Path) -> None:
    path = written(tmp_path, "two.gguf", SOUND.replace(struct.pack("<I", 3), b"\2\0\0\0", 1))
    assert read_gguf(path).version == 2


def test_a_number_type_of_the_future_is_let_through(tmp_path: Path) -> None:
    content = Gguf().tensor("new", (32,), bytes(32), 99).bytes()
    header = read_gguf(written(tmp_path, "new.gguf", content))
    assert header.tensors[0].type == "type 99"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"GGUF", "does not begin"),
        (b"\0" * 64, "does not begin"),
        (SOUND[:-40], "ends too early"),
        (SOUND[:200], "ends too early"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "big-endian"),
        (b"GGUF" + struct.pack("<IQQ", 1, 0, 0), "version is 1"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 0), "claims"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1 << 60), "claims"),
        (Gguf("").text("a", "1").text("a", "2").bytes(), "twice"),
        (Gguf("").value("a", 77, b"").bytes(), "type 77"),
        (Gguf("").value("a", ARRAY, struct.pack("<IQ", 8, 1 << 50)).bytes(), "texts"),
        (Gguf("").value("a", ARRAY, struct.pack("<IQ", 4, 1 << 50)).bytes(), "too early"),
        (Gguf("").value("a", ARRAY, struct.pack("<IQ", 9, 1) * 9).bytes(), "within"),
        (Gguf("").u32("general.alignment", 0).bytes(), "alignment"),
        (Gguf("").u32("general.alignment", 13).bytes(), "alignment"),
        (Gguf().tensor("x" * 64, (1,), bytes(4)).bytes(), "name of a tensor"),
        (Gguf().tensor("x", (0,), b"").bytes(), "shape"),
        (Gguf().tensor("x", (1 << 40, 1 << 40), b"").bytes(), "shape"),
        (Gguf().tensor("x", (1, 1, 1, 1, 1), b"").bytes(), "dimensions"),
        (Gguf().tensor("x", (33,), bytes(64), 2).bytes(), "do not fit Q4_0"),
        (Gguf().tensor("x", (4,), bytes(16)).tensor("x", (4,), bytes(16)).bytes(), "one name"),
        (Gguf().tensor("x", (64,), bytes(16)).tensor("y", (4,), bytes(512)).bytes(), "over"),
        (Gguf().tensor("x", (4096,), bytes(16)).bytes(), "ends too early"),
    ],
    ids=short,
)
def test_a_damaged_file_is_refused_with_what_is_wrong(
    tmp_path: Path, content: bytes, told: str
) -> None:
    path = written(tmp_path, "bad.gguf", content)
    with pytest.raises(G4tuiError) as caught:
        read_gguf(path)
    assert caught.value.info.kind == "model"
    assert told in str(caught.value)
    assert str(path) in caught.value.info.detail
    assert caught.value.info.remedy
    assert describe_file(path).error
    assert str(path) not in describe_file(path).error


def test_a_file_that_is_not_there_and_one_that_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(G4tuiError) as caught:
        read_gguf(tmp_path / "none.gguf")
    assert caught.value.info.kind == "missing"
    with pytest.raises(G4tuiError) as caught:
        read_gguf(tmp_path)
    assert "folder" in caught.value.info.title
    assert str(tmp_path) in caught.value.info.detail
    assert "folder" in describe_file(tmp_path).error
    with pytest.raises(G4tuiError, match="no ordinary file"):
        read_gguf(Path("/dev/null"))
    (tmp_path / "lost.gguf").symlink_to(tmp_path / "none.gguf")
    assert describe_file(tmp_path / "lost.gguf").error == "it is a link to nothing"


def test_a_number_that_is_nonsense_is_told_in_words(tmp_path: Path) -> None:
    content = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + b"it is no g" * 9
    with pytest.raises(G4tuiError) as caught:
        read_gguf(written(tmp_path, "nonsense.gguf", content))
    assert "claims to be longer than any text is" in caught.value.info.detail
    assert "at byte 32" in caught.value.info.detail


@given(st.binary(max_size=400))
@example(b"GGUF\3\0\0\0" + b"\xff" * 40)
@example(b"GGUF\3\0\0\0" + b"\0" * 8 + b"\1" + b"\0" * 7 + b"\0" * 8 + b"\x09\0\0\0" * 30)
@settings(deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(tmp_path: Path, tail: bytes) -> None:
    for content in (tail, b"GGUF" + tail, SOUND[:16] + tail):
        path = written(tmp_path, "any.gguf", content)
        assert describe_file(path).size_bytes == len(content)


@given(
    st.lists(
        st.tuples(st.integers(0, len(SOUND) - 1), st.binary(min_size=1, max_size=8)), max_size=4
    ),
    st.integers(0, len(SOUND)),
)
@settings(
    max_examples=300, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_change_to_a_sound_file_costs_little(
    tmp_path: Path, changes: list[tuple[int, bytes]], end: int
) -> None:
    content = bytearray(SOUND)
    for place, new in changes:
        content[place : place + len(new)] = new
    path = written(tmp_path, "changed.gguf", bytes(content[: end or None]))
    tracemalloc.start()
    try:
        file = describe_file(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * MIB
    if not file.error:
        inside = [one for one in read_gguf(path).tensors if one.offset + one.size > len(content)]
        assert not inside


def _vocabulary(tokens: int = 3, **special: int) -> Gguf:
    file = Gguf().u32("llama.embedding_length", 4).texts("tokenizer.ggml.tokens", ["x"] * tokens)
    for name, token in special.items():
        file.u32(f"tokenizer.ggml.{name}_token_id", token)
    return file.tensor("token_embd.weight", (4, 3), bytes(48))


def test_the_precheck_lets_sound_models_through(tmp_path: Path, default_model: Path) -> None:
    check_gguf(default_model)
    check_gguf(written(tmp_path, "spm.gguf", spm_llama()))
    check_gguf(written(tmp_path, "unsigned.gguf", _vocabulary(bos=0xFFFFFFFF).bytes()))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (Gguf("").tensor("x", (4,), bytes(16)).bytes(), "architecture"),
        (Gguf().text("general.type", "adapter").bytes(), "adapter"),
        (Gguf().text("general.name", "only words").bytes(), "no weights"),
        (_vocabulary(eos=3).bytes(), "eos token is 3 of 3"),
        (_vocabulary(tokens=4).bytes(), "4 words"),
        (_vocabulary().floats("tokenizer.ggml.scores", [1.0]).bytes(), "1 of scores"),
        (_vocabulary().u32("llama.attention.head_count", 0).bytes(), "head_count is 0"),
        (_vocabulary().u32("llama.block_count", 1 << 30).bytes(), "block_count"),
        (
            Gguf().u32("llama.embedding_length", 8).tensor("token_embd.weight", (4, 1), bytes(8), 1)
            .bytes(),
            "columns",
        ),
    ],
    ids=short,
)  # fmt: skip
def test_the_precheck_refuses_what_ends_native_code(
    tmp_path: Path, content: bytes, told: str
) -> None:
    path = written(tmp_path, "bad.gguf", content)
    with pytest.raises(G4tuiError) as caught:
        check_gguf(path)
    assert told in str(caught.value)
    assert str(path) in str(caught.value) or caught.value.info.kind == "usage"
