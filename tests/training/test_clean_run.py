"""`clean`, `why` and `undo` as commands on a run; killed, changed, and read by other tools."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from g4tui_training import console
from g4tui_training.clean import pipeline
from g4tui_training.clean.pipeline import CLEAN_FILES
from support.pairs import by_rule, ids, pair, read_rows, sentence, varied, write_rows
from support.processes import ended

EXAMPLES = Path(__file__).parents[2] / "examples"
TRAIN = [sys.executable, "-m", "g4tui_training"]
Command = Callable[..., tuple[int, str, str]]


def mixed() -> list[dict[str, Any]]:
    chance = random.Random(1)
    rows = varied(60)
    rows += [{**row, "id": f"twin-{row['id']}"} for row in rows[:5]]
    for row in rows[5:12]:
        words = row["response"].split()
        words[7] = "zzz"
        rows.append({**row, "id": f"near-{row['id']}", "response": " ".join(words)})
    for number in range(150):
        answer = chance.choice(("yes", "no"))
        rows.append(pair(f"p{number}", sentence(chance, 30), answer, source="p3"))
    rows.append(pair("refusal", response="I'm sorry, but I can't help with that."))
    rows.append(pair("cut", finish_reason="length"))
    return rows


def snapshot(run: Path) -> dict[str, bytes]:
    return {name: (run / "clean" / name).read_bytes() for name in CLEAN_FILES}


def rows_of(run: Path) -> dict[str, Any]:
    """What decides: rows and ledger, without the funnel's list of rules that are off."""
    found: dict[str, Any] = {name: (run / "clean" / name).read_bytes() for name in CLEAN_FILES[:3]}
    return found


def test_clean_by_itself_prints_the_funnel(tmp_path: Path, train_command: Command) -> None:
    write_rows(tmp_path / "a.jsonl", mixed())
    code, out, err = train_command("clean", "--in", "a.jsonl", "--out", "run")
    assert code == 0, err
    for part in ("rows in", "224", "exact_duplicate", "-5", "near_duplicate", "-7", "refusal"):
        assert part in out
    assert "p3 was dropped whole: 0.02 distinct answers among 100 rows, 100% of them short." in out
    code, _, err = train_command("clean", "--in", "a.jsonl", "--out", "run")
    assert (code, "nothing changed" in err) == (0, True)


def test_set_goes_over_the_recipe(tmp_path: Path, train_command: Command) -> None:
    write_rows(tmp_path / "a.jsonl", mixed())
    (tmp_path / "r.toml").write_text('name = "r"\n')
    arguments = ("clean", "--in", "a.jsonl", "--out", "run", "--set", 'clean.off=["refusal"]')
    code, _, err = train_command(*arguments)
    assert (code, "give --recipe" in err) == (2, True)
    code, out, err = train_command(*arguments, "--recipe", "r.toml")
    assert code == 0, err
    assert "Not applied: refusal" in out
    assert "off = [" in (tmp_path / "run" / "recipe.toml").read_text()


def test_several_files_behind_one_in(tmp_path: Path, train_command: Command) -> None:
    rows = mixed()
    for number in range(3):
        write_rows(tmp_path / f"{number}.jsonl", rows[number::3])
    write_rows(tmp_path / "all.jsonl", rows)
    assert train_command("clean", "--in", "0.jsonl", "1.jsonl", "2.jsonl", "--out", "a")[0] == 0
    assert train_command("clean", "--in", "all.jsonl", "--out", "b", "--jobs", "1")[0] == 0
    assert snapshot(tmp_path / "a") == snapshot(tmp_path / "b")
    code, _, err = train_command("clean", "0.jsonl", "--out", "c")
    assert (code, "--in" in err) == (2, True)


