"""`clean` from files to files: what stays, what goes, and that order changes nothing."""

import json
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from g4tui.core import G4tuiError
from g4tui_training.clean import pipeline
from g4tui_training.clean.pipeline import CLEAN_FILES
from g4tui_training.clean.rules import Policy
from g4tui_training.recipe import Clean, LowDiversity, Split
from support.cleaning import Rows, clean_files, cleaned, dropped, files_of, kept
from support.pairs import ids, pair, read_rows, sentence, split, varied, write_rows


def changed(text: str, words: int, seed: int = 0) -> str:
    """The text with so many of its words replaced."""
    chance = random.Random(seed)
    listed = text.split()
    for at in chance.sample(range(len(listed)), words):
        listed[at] = "zzz" + sentence(chance, 1)
    return " ".join(listed)


def test_every_row_is_in_one_place_with_its_evidence(tmp_path: Path) -> None:
    rows = varied(30)
    rows += [
        pair("empty", response=" "),
        pair("refusal", response="I'm sorry, but I can't help with that."),
        pair("cut", finish_reason="length"),
    ]
    funnel = cleaned(tmp_path, rows)
    assert dropped(tmp_path) == {"empty": ["empty"], "refusal": ["refusal"], "cut_off": ["cut"]}
    assert len(kept(tmp_path)) == funnel.kept == 30
    assert funnel.rows == 33
    entry = next(
        each for each in read_rows(tmp_path / "clean" / "ledger.jsonl") if each["rule"] == "refusal"
    )
    assert "can't" in entry["evidence"]
    assert entry["row"] == rows[31]
    assert [(step.rule, step.dropped, step.left) for step in funnel.steps] == [
        ("empty", 1, 32),
        ("refusal", 1, 31),
        ("cut_off", 1, 30),
    ]
    stored = json.loads((tmp_path / "clean" / "funnel.json").read_bytes())
    assert stored["kept"] == 30
    assert sum(fate["rows"] for fate in stored["sources"].values()) == 33


def test_a_kept_row_is_as_it_came(tmp_path: Path) -> None:
    rows = varied(3)
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}]
    several = {key: value for key, value in pair("m").items() if key != "prompt"}
    rows.append({**several, "messages": messages, "rank": 1.0, "weight": 2.0})
    cleaned(tmp_path, rows)
    found = {
        row["id"]: row
        for name in ("train", "eval")
        for row in read_rows(tmp_path / "clean" / f"{name}.jsonl")
    }
    assert found == {row["id"]: row for row in rows}


def test_twins_never_sit_on_both_sides(tmp_path: Path) -> None:
    """Prompts that are alike, whatever the answers, are all in train or all in eval."""
    chance = random.Random(8)
    rows = []
    for number in range(400):
        prompt = sentence(chance, 40)
        for twin in range(3):
            words = changed(prompt, twin, number)
            rows.append(pair(f"{number}.{twin}", words, sentence(chance, 30)))
    funnel = cleaned(tmp_path, rows, Policy(clean=Clean(split=Split(fraction=0.2))))
    held = {identity.split(".")[0] for identity in ids(tmp_path / "clean" / "eval.jsonl")}
    trained = {identity.split(".")[0] for identity in ids(tmp_path / "clean" / "train.jsonl")}
    assert not held & trained
    assert 0.12 < funnel.eval / funnel.kept < 0.28


def test_a_row_stays_on_its_side_when_others_come(tmp_path: Path) -> None:
    rows = varied(300)
    policy = Policy(clean=Clean(split=Split(fraction=0.2)))
    cleaned(tmp_path, rows[:150], policy)
    before = ids(tmp_path / "clean" / "eval.jsonl")
    cleaned(tmp_path, rows, policy)
    after = ids(tmp_path / "clean" / "eval.jsonl")
    assert before == after & {row["id"] for row in rows[:150]}
    cleaned(tmp_path, rows, policy, seed=2)
    assert ids(tmp_path / "clean" / "eval.jsonl") != after


