"""Recipes: what is wrong with one is said with file, key and the nearest name."""

import re
from pathlib import Path

import pytest

from g4tui.core import G4tuiError
from g4tui_training.loading import load_recipe
from g4tui_training.recipe import Recipe, Source
from g4tui_training.sources.local import source_files
from g4tui_training.template import commented_recipe

ROOT = Path(__file__).parents[2]
RECIPES = sorted((ROOT / "examples" / "recipes").glob("*.toml"))
SOURCE = '[[sources]]\nname = "a"\npath = "x.jsonl"\nlicence = "MIT"\n'


def loaded(folder: Path, text: str) -> Recipe:
    file = folder / "recipe.toml"
    file.write_text(text)
    return load_recipe(file)


def refused(folder: Path, text: str) -> str:
    with pytest.raises(G4tuiError) as raised:
        loaded(folder, text)
    info = raised.value.info
    assert info.kind == "config"
    assert str(folder / "recipe.toml") in info.detail + info.remedy
    return f"{info.title} {info.detail}"


@pytest.mark.parametrize("file", RECIPES, ids=lambda file: file.stem)
def test_every_example_is_valid(file: Path) -> None:
    recipe = load_recipe(file)
    assert recipe.name == file.stem
    for source in recipe.sources:
        if source.path:
            assert source_files(source, file.parent)
    for tasks in recipe.clean.contamination.tasks:
        assert (file.parent / tasks).is_file()


def test_gpt4all_is_stated_whole() -> None:
    recipe = load_recipe(ROOT / "examples" / "recipes" / "gpt4all-2023.toml")
    train = recipe.train
    assert (train.rank, train.alpha, train.dropout) == (8, 32, 0.1)
    assert train.targets == ("q_proj", "v_proj")
    assert (train.learning_rate, train.schedule, train.warmup) == (5e-5, "constant", 100)
    assert (train.batch, train.max_length, train.epochs) == (32, 1024, 4)
    assert train.precision == "bf16"
    assert [source.name for source in recipe.sources] == ["chip2", "stackoverflow", "p3"]
    assert all(source.answers == "ask" for source in recipe.sources)
    text = (ROOT / "examples" / "recipes" / "gpt4all-2023.toml").read_text()
    assert "non-commercial" in text
    assert "BY-SA" in text
    assert 'base = "openlm-research/open_llama_7b"' in text


def test_what_init_writes_loads_with_and_without_its_comments(tmp_path: Path) -> None:
    text = commented_recipe("mine", "recipe.toml")
    recipe = loaded(tmp_path, text)
    assert recipe.sources[0].name == "mine"
    bare = re.sub(r"^# ([a-z_]+ = )", r"\1", text, flags=re.MULTILINE)
    assert bare.count("\n") == text.count("\n")
    again = loaded(tmp_path, bare.replace('dataset = ""', 'dataset = ""'))
    assert again.train == recipe.train
    assert again.clean == recipe.clean
    assert again.collect == recipe.collect
    assert all(len(line) <= 140 for line in text.split("\n"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('name = "a"\nsedd = 1', ["sedd", "seed"]),
        ('name = "a"\n[train]\nlearning_rat = 1', ["train.learning_rat", "learning_rate"]),
        (f'name = "a"\n{SOURCE}licens = "MIT"', ["licens", "source a", "licence"]),
        (f'name = "a"\n{SOURCE}columns = {{ promt = "x" }}', ["columns.promt", "prompt"]),
        ('name = "a"\n[clean.refusl]\nextra = []', ["clean.refusl", "refusal"]),
        ('name = "a"\n[train]\nrank = "big"', ["train.rank", "integer"]),
        ('name = "a"\n[train]\nrank = 0', ["train.rank", ">= 1"]),
        (f'name = "a"\n{SOURCE}sample = 2.0', ["source a", "sample"]),
        ('name = "a"\n[[sources]]\nname = "b"\npath = "x"', ["licence"]),
        ('name = "a"\n[[sources]]\nname = "b"\nlicence = "MIT"', ["path, dataset and votes"]),
        (f'name = "a"\n{SOURCE}{SOURCE}', ["two sources", "a"]),
        (f'name = "a"\n{SOURCE.replace("MIT", "CC-BY-4.0")}', ["attribution"]),
        ('name = "a"\n[clean]\noff = ["refusals"]', ["refusals", "refusal"]),
        ('name = "a"\n[clean]\noff = ["empty"]', ["empty"]),
        ('name = "a"\n[clean.refusal]\nextra = ["("]', ["regular expression"]),
        ('name = "a"\n[collect.params]\ntemperature = 9', ["temperature"]),
        ('name = "a"\n[collect]\nusd_per_million_out = 1', ["go together"]),
        ('name = "a b"', ["name"]),
        ("seed = 1", ["name"]),
        ("name = ", ["TOML"]),
    ],
)
def test_a_wrong_recipe_says_what_and_where(tmp_path: Path, text: str, expected: list[str]) -> None:
    told = refused(tmp_path, text)
    for part in expected:
        assert part in told