def test_why_explains_each_fate(tmp_path: Path, train_command: Command) -> None:
    rows = mixed()
    rows[30]["id"] = "a \u202eb\x1b[31m"
    write_rows(tmp_path / "a.jsonl", [*rows, {"x": 1}])
    train_command("clean", "--in", "a.jsonl", "--out", "run")
    code, out, _ = train_command("why", "near-1-5", "--run", "run")
    assert code == 0
    assert "near-1-5 was dropped by the rule near_duplicate: prompt 1.00 and answer" in out
    assert "In its place stays 1-5" in out
    assert "undo near_duplicate" in out
    code, out, _ = train_command("why", "1-40", "--run", "run")
    assert "1-40 is kept, in " in out
    code, out, _ = train_command("why", rows[30]["id"], "--run", "run")
    assert "is kept" in out
    assert "\x1b" not in out
    assert "\u202e" not in out
    ledger = read_rows(tmp_path / "run/clean/ledger.jsonl")
    lost = next(row for row in ledger if "bytes" in row["row"])
    code, out, _ = train_command("why", lost["id"], "--run", "run")
    assert '{"x":1}' in out
    code, out, err = train_command("why", "nobody", "--run", "run")
    assert code == 1
    assert "nobody" in err
    code, _, err = train_command("why", "nobody", "--run", "elsewhere")
    assert code == 1
    assert "g4tui-train clean" in err


@pytest.mark.parametrize("rule", ["low_diversity", "near_duplicate", "refusal", "exact_duplicate"])
def test_undo_is_as_if_the_rule_had_never_been(
    tmp_path: Path, train_command: Command, rule: str
) -> None:
    write_rows(tmp_path / "a.jsonl", [*mixed(), "nonsense"])
    train_command("clean", "--in", "a.jsonl", "--out", "run")
    (tmp_path / "r.toml").write_text(f'name = "unnamed"\n[clean]\noff = ["{rule}"]\n')
    train_command("clean", "--recipe", "r.toml", "--in", "a.jsonl", "--out", "without")
    (tmp_path / "a.jsonl").rename(tmp_path / "gone.jsonl")
    before = rows_of(tmp_path / "run")
    code, out, err = train_command("undo", rule, "--run", "run")
    assert code == 0, err
    assert f"Not applied: {rule}" in out
    assert rows_of(tmp_path / "run") == rows_of(tmp_path / "without")
    assert rule not in by_rule(tmp_path / "run" / "clean" / "ledger.jsonl")
    # A later clean leaves the rule out too, and finds nothing to do.
    (tmp_path / "gone.jsonl").rename(tmp_path / "a.jsonl")
    code, _, err = train_command("clean", "--in", "a.jsonl", "--out", "run")
    assert "nothing changed" in err
    code, out, _ = train_command("undo", "--back", rule, "--run", "run")
    assert code == 0
    assert rows_of(tmp_path / "run") == before


def test_undo_refuses_what_it_cannot(tmp_path: Path, train_command: Command) -> None:
    write_rows(tmp_path / "a.jsonl", mixed())
    train_command("clean", "--in", "a.jsonl", "--out", "run")
    for arguments, told in (
        (["refusals"], "Did you mean refusal?"),
        (["empty"], "cannot be undone"),
        (["--back", "refusal"], "was not undone"),
    ):
        code, _, err = train_command("undo", *arguments, "--run", "run")
        assert (code, told in err) == (2, True), err


def test_the_lasso_of_the_map_becomes_a_rule(tmp_path: Path, train_command: Command) -> None:
    write_rows(tmp_path / "a.jsonl", varied(20))
    (tmp_path / "drop.toml").write_text('reason = "off topic"\nids = ["1-3", "1-4", "none"]\n')
    (tmp_path / "r.toml").write_text('name = "r"\n[clean]\ndrop = ["drop.toml"]\n')
    arguments = ("clean", "--recipe", "r.toml", "--in", "a.jsonl", "--out", "run")
    assert train_command(*arguments)[0] == 0
    assert by_rule(tmp_path / "run/clean/ledger.jsonl") == {"dropped": ["1-3", "1-4"]}
    assert "off topic" in train_command("why", "1-3", "--run", "run")[1]
    (tmp_path / "drop.toml").write_text('ids = ["1-5"]\n')
    train_command(*arguments)
    assert by_rule(tmp_path / "run/clean/ledger.jsonl") == {"dropped": ["1-5"]}
    (tmp_path / "drop.toml").write_text("id = 5\n")
    code, _, err = train_command(*arguments)
    assert (code, "drop.toml" in err) == (1, True)