@pytest.mark.parametrize(("rows", "fraction"), [(2, 0.05), (30, 0.05), (30, 0.0), (1, 0.5)])
def test_a_small_set_has_something_to_evaluate_on(
    tmp_path: Path, rows: int, fraction: float
) -> None:
    funnel = cleaned(tmp_path, varied(rows), Policy(clean=Clean(split=Split(fraction=fraction))))
    assert funnel.kept == rows
    assert (funnel.eval > 0) == (fraction > 0 and rows > 1)
    assert funnel.train > 0


def test_a_held_source_is_held_back_with_its_likes(tmp_path: Path) -> None:
    chance = random.Random(9)
    twin = sentence(chance, 40)
    rows = varied(50)
    rows.append(pair("dev", twin, sentence(chance, 30), source="dev"))
    rows.append(pair("like", changed(twin, 1), sentence(chance, 30)))
    policy = Policy(clean=Clean(split=Split(fraction=0)), held=("dev",))
    cleaned(tmp_path, rows, policy)
    assert ids(tmp_path / "clean" / "eval.jsonl") == {"dev", "like"}


def low(count: int, source: str) -> Rows:
    """A source as P3: long prompts, five answers for all."""
    chance = random.Random(source)
    answers = ("yes", "no", "true", "false", "the first one")
    return [
        pair(f"{source}{n}", sentence(chance, 40), chance.choice(answers), source=source)
        for n in range(count)
    ]


def test_a_source_of_short_repeated_answers_goes_whole(tmp_path: Path) -> None:
    rows = low(300, "p3/some_template") + varied(300, source="good")
    funnel = cleaned(tmp_path, rows)
    assert len(dropped(tmp_path)["low_diversity"]) == 300
    fate = funnel.sources["p3"]
    assert fate.action == "drop"
    assert fate.distinct is not None
    assert fate.distinct < 0.1
    assert fate.short == 1.0
    assert funnel.sources["good"].kept == 300


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        (lambda n: f"{n}", "short but all different"),
        (lambda n: "a long answer that says the same to whoever asks for it", "long"),
    ],
)
def test_short_or_alike_alone_is_no_reason(
    tmp_path: Path, answers: Callable[[int], str], why: str
) -> None:
    chance = random.Random(1)
    rows = [pair(f"{n}", sentence(chance, 40), answers(n)) for n in range(200)]
    funnel = cleaned(tmp_path, rows)
    assert funnel.sources["here"].kept == 200, why


def test_a_low_source_can_be_capped_or_kept(tmp_path: Path) -> None:
    rows = low(300, "p3") + varied(50, source="good")
    capped = Policy(clean=Clean(low_diversity=LowDiversity(action="cap", cap=40)))
    funnel = cleaned(tmp_path, rows, capped)
    assert funnel.sources["p3"].kept == 40
    first = kept(tmp_path)
    random.Random(1).shuffle(rows)
    cleaned(tmp_path, rows, capped)
    assert kept(tmp_path) == first
    funnel = cleaned(tmp_path, rows, capped, actions={"p3": "keep"})
    assert funnel.sources["p3"].kept == 300
    funnel = cleaned(tmp_path, rows, Policy(), actions={"p3": "cap"})
    assert funnel.sources["p3"].kept == 300
    small = cleaned(tmp_path, low(60, "p3") + varied(50), Policy())
    assert small.sources["p3"].judged is False
    assert small.sources["p3"].kept == 60


