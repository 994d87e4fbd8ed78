"""`--set` over a recipe, and runs that are not mixed from two recipes."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from g4tui.core import G4tuiError
from g4tui_training.loading import load_recipe, recipe_text
from support.pairs import write_rows

Command = Callable[..., tuple[int, str, str]]
RECIPE = """\
name = "r"
[[sources]]
name = "mine"
path = "a.jsonl"
licence = "MIT"
[[sources]]
name = "other"
path = "b.jsonl"
licence = "MIT"
[train]
base = "nowhere"
batch = 4
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        write_rows(
            tmp_path / f"{name}.jsonl",
            [{"prompt": f"{name} question {n}", "response": f"answer {n}"} for n in range(5)],
        )
    file = tmp_path / "r.toml"
    file.write_text(RECIPE)
    return file


def test_values_go_over_the_recipe_with_the_types_of_their_keys(recipe: Path) -> None:
    found = load_recipe(
        recipe,
        [
            "train.batch=8",
            "train.learning_rate = 3e-4",
            'train.targets=["q_proj"]',
            "train.base=./folder=x",
            "train.dora=true",
            "export.name=2023",
            "sources.other.cap=3",
            "sources.other.columns.prompt='question'",
            "collect.params.temperature=0.5",
        ],
    )
    assert (found.train.batch, found.train.learning_rate) == (8, 3e-4)
    assert (found.train.targets, found.train.base) == (("q_proj",), "./folder=x")
    assert (found.train.dora, found.export.name) == (True, "2023")
    assert [source.cap for source in found.sources] == [None, 3]
    assert found.sources[1].columns.prompt == "question"
    assert (found.collect.params.temperature, found.collect.params.max_tokens) == (0.5, 1024)


@pytest.mark.parametrize(
    ("change", "kind", "told"),
    [
        ("train.batsh=8", "config", "Did you mean batch?"),
        ("trian.batch=8", "config", "Did you mean train?"),
        ("train.batch=many", "config", "train.batch"),
        ("train.batch=0", "config", "train.batch"),
        ("train.batch", "usage", "--set KEY=VALUE"),
        ("sources.othr.cap=3", "usage", "Did you mean other?"),
        ("sources.other.capp=3", "config", "capp in the source other"),
        ("name.first=x", "usage", "name is a value"),
        ("train.batch=" + "[" * 2000, "config", "train.batch"),
        ("sources=3", "config", "sources"),
    ],
    ids=range(10),
)
def test_what_no_recipe_has_is_the_recipes_error(
    recipe: Path, change: str, kind: str, told: str
) -> None:
    with pytest.raises(G4tuiError) as raised:
        load_recipe(recipe, [change])
    info = raised.value.info
    assert info.kind == kind
    assert told in f"{info.title} {info.detail} {info.remedy}"


def test_a_source_is_not_found_where_there_are_none(recipe: Path) -> None:
    recipe.write_text('name = "r"\nsources = 3\n')
    with pytest.raises(G4tuiError, match="has no source mine"):
        load_recipe(recipe, ["sources.mine.cap=3"])


def test_the_run_holds_what_really_ran(recipe: Path, train_command: Command) -> None:
    run = recipe.parent / "runs" / "r"
    code, _, err = train_command("run", recipe, "--until", "prompts")
    assert code == 0, err
    assert (run / "recipe.toml").read_text() == RECIPE
    code, _, err = train_command("run", recipe, "--until", "prompts", "--set", "sources.mine.cap=2")
    assert code == 0, err
    kept = (run / "recipe.toml").read_text()
    assert "--set sources.mine.cap=2" in kept
    assert tomllib.loads(kept)["sources"][0]["cap"] == 2
    # From another folder the paths would be others; in its own it is the same recipe.
    again = recipe.with_name("again.toml")
    again.write_bytes(recipe_text(recipe, ["sources.mine.cap=2"]))
    assert load_recipe(again) == load_recipe(recipe, ["sources.mine.cap=2"])
    assert len((run / "prompts.jsonl").read_text().splitlines()) == 7


def test_a_stage_does_not_build_on_what_another_recipe_made(
    recipe: Path, train_command: Command
) -> None:
    run = recipe.parent / "run"
    assert train_command("run", recipe, "--out", run, "--until", "clean")[0] == 0
    recipe.write_text(RECIPE + "[clean.duplicates]\nprompt = 0.5\n")
    before = (run / "recipe.toml").read_text()
    for line in (
        ("report", "--recipe", recipe, "--out", run),
        ("run", recipe, "--out", run, "--from", "report"),
    ):
        code, _, err = train_command(*line)
        assert code == 2
        assert "The clean of this run was made by another recipe" in err
        assert "clean.duplicates.prompt was 0.8, now it is 0.5" in err
        assert "--from clean" in err
    assert (run / "recipe.toml").read_text() == before
    # What changed lies in clean, so that clean itself may begin anew, and all behind it then.
    code, _, err = train_command("run", recipe, "--out", run, "--from", "clean", "--until", "clean")
    assert code == 0, err
    code, _, err = train_command("report", "--recipe", recipe, "--out", run)
    assert code == 0, err
    recipe.write_text(RECIPE.replace('"b.jsonl"', '"a.jsonl"') + "[clean.duplicates]\nprompt=0.5\n")
    code, _, err = train_command("report", "--recipe", recipe, "--out", run)
    assert "sources.other.path was 'b.jsonl'" in err
    # How fast it asks, and how often it saves, decides nothing.
    recipe.write_text(
        RECIPE.replace("batch = 4", "batch = 4\ncheckpoint_minutes = 2.0")
        + "[clean.duplicates]\nprompt = 0.5\n[collect]\nconcurrency = 2\n"
    )
    assert train_command("report", "--recipe", recipe, "--out", run)[0] == 0


def test_under_a_launcher_only_train_runs(
    recipe: Path, train_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    run = ("--recipe", recipe, "--out", "run")
    for line in (
        ("run", recipe),
        ("prompts", *run),
        ("clean", "--in", "a.jsonl", "--out", "run"),
        ("train", "--audit", *run),
        ("export", "--merged", "m", "--out", "run/m.gguf"),
        ("evaluate", "--model", "base", "--out", "run"),
        ("report", "--compare", "run", "--out", "run"),
    ):
        code, _, err = train_command(*line)
        assert code == 2
        assert "for one process" in err
        assert "torchrun" in err
    assert not (recipe.parent / "run").exists()