SHORT = """\
name = "short"
[[sources]]
name = "mine"
path = "a.jsonl"
licence = "MIT"
"""


@pytest.mark.parametrize(
    ("rows", "more", "told"),
    [
        (
            [
                *(pair(f"r{n}", response="I'm sorry, but I can't help with that.") for n in (1, 2)),
                pair("cut", finish_reason="length"),
            ],
            "",
            (
                "Of 3 rows the rules dropped all: refusal 2, cut_off 1.",
                "g4tui-train undo refusal --run",
            ),
        ),
        (varied(4), "held = true", ("Of 4 rows 4 are left, all held back.", "Lower clean.split")),
    ],
)
def test_no_row_left_is_told_before_anything_is_made_of_none(
    tmp_path: Path,
    train_command: Command,
    rows: list[dict[str, Any]],
    more: str,
    told: tuple[str, ...],
) -> None:
    write_rows(tmp_path / "a.jsonl", rows)
    (tmp_path / "short.toml").write_text(SHORT + more)
    code, _, err = train_command("run", "short.toml", "--out", "run", "--until", "clean")
    assert code == 0, err
    code, out, err = train_command("run", "short.toml", "--out", "run")
    assert (code, "rows in" in out) == (1, True), err
    for words in ("No row is left to train on", *told):
        assert words in err
    assert not (tmp_path / "run" / "map.html").exists()


def test_prompts_that_nobody_answered_are_told(tmp_path: Path, train_command: Command) -> None:
    write_rows(tmp_path / "a.jsonl", [{"id": "q", "prompt": "Why?"}])
    (tmp_path / "short.toml").write_text(SHORT)
    code, _, err = train_command("run", "short.toml", "--out", "run")
    assert (code, "No row in pairs.jsonl" in err, "name a teacher" in err) == (2, True, True)


def test_planted_tasks_are_out(tmp_path: Path, train_command: Command) -> None:
    tasks = read_rows(EXAMPLES / "data" / "self_instruct_eval.jsonl")[:40]
    rows = varied(20)
    rows += [pair(f"planted{n}", task["instruction"].upper()) for n, task in enumerate(tasks)]
    long = {f"planted{n}" for n, task in enumerate(tasks) if len(task["instruction"].split()) >= 8}
    write_rows(tmp_path / "a.jsonl", rows)
    file = EXAMPLES / "data" / "self_instruct_eval.jsonl"
    train_command("clean", "--in", "a.jsonl", "--out", "run", "--eval-tasks", file)
    assert set(by_rule(tmp_path / "run/clean/ledger.jsonl")["contamination"]) >= long
    assert not long & ids(tmp_path / "run/clean/train.jsonl")


def test_parquet_goes_out_and_comes_back(tmp_path: Path, train_command: Command) -> None:
    from pyarrow import parquet

    rows = mixed()
    rows[1] |= {"weight": 2.0, "rank": 1.0, "created": None}
    rows[2] = {**rows[2], "messages": [{"role": "user", "content": "x y z"}]}
    del rows[2]["prompt"]
    write_rows(tmp_path / "a.jsonl", rows)
    (tmp_path / "r.toml").write_text('name = "unnamed"\n[clean]\nparquet = true\n')
    assert train_command("clean", "--recipe", "r.toml", "--in", "a.jsonl", "--out", "run")[0] == 0
    table = parquet.read_table(tmp_path / "run/clean/train.parquet")
    assert table.num_rows == len(ids(tmp_path / "run/clean/train.jsonl"))
    files = [f"run/clean/{name}.parquet" for name in ("train", "eval")]
    train_command("clean", "--in", *files, "--out", "again")
    first, second = (
        [
            row
            for name in ("train", "eval")
            for row in read_rows(tmp_path / run / f"clean/{name}.jsonl")
        ]
        for run in ("run", "again")
    )
    assert sorted(first, key=str) == sorted(second, key=str)


