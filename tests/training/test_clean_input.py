"""What `clean` reads: bad lines, other shapes, nothing at all."""

import json
from pathlib import Path

import pytest

from g4tui.core import G4tuiError
from g4tui_training.clean import pipeline
from support.cleaning import clean_files, dropped, kept
from support.pairs import pair, read_rows, varied, write_rows


def test_bad_lines_are_kept_in_the_ledger_and_told_with_their_place(tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    told: list[str] = []
    good = json.dumps(pair("good", "q\u2028q"), ensure_ascii=False).encode()
    lines = [b"\xef\xbb\xbf" + good, b"{", b"", b"\x00\x00", b'{"id": "x"}', b"\xff", b'"alone"']
    lines.append(b'{"x": "' + b"y" * (9 << 20) + b'"}')
    file.write_bytes(b"\r\n".join(lines))
    funnel = clean_files(tmp_path, [file], say=told.append)
    assert kept(tmp_path) == {"good"}
    assert funnel.rows == 7
    assert sorted(dropped(tmp_path)) == ["empty", "unparsable"]
    entries = [
        row for row in read_rows(tmp_path / "clean" / "ledger.jsonl") if row["rule"] == "unparsable"
    ]
    assert len(entries) == 5
    assert max(entry["row"]["bytes"] for entry in entries) > 9 << 20
    assert max(len(json.dumps(entry)) for entry in entries) < 5000
    assert any("bad.jsonl, row 2" in line for line in told)


def test_rows_of_other_shapes_and_formats_come_in(tmp_path: Path) -> None:
    alpaca = [{"instruction": f"Do {n}", "input": "", "output": f"Done {n}"} for n in range(4)]
    (tmp_path / "alpaca.json").write_text(json.dumps(alpaca))
    (tmp_path / "table.csv").write_text("prompt,response,id\nq,a,7\n")
    write_rows(tmp_path / "prompts.jsonl", [{"prompt": "alone", "id": "p", "source": "s"}])
    files = [tmp_path / name for name in ("alpaca.json", "table.csv", "prompts.jsonl")]
    funnel = clean_files(tmp_path, files)
    assert sorted(funnel.sources) == ["alpaca", "s", "table"]
    assert funnel.sources["alpaca"].kept == 4
    assert dropped(tmp_path) == {"empty": ["p"]}
    assert "table/7" in kept(tmp_path)
    licences = {row["licence"] for row in read_rows(tmp_path / "clean" / "train.jsonl")}
    assert licences == {"unknown"}


def test_a_bad_line_is_told_by_its_number_in_the_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "READ_BYTES", 700)
    told: list[str] = []
    lines = [json.dumps(row) for row in varied(40)]
    lines[17], lines[31] = "", "null"
    for at in (12, 30):
        lines.insert(at, f"{{broken {at}")
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    clean_files(tmp_path, [tmp_path / "a.jsonl"], say=told.append)
    found = [line for line in told if "a.jsonl" in line]
    assert [line.split(": ")[1] for line in found] == [
        f"a.jsonl, row {number}" for number in (13, 31, 34)
    ]
    assert "{broken 30" in found[1]
    assert "null where an object belongs" in found[2]


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_messages_that_name_their_parents_become_rows(tmp_path: Path, form: str) -> None:
    messages = [
        {"message_id": "q", "parent_id": None, "role": "prompter", "text": "What is it?"},
        {"message_id": "a", "parent_id": "q", "role": "assistant", "text": "It is a stone."},
        {"message_id": "lost", "parent_id": "gone", "role": "assistant", "text": "Never."},
    ]
    file = tmp_path / f"linked.{form}"
    if form == "jsonl":
        write_rows(file, messages)
    else:
        file.write_text(json.dumps(messages))
    assert clean_files(tmp_path, [file]).rows == 1
    assert kept(tmp_path) == {"linked/a"}


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_nothing_to_clean(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.jsonl").write_bytes(content)
    with pytest.raises(G4tuiError) as raised:
        clean_files(tmp_path, [tmp_path / "a.jsonl"])
    assert "nothing to clean" in raised.value.info.title
    with pytest.raises(G4tuiError) as raised:
        clean_files(tmp_path, [tmp_path / "none.jsonl"])
    assert raised.value.info.kind == "missing"
