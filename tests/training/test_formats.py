"""Records of files: JSON arrays, CSV and parquet, whole and damaged."""

import json
import time
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from g4tui.core import G4tuiError
from g4tui_training.lines import Broken
from g4tui_training.sources.formats import read_records


def read(file: Path) -> tuple[list[object], list[Broken]]:
    found = list(read_records(file))
    broken = [each for each in found if isinstance(each, Broken)]
    return [each for each in found if not isinstance(each, Broken)], broken


def test_an_array_is_read_piece_by_piece(tmp_path: Path) -> None:
    rows = [{"text": "x" * size, "n": size} for size in range(0, 3000, 7)]
    rows += [{"text": 'quote " and \\ and ]} ,', "n": -1}]
    for number, indent in enumerate((None, 2)):
        file = tmp_path / f"{number}.json"
        file.write_text("\ufeff" + json.dumps(rows, indent=indent))
        assert read(file) == (rows, [])


def test_an_array_of_big_and_plain_elements(tmp_path: Path) -> None:
    rows: list[object] = ["a" * 3_000_000, 12345, "b", 1.5, None, ["c"]]
    file = tmp_path / "a.json"
    file.write_text(json.dumps(rows))
    assert read(file)[0] == rows


def test_an_object_around_an_array(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"version": "1", "data": [{"a": 1}, {"a": 2}]}')
    assert read(file)[0] == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("tail", ['{"a": 3', '{"a": 3}} , {"a"', "{]", ""])
def test_a_damaged_array_gives_what_is_before_the_damage(tmp_path: Path, tail: str) -> None:
    file = tmp_path / "a.json"
    file.write_text('[{"a": 1}, {"a": 2}, ' + tail)
    rows, broken = read(file)
    assert rows[:2] == [{"a": 1}, {"a": 2}]
    assert len(broken) == 1
    assert "damaged" in broken[0].reason


def test_a_json_file_that_is_no_list(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"a": 1}\n{"a": 2}\n')
    with pytest.raises(G4tuiError) as raised:
        read(file)
    assert "jsonl" in raised.value.info.remedy


def test_csv_as_spreadsheets_write_it(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes('\ufeffprompt,n\r\n"two\r\nlines, ""quoted""",1\r\nü\u2028ü,2\r\n'.encode())
    assert read(file)[0] == [
        {"prompt": 'two\r\nlines, "quoted"', "n": "1"},
        {"prompt": "ü\u2028ü", "n": "2"},
    ]


def test_broken_rows_of_csv_are_told(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"a,b\n1,2\n1\n1,2,3\n\xff,2\n\n3,4\n")
    rows, broken = read(file)
    assert rows == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    assert [each.number for each in broken] == [3, 4, 5]
    assert "fields" in broken[0].reason
    assert "UTF-8" in broken[2].reason


def test_tsv(tmp_path: Path) -> None:
    file = tmp_path / "a.tsv"
    file.write_text("a\tb\n1,5\t2\n")
    assert read(file)[0] == [{"a": "1,5", "b": "2"}]


def test_parquet(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    rows = [{"prompt": "p", "turns": [{"role": "user"}]}, {"prompt": None, "turns": []}]
    parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    assert read(file)[0] == rows


@pytest.mark.parametrize("content", [b"", b"PAR1nonsensePAR1", b"x" * 100])
def test_a_damaged_parquet_file_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.parquet"
    file.write_bytes(content)
    with pytest.raises(G4tuiError) as raised:
        read(file)
    assert "parquet" in raised.value.info.title


def test_an_unknown_ending_names_the_known_ones(tmp_path: Path) -> None:
    file = tmp_path / "a.xlsx"
    file.write_bytes(b"")
    with pytest.raises(G4tuiError) as raised:
        read(file)
    assert ".jsonl" in raised.value.info.detail


def test_an_array_of_many_small_elements_is_read_in_little_time(tmp_path: Path) -> None:
    """What is left of a piece is not copied for every element: the work grows with the file."""
    file = tmp_path / "a.json"
    file.write_text(json.dumps([{"n": number} for number in range(150_000)]))
    began = time.process_time()
    json.loads(file.read_text())
    whole = time.process_time() - began
    began = time.process_time()
    assert len(read(file)[0]) == 150_000
    assert time.process_time() - began < 60 * whole


def test_a_number_without_end_is_damage(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('[{"a": 1}, {"a": ' + "9" * 5000 + "}]")
    rows, broken = read(file)
    assert rows == [{"a": 1}]
    assert len(broken) == 1