def test_a_changed_result_is_not_written_over(tmp_path: Path, train_command: Command) -> None:
    write_rows(tmp_path / "a.jsonl", mixed())
    train_command("clean", "--in", "a.jsonl", "--out", "run")
    with (tmp_path / "run/clean/train.jsonl").open("a") as stream:
        stream.write(json.dumps(pair("mine")) + "\n")
    write_rows(tmp_path / "a.jsonl", varied(3))
    code, _, err = train_command("clean", "--in", "a.jsonl", "--out", "run")
    assert code == 2
    assert "clean/train.jsonl was changed" in err
    assert train_command("clean", "--in", "a.jsonl", "--out", "run", "--again")[0] == 0


def test_kill_9_at_any_moment_loses_nothing(tmp_path: Path, train_command: Command) -> None:
    """Killed while it works over an older result; then run again, it ends as if never killed."""
    write_rows(tmp_path / "old.jsonl", varied(20))
    write_rows(tmp_path / "big.jsonl", [*varied(1500, 2), *mixed()])
    train_command("clean", "--in", "big.jsonl", "--out", "whole", "--jobs", "1")
    again = ("clean", "--in", "big.jsonl", "--out", "run")
    chance = random.Random(9)
    for _ in range(3):
        train_command("clean", "--in", "old.jsonl", "--out", "run", "--again")
        old = snapshot(tmp_path / "run")
        process = subprocess.Popen(
            [*TRAIN, *again], cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        assert process.stderr is not None
        for _ in range(chance.randint(0, 4)):  # after so many of its lines
            process.stderr.readline()
        process.send_signal(signal.SIGKILL)
        process.communicate()
        left = snapshot(tmp_path / "run")
        assert left in (old, snapshot(tmp_path / "whole"))
        code, out, err = train_command(*again)
        assert (code, "rows to train on" in out) == (0, True), err
        assert snapshot(tmp_path / "run") == snapshot(tmp_path / "whole")
        names = {path.name for path in (tmp_path / "run" / "clean").iterdir()}
        assert names == set(CLEAN_FILES)
        work = tmp_path / "run" / ".work"
        assert not work.exists() or not any(work.iterdir())


def test_ctrl_c_ends_its_processes_and_leaves_what_was_there(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", varied(3000, words=500))
    process = subprocess.Popen(
        [*TRAIN, "clean", "--in", "a.jsonl", "--out", "run", "--jobs", "2"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr is not None
    assert "read" in process.stderr.readline()
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Stopped" in err
    assert all(asyncio.run(ended(int(child))) for child in children)
    assert not (tmp_path / "run" / "clean").exists()


def test_a_process_that_dies_is_one_clear_error(
    tmp_path: Path, train_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rows(tmp_path / "a.jsonl", varied(300))
    monkeypatch.setattr(pipeline, "ALONE_BYTES", 0)
    monkeypatch.setattr(pipeline, "READ_BYTES", 2000)
    me = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    before = set(me.read_text().split())

    def kill(text: str) -> None:
        for child in set(me.read_text().split()) - before:
            os.kill(int(child), signal.SIGKILL)

    monkeypatch.setattr(console, "note", kill)
    code, _, err = train_command("clean", "--in", "a.jsonl", "--out", "run", "--jobs", "2")
    assert code == 1
    assert "signal 9" in err
    assert "--jobs 1" in err
    assert not (tmp_path / "run" / "clean").exists()
    assert set(me.read_text().split()) == before


def test_a_folder_that_is_no_run_stays_as_it_is(tmp_path: Path, train_command: Command) -> None:
    (tmp_path / "file").write_text("")
    for run in ("none", "file"):
        for arguments in (("why", "x"), ("undo", "refusal")):
            code, _, err = train_command(*arguments, "--run", run)
            assert (code, "nothing cleaned" in err) == (1, True), err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