def test_a_missing_recipe_names_init(tmp_path: Path) -> None:
    with pytest.raises(G4tuiError) as raised:
        load_recipe(tmp_path / "none.toml")
    assert "g4tui-train init" in raised.value.info.remedy


def test_paths_are_relative_to_the_recipe_and_may_be_patterns(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for name in ("b.jsonl", "a.jsonl", "c.csv"):
        (tmp_path / "data" / name).write_text("")
    source = Source(name="s", licence="MIT", path=("data/*.jsonl", "data/c.csv"))
    found = source_files(source, tmp_path)
    assert [file.name for file in found] == ["a.jsonl", "b.jsonl", "c.csv"]
    (tmp_path / "data" / "d[1]*.csv").write_text("")
    literal = Source(name="s", licence="MIT", path="data/d[1]*.csv")
    assert [file.name for file in source_files(literal, tmp_path)] == ["d[1]*.csv"]
    absolute = Source(name="s", licence="MIT", path=str(tmp_path / "data" / "c*.csv"))
    assert source_files(absolute, Path("/")) == [tmp_path / "data" / "c.csv"]
    with pytest.raises(G4tuiError) as raised:
        source_files(Source(name="s", licence="MIT", path="data/*.parquet"), tmp_path)
    assert raised.value.info.kind == "missing"


def test_a_source_without_a_licence_is_told_as_a_sentence(tmp_path: Path) -> None:
    said = refused(tmp_path, 'name = "r"\n[[sources]]\nname = "a"\npath = "x.jsonl"\n')
    assert "source a: it lacks licence." in said


@pytest.mark.parametrize(
    ("key", "here"),
    [("cutoff_len = 512", "train.max_length"), ("lr = 1e-4", "train.learning_rate")],
)
def test_a_key_of_another_trainers_recipe_is_told_by_its_name_here(
    tmp_path: Path, key: str, here: str
) -> None:
    assert f"Here that is {here}." in refused(tmp_path, f'name = "r"\n{SOURCE}[train]\n{key}\n')


def refused_change(folder: Path, *changes: str, text: str = "") -> str:
    file = folder / "recipe.toml"
    file.write_text(f'name = "r"\n{SOURCE}{text}')
    with pytest.raises(G4tuiError) as raised:
        load_recipe(file, changes)
    info = raised.value.info
    return f"{info.title}\n{info.detail}\n{info.remedy}"


def test_a_change_is_blamed_and_not_the_file(tmp_path: Path) -> None:
    said = refused_change(tmp_path, "train.batch=8", "train.rank=eight")
    assert "--set train.rank=eight: train.rank: expected integer, got text." in said
    assert "recipe.toml" not in said
    said = refused_change(tmp_path, "train.batch=8", text="[train]\nrank = 0\n")
    assert "Correct" in said
    assert "--set" not in said


@pytest.mark.parametrize(
    ("change", "choices"),
    [
        ("train.optimizer=sgd", "train.optimizer: 'sgd' is none of adamw."),
        ("train.schedule=exp", "train.schedule: 'exp' is none of constant, cosine, linear."),
        ('export.merged=["q9"]', "export.merged[0]: 'q9' is none of F16, Q4_0, "),
        ("sources.a.format=alpaca", "source a, format: 'alpaca' is none of auto, csv, json"),
        ("sources.a.low_diversity=no", "source a, low_diversity: 'no' is none of "),
    ],
)
def test_a_value_that_is_none_of_a_few_is_told_with_them(
    tmp_path: Path, change: str, choices: str
) -> None:
    assert choices in refused_change(tmp_path, change)


@pytest.mark.parametrize(
    ("key", "here"),
    [("rank", "train.rank"), ("learning_rate", "train.learning_rate"), ("lora", "train")],
)
def test_a_key_without_its_table_is_told_with_it(tmp_path: Path, key: str, here: str) -> None:
    assert f"Here that is {here}." in refused_change(tmp_path, f"{key}=8")
