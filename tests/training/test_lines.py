"""Lines of files that nobody checked."""

import gzip
import tracemalloc
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from g4tui.core import G4tuiError
from g4tui_training.lines import MAX_LINE, Broken, Line, read_lines
from g4tui_training.pairs import Pair, Prompt, read_rows, row_line
from support.pairs import pair


def lines(file: Path, **options: int) -> list[bytes]:
    return [each.data for each in read_lines(file, **options) if isinstance(each, Line)]


def test_only_newlines_end_a_line(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    text = '\ufeff"one\u2028still one\u2029\u0085"\r\n\r\n  \n"two"\r\n"three"'
    file.write_bytes(text.encode())
    assert lines(file) == ['"one\u2028still one\u2029\u0085"'.encode(), b'"two"', b'"three"']
    assert [each.number for each in read_lines(file)] == [1, 4, 5]


def test_a_line_of_50_mb_is_counted_and_never_held(tmp_path: Path) -> None:
    file = tmp_path / "big.jsonl"
    with file.open("wb") as stream:
        stream.write(b'"before"\n"')
        for _ in range(50):
            stream.write(b"x" * (1 << 20))
        stream.write(b'"\n"after"\n')
    tracemalloc.start()
    found = list(read_lines(file))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * MAX_LINE
    before, broken, after = found
    assert isinstance(before, Line)
    assert isinstance(after, Line)
    assert (before.data, after.data, after.number) == (b'"before"', b'"after"', 3)
    assert isinstance(broken, Broken)
    assert broken.size == (50 << 20) + 3
    assert broken.number == 2
    assert "bytes" in broken.reason


def test_a_line_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"a" * 10 + b"\n" + b"b" * 11 + b"\n" + b"c" * 11)
    kinds = [(type(each).__name__, each.number) for each in read_lines(file, limit=10)]
    assert kinds == [("Line", 1), ("Broken", 2), ("Broken", 3)]


@given(
    content=st.lists(st.sampled_from([b"a", b"bb", b"\n", b"\r\n", b"\xe2\x80\xa8", b" "])),
    cuts=st.lists(st.integers(0, 40), max_size=5),
)
def test_parts_of_a_file_lose_no_line_and_share_none(
    tmp_path_factory: pytest.TempPathFactory, content: list[bytes], cuts: list[int]
) -> None:
    file = tmp_path_factory.getbasetemp() / "parts.jsonl"
    whole = b"".join(content)
    file.write_bytes(whole)
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < len(whole)), len(whole)]
    found = []
    for start, end in pairwise(edges):
        if start < end:
            found += lines(file, start=start, end=end)
    assert found == lines(file)


def test_gzip_is_unpacked(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl.gz"
    file.write_bytes(gzip.compress(b'"one"\n"two"\n'))
    assert lines(file) == [b'"one"', b'"two"']


def test_utf_16_is_refused_with_a_remedy(tmp_path: Path) -> None:
    file = tmp_path / "windows.jsonl"
    file.write_text('"hello"\n', "utf-16")
    with pytest.raises(G4tuiError) as raised:
        list(read_lines(file))
    assert "UTF-16" in raised.value.info.title
    assert "iconv" in raised.value.info.remedy


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(G4tuiError) as raised:
        list(read_lines(tmp_path / "none.jsonl"))
    assert raised.value.info.kind == "missing"


@pytest.mark.parametrize(
    "data",
    [b"{", b"nonsense", b"\xff\xfe{}", b'{"id": 1}', b'{"id": "a\x00"}', b'"\\ud800"', b"[" * 5000],
    ids=["cut", "words", "bytes", "another shape", "a NUL", "half a character", "deep"],
)
def test_a_broken_row_is_told_and_the_next_is_read(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "rows.jsonl"
    good = row_line(Prompt(id="a", source="s", licence="MIT", prompt="p"))
    file.write_bytes(data + b"\n" + good)
    broken, row = read_rows(file, Prompt)
    assert isinstance(broken, Broken)
    assert broken.number == 1
    assert isinstance(row, Prompt)
    assert row.id == "a"


def test_a_pair_is_written_with_the_names_that_scripts_rely_on(tmp_path: Path) -> None:
    import json

    row = pair("a")
    file = tmp_path / "pairs.jsonl"
    file.write_text(json.dumps(row))
    (read,) = read_rows(file, Pair)
    assert isinstance(read, Pair)
    assert json.loads(row_line(read)) == row
    assert row_line(read).endswith(b"\n")


def test_a_prompt_that_is_answered_becomes_a_pair() -> None:
    prompt = Prompt(id="a", source="s", licence="MIT", prompt="p", terms="", weight=2.0)
    assert prompt.as_pair() is None
    answered = prompt.answered(
        "r", teacher="openai:x", finish_reason="stop", terms="openai", created=5.0
    )
    assert (answered.response, answered.terms, answered.weight) == ("r", "openai", 2.0)
    assert answered.turns == prompt.turns


@pytest.mark.parametrize(
    "data", [gzip.compress(b'"one"\n' * 9999)[:60], b"no gzip", gzip.compress(b"x" * 99)[:-4]]
)
def test_a_damaged_gzip_file_is_one_clear_error(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "cut.jsonl.gz"
    file.write_bytes(data)
    with pytest.raises(G4tuiError) as raised:
        list(read_lines(file))
    assert "cut.jsonl.gz is no sound gzip file" in raised.value.info.title
    assert "fetch it again" in raised.value.info.remedy