def mixture(seed: int, size: int) -> Rows:
    """All that can happen to a row, several times."""
    chance = random.Random(seed)
    rows = varied(size, seed) + low(120, "p3")
    for row in varied(size // 4, seed + 1):
        rows.append({**row, "id": row["id"] + "x"})
        rows.append(pair(row["id"], changed(row["prompt"], 1), changed(row["response"], 2), rank=1))
    for row in varied(size // 4, seed + 2):
        rows += [row, {**row, "id": f"again-{row['id']}"}, {**row, "response": "other " * 3}]
    for number in range(size // 8):
        rows.append(pair(f"bad{number}", sentence(chance, 9), "I'm sorry, but I can't do that."))
        rows.append(pair(f"cut{number}", sentence(chance, 9), finish_reason="length"))
    return rows


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000), parts=st.integers(1, 5), size=st.sampled_from([7000, 1 << 20]))
def test_shuffled_and_split_input_gives_the_same_files(seed: int, parts: int, size: int) -> None:
    """Byte for byte: rows kept, their split, the ledger, the funnel."""
    rows: list[object] = [*mixture(seed, 24), "{broken", "[1, 2]"]
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        (folder / "whole.jsonl").write_text("\n".join(lines))
        clean_files(folder, [folder / "whole.jsonl"])
        expected = files_of(folder)
        random.Random(seed).shuffle(lines)
        files = []
        for number, part in enumerate(split(lines, parts)):
            files.append(folder / f"part{number}.jsonl")
            files[-1].write_text("".join(f"{line}\r\n" for line in part))
        # As if the input was far bigger: many parts, buckets and pieces of files.
        patch.setattr(pipeline, "PART_BYTES", size)
        patch.setattr(pipeline, "BUCKET_BYTES", size * 8)
        patch.setattr(pipeline, "READ_BYTES", size * 3)
        clean_files(folder, files)
        assert files_of(folder) == expected


def test_several_processes_give_the_same_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = mixture(11, 60)
    cleaned(tmp_path, rows)
    expected = files_of(tmp_path)
    for name, size in (("ALONE_BYTES", 0), ("PART_BYTES", 9000), ("READ_BYTES", 20_000)):
        monkeypatch.setattr(pipeline, name, size)
    cleaned(tmp_path, rows, jobs=2)
    assert files_of(tmp_path) == expected


def test_ids_that_repeat_are_told_apart(tmp_path: Path) -> None:
    rows = [{**row, "id": "x"} for row in varied(3)] + varied(3, 2)
    funnel = cleaned(tmp_path, rows)
    found = kept(tmp_path)
    assert len(found) == 6
    assert "x" in found
    assert sum(identity.startswith("x~") for identity in found) == 2
    assert funnel.renamed == 2


def test_a_source_a_row_is_refused(tmp_path: Path) -> None:
    rows = [pair(f"{n}", f"q{n}", source=f"s{n}") for n in range(2_100)]
    with pytest.raises(G4tuiError) as raised:
        cleaned(tmp_path, rows)
    assert "too many sources" in raised.value.info.title
    assert not (tmp_path / "clean").exists()


def test_every_row_out_leaves_empty_files(tmp_path: Path) -> None:
    funnel = cleaned(tmp_path, [pair("a", response=""), pair("b", response="")])
    assert funnel.kept == 0
    assert kept(tmp_path) == set()
    assert len(dropped(tmp_path)["empty"]) == 2


@pytest.mark.parametrize("size", ["300k", "900k", "1500k"])
def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, small_disk: Callable[[str], Path], size: str
) -> None:
    disk = small_disk(size)
    small = write_rows(tmp_path / "small.jsonl", varied(5))
    clean_files(disk, [small])
    before = files_of(disk)
    big = write_rows(tmp_path / "big.jsonl", varied(2000))
    with pytest.raises(G4tuiError) as raised:
        clean_files(disk, [big])
    assert raised.value.info.kind == "storage"
    assert "No space" in raised.value.info.detail
    assert files_of(disk) == before
    assert sorted(path.name for path in disk.iterdir()) == ["clean"]
    assert sorted(path.name for path in (disk / "clean").iterdir()) == sorted(CLEAN_FILES)


def test_a_read_only_folder(tmp_path: Path, read_only: Callable[[Path], Path]) -> None:
    file = write_rows(tmp_path / "in.jsonl", varied(5))
    (tmp_path / "locked").mkdir()
    read_only(tmp_path / "locked")
    with pytest.raises(G4tuiError) as raised:
        clean_files(tmp_path / "locked", [file])
    assert raised.value.info.kind == "storage"


def test_a_stop_leaves_what_was_there(tmp_path: Path) -> None:
    cleaned(tmp_path, varied(5))
    before = files_of(tmp_path)
    asked = 0

    def check() -> None:
        nonlocal asked
        asked += 1
        if asked > 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cleaned(tmp_path, varied(50), check=check)
    assert files_of(tmp_path) == before
    assert not (tmp_path / "work").exists()
