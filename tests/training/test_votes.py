"""Votes and corrections as a source of a recipe."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from g4tui.paths import Paths
from g4tui.store import Store
from g4tui_training.loading import load_recipe
from g4tui_training.pairs import Prompt, read_rows
from g4tui_training.prompts import PROMPTS
from g4tui_training.stages import Context, run_stage
from support.compared import STUDENT, compared, said

RECIPE = """
name = "mine"
[[sources]]
name = "chat"
votes = true
licence = "CC0-1.0"
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("G4TUI_HOME", str(tmp_path / "home"))
    opened = Store.open(Paths.from_environment().database)
    yield opened
    opened.close()


def rows_of(context: Context) -> list[Prompt]:
    return [row for row in read_rows(context.run.prompts, Prompt) if isinstance(row, Prompt)]


def test_votes_and_corrections_are_rows(store: Store, context: Callable[[str], Context]) -> None:
    compared(store, "hello", "left")
    corrected = compared(store, "and you?", "both_bad")
    store.correct(corrected.answers[1], "fine, thank you")
    compared(store, "a secret", "left", private=True)
    here = context(RECIPE)
    run_stage(PROMPTS, here)
    assert [
        (row.source, row.licence, row.terms, row.teacher, row.prompt, row.response)
        for row in rows_of(here)
    ] == [
        ("chat/corrections", "CC0-1.0", "", "human", "and you?", "fine, thank you"),
        (
            "chat/votes", "CC0-1.0", "openai", "gpt-4o-mini", "hello",
            said("openai:gpt-4o-mini", "hello"),
        ),
    ]  # fmt: skip


def test_new_votes_make_the_stage_run_again(
    store: Store, context: Callable[[str], Context]
) -> None:
    compared(store, "one", "left")
    here = context(RECIPE)
    assert run_stage(PROMPTS, here) == "done"
    assert run_stage(PROMPTS, here) == "skipped"
    compared(store, "two", "right", models=(STUDENT, "openai:gpt-4o"))
    assert run_stage(PROMPTS, here) == "skipped", "the model that was asked second is no teacher"
    compared(store, "three", "left")
    assert run_stage(PROMPTS, here) == "done"
    assert [row.prompt for row in rows_of(here)] == ["one", "three"]


def test_permissive_recipes_leave_out_what_openai_wrote(
    store: Store, context: Callable[[str], Context]
) -> None:
    compared(store, "hello", "left")
    compared(store, "local", "left", models=(STUDENT, "llama-cpp:other"))
    here = context('licence = "permissive"' + RECIPE)
    run_stage(PROMPTS, here)
    assert [row.prompt for row in rows_of(here)] == ["local"]


def test_no_library_is_no_vote(
    context: Callable[[str], Context], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("G4TUI_HOME", str(tmp_path / "nowhere"))
    here = context(RECIPE)
    with pytest.raises(Exception, match="No source gave a row"):
        run_stage(PROMPTS, here)
    assert not Paths.from_environment().database.exists()


def test_a_source_is_one_thing(tmp_path: Path) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text(RECIPE + 'path = "x.jsonl"\n')
    with pytest.raises(Exception, match="one of path, dataset and votes"):
        load_recipe(file)
