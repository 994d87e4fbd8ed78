"""The stage `prompts`: what comes in, what is sampled, and what is told of the rest."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from g4tui.core import G4tuiError
from g4tui_training.licences import is_permissive
from g4tui_training.prompts import PROMPTS
from g4tui_training.stages import Context, run_stage
from g4tui_training.tally import SourceTally, tallies_of
from support.pairs import read_rows, write_rows

ASK = "answers = 'ask'"
MAPPED = "columns = {{ prompt = '{}' }}"
Make = Callable[[str], Context]


def gathered(context: Context) -> tuple[list[dict[str, Any]], dict[str, SourceTally]]:
    run_stage(PROMPTS, context, again=True)
    record = context.run.manifest().stages["prompts"]
    return read_rows(context.run.prompts), tallies_of(record.counts)


def source(name: str = "a", path: str = "a.jsonl", more: str = "") -> str:
    return f'[[sources]]\nname = "{name}"\npath = "{path}"\nlicence = "MIT"\n{more}\n'


def test_mixed_shapes_in_one_file(tmp_path: Path, context: Make) -> None:
    rows: list[object] = [
        {"prompt": "p"},
        {"instruction": "i", "input": "x", "output": "o"},
        {"conversations": [{"from": "human", "value": "h"}, {"from": "gpt", "value": "g"}]},
        {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]},
        "plain",
        {"nothing": "known"},
        {"prompt": "   "},
    ]
    write_rows(tmp_path / "a.jsonl", rows)
    found, tallies = gathered(context(f'name = "r"\n{source()}'))
    assert [row.get("prompt") for row in found] == ["p", "i\n\nx", "h", None, "plain"]
    assert [row.get("response") for row in found] == [None, "o", "g", None, None]
    assert found[3]["messages"][0] == {"role": "system", "content": "s"}
    assert all(row["source"] == "a" and row["licence"] == "MIT" for row in found)
    tally = tallies["a"]
    assert (tally.read, tally.published, tally.to_ask) == (7, 2, 3)
    assert (tally.unreadable, tally.empty) == (1, 1)
    assert "nothing" in tally.examples[0].excerpt
    assert len({row["id"] for row in found}) == 5


@pytest.mark.parametrize("limit", ["sample = 0.3", "cap = 60", "sample = 0.5\ncap = 40"])
def test_a_sample_hangs_on_the_seed_and_not_on_the_order(
    tmp_path: Path, context: Make, limit: str
) -> None:
    rows = [{"prompt": f"question number {number}"} for number in range(200)]
    file = write_rows(tmp_path / "a.jsonl", rows)
    first = [row["prompt"] for row in gathered(context(f'name = "r"\n{source(more=limit)}'))[0]]
    assert 20 < len(first) < 90
    if "cap = 60" in limit:
        assert len(first) == 60
    assert first == sorted(first, key=lambda prompt: int(prompt.split()[-1]))
    random.Random(1).shuffle(rows)
    write_rows(file, rows)
    again = [row["prompt"] for row in gathered(context(f'name = "r"\n{source(more=limit)}'))[0]]
    assert sorted(again) == sorted(first)
    other = gathered(context(f'name = "r"\nseed = 2\n{source(more=limit)}'))[0]
    assert {row["prompt"] for row in other} != set(first)


def test_no_row_comes_twice_and_a_cap_is_filled(tmp_path: Path, context: Make) -> None:
    write_rows(tmp_path / "a.jsonl", [{"prompt": f"q{n % 50}"} for n in range(100)])
    write_rows(tmp_path / "b.jsonl", [{"prompt": f" q{n}\n"} for n in range(40, 90)])
    text = f'name = "r"\n{source()}{source("b", "b.jsonl", "cap = 30")}'
    found, tallies = gathered(context(text))
    assert len({row["prompt"].strip() for row in found}) == len(found) == 80
    assert (tallies["a"].duplicates, tallies["b"].duplicates) == (50, 10)
    assert tallies["b"].taken == 30


def test_one_prompt_with_several_answers_stays_several_rows(tmp_path: Path, context: Make) -> None:
    rows = [{"prompt": "q", "response": answer} for answer in ("a", "b", "a")]
    write_rows(tmp_path / "a.jsonl", rows)
    assert [row["response"] for row in gathered(context(f'name = "r"\n{source()}'))[0]] == [
        "a",
        "b",
    ]
    ask = gathered(context(f'name = "r"\n{source(more=ASK)}'))[0]
    assert [(row["prompt"], "response" in row) for row in ask] == [("q", False)]


def test_ids_that_repeat_get_one_of_their_own(tmp_path: Path, context: Make) -> None:
    rows = [{"id": "x", "prompt": f"q{number}"} for number in range(3)]
    write_rows(tmp_path / "a.jsonl", rows)
    found = [row["id"] for row in gathered(context(f'name = "r"\n{source()}'))[0]]
    assert found[0] == "a/x"
    assert len(set(found)) == 3
    assert all(identity.startswith("a/x") for identity in found)


def test_where_and_sub_sources(tmp_path: Path, context: Make) -> None:
    rows = [{"prompt": f"q{n}", "kind": "code" if n % 2 else "talk", "n": n} for n in range(6)]
    write_rows(tmp_path / "a.jsonl", rows)
    more = 'where = { kind = "code" }\ncolumns = { source = "kind" }'
    found, tallies = gathered(context(f'name = "r"\n{source(more=more)}'))
    assert [row["prompt"] for row in found] == ["q1", "q3", "q5"]
    assert {row["source"] for row in found} == {"a/code"}
    assert tallies["a"].unwanted == 3


@pytest.mark.parametrize(
    ("licence", "permissive"),
    [
        ("MIT", True),
        ("apache-2.0", True),
        ("CC-BY-4.0", True),
        ("MIT AND Apache-2.0", True),
        ("MIT OR GPL-3.0", True),
        ("MIT AND (GPL-3.0 OR CC0-1.0)", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("MIT AND GPL-3.0", False),
        ("CC-BY-SA-4.0", False),
        ("CC-BY-NC-4.0", False),
        ("unknown", False),
        ("", False),
        ("MIT )", False),
        ("(MIT", False),
    ],
)
def test_spdx_expressions(licence: str, permissive: bool) -> None:
    assert is_permissive(licence) is permissive


def test_permissive_takes_no_terms_and_no_other_licence(tmp_path: Path, context: Make) -> None:
    rows = [
        {"prompt": "free"},
        {"prompt": "shared alike", "license": "CC-BY-SA-4.0"},
        {"prompt": "of openai", "response": "x", "terms": "openai"},
    ]
    write_rows(tmp_path / "a.jsonl", rows)
    head = 'name = "r"\nlicence = "permissive"\n'
    found, tallies = gathered(context(head + source()))
    assert [row["prompt"] for row in found] == ["free"]
    assert tallies["a"].reasons == {"licence CC-BY-SA-4.0": 1, "terms openai": 1}
    found, _ = gathered(context(f'{head}allow_terms = ["openai"]\n{source()}'))
    assert [row["prompt"] for row in found] == ["free", "of openai"]
    found, _ = gathered(context(f'name = "r"\n{source()}'))
    assert len(found) == 3


def test_a_missing_column_names_those_there_are(tmp_path: Path, context: Make) -> None:
    write_rows(tmp_path / "a.jsonl", [{"question": "q", "answer": "a"}])
    with pytest.raises(G4tuiError) as raised:
        gathered(context(f'name = "r"\n{source(more=MAPPED.format("qestion"))}'))
    assert raised.value.info.kind == "config"
    assert "question" in raised.value.info.detail
    assert "qestion" in raised.value.info.title


def test_a_column_that_some_rows_lack_is_counted(tmp_path: Path, context: Make) -> None:
    write_rows(tmp_path / "a.jsonl", [{"q": "1"}, {"x": "2"}, {"q": None}, {"q": "3"}])
    found, tallies = gathered(context(f'name = "r"\n{source(more=MAPPED.format("q"))}'))
    assert [row["prompt"] for row in found] == ["1", "3"]
    assert tallies["a"].reasons == {"no column q": 1, "nothing in column q": 1}


def test_an_empty_source_is_told_and_all_empty_is_an_error(tmp_path: Path, context: Make) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"")
    write_rows(tmp_path / "b.jsonl", [{"prompt": "q"}])
    _, tallies = gathered(context(f'name = "r"\n{source()}{source("b", "b.jsonl")}'))
    assert tallies["a"].why_nothing() == "it is empty"
    made = context(f'name = "r"\n{source()}')
    before = made.run.prompts.read_bytes()
    with pytest.raises(G4tuiError) as raised:
        run_stage(PROMPTS, made, again=True)
    assert "a: it is empty" in raised.value.info.detail
    assert made.run.prompts.read_bytes() == before


def test_bad_rows_are_counted_with_their_place(tmp_path: Path, context: Make) -> None:
    lines = [
        '{"prompt": "one"}',
        "{broken",
        '{"prompt": "half \\ud83d"}',
        '{"prompt": "two\u2028lines"}\r',
        '{"prompt": "nul \\u0000 within"}',
    ]
    (tmp_path / "a.jsonl").write_bytes("\ufeff".encode() + "\n".join(lines).encode())
    found, tallies = gathered(context(f'name = "r"\n{source()}'))
    assert [row["prompt"] for row in found] == ["one", "two\u2028lines"]
    assert [example.number for example in tallies["a"].examples] == [2, 3, 5]
    assert tallies["a"].unreadable == 3


def test_what_the_terminal_shows(tmp_path: Path, train_command: Callable[..., Any]) -> None:
    write_rows(tmp_path / "a.jsonl", [{"prompt": "q\x1b[31m"}, {"x": "\x1b[31mred"}])
    (tmp_path / "r.toml").write_text(f'name = "r"\n{source()}')
    code, out, err = train_command("prompts", "--recipe", "r.toml", "--out", "run")
    assert code == 0
    assert "1 prompt in run/prompts.jsonl" in out
    assert "a.jsonl, row 2: no known shape" in err
    assert "\x1b" not in out + err
    code, _, err = train_command("prompts", "--recipe", "r.toml", "--out", "run")
    assert "nothing changed" in err


def test_a_data_set_of_the_hub(
    tmp_path: Path, context: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub's own client, told to find its files in a folder."""
    import huggingface_hub
    from huggingface_hub import errors

    files = {
        "README.md": "no data",
        "data/train-0.jsonl": json.dumps({"prompt": "from the hub"}) + "\n",
        "data/test-0.jsonl": json.dumps({"prompt": "not asked for"}) + "\n",
    }
    for name, text in files.items():
        (tmp_path / "hub" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "hub" / name).write_text(text)

    def listed(repo: str, *, repo_type: str, revision: str | None) -> list[str]:
        assert repo_type == "dataset"
        if repo != "some/set":
            response = type("Response", (), {"headers": {}, "status_code": 404, "request": None})()
            raise errors.RepositoryNotFoundError("gone", response=response)
        assert revision == "abc"
        return list(files)

    def downloaded(repo: str, name: str, *, repo_type: str, revision: str | None) -> str:
        return str(tmp_path / "hub" / name)

    monkeypatch.setattr(huggingface_hub, "list_repo_files", listed)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", downloaded)
    text = 'name = "r"\n[[sources]]\nname = "a"\ndataset = "some/set"\nlicence = "MIT"\n'
    found, _ = gathered(context(text + 'revision = "abc"'))
    assert [row["prompt"] for row in found] == ["from the hub"]
    found, _ = gathered(context(text + 'revision = "abc"\nfiles = "data/test*"'))
    assert [row["prompt"] for row in found] == ["not asked for"]
    with pytest.raises(G4tuiError) as raised:
        gathered(context(text + 'revision = "abc"\nfiles = "*.parquet"'))
    assert "data/train-0.jsonl" in raised.value.info.detail
    with pytest.raises(G4tuiError) as raised:
        gathered(context(text.replace("some/set", "no/set")))
    assert raised.value.info.kind == "missing"


def test_a_full_disk_leaves_the_old_prompts(
    tmp_path: Path, context: Make, small_disk: Callable[[str], Path]
) -> None:
    import msgspec

    from g4tui_training.run import RunDir

    write_rows(tmp_path / "a.jsonl", [{"prompt": "short"}])
    disk = RunDir(small_disk("600k"))
    made = context(f'name = "r"\n{source()}')
    small = Context(made.recipe, made.folder, disk)
    run_stage(PROMPTS, small)
    before = disk.prompts.read_bytes()
    write_rows(tmp_path / "a.jsonl", [{"prompt": f"{n} " + "long " * 200} for n in range(2000)])
    with pytest.raises(G4tuiError) as raised:
        run_stage(PROMPTS, small)
    assert raised.value.info.kind == "storage"
    assert "No space" in raised.value.info.detail
    assert disk.prompts.read_bytes() == before
    write_rows(tmp_path / "a.jsonl", [{"prompt": "fits"}])
    assert run_stage(PROMPTS, small) == "done"
    assert msgspec.json.decode(disk.prompts.read_bytes())["prompt"] == "fits"
    assert not list(disk.root.rglob("*.part"))
