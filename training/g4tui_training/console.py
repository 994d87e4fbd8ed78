"""What the commands print, and the context that they give to stages."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from g4tui_training.loading import load_recipe
from g4tui_training.output import write_out
from g4tui_training.recipe import Recipe
from g4tui_training.run import RunDir
from g4tui_training.sequence import check_same_recipe
from g4tui_training.stages import Context, Stage, remember_recipe, run_stage

AnyCommand = TypeVar("AnyCommand", bound=Callable[..., Any])


def say(text: str = "") -> None:
    """Output, to stdout."""
    from g4tui.sanitize import clean

    write_out(clean(text) + "\n")


def note(text: str) -> None:
    """Progress and diagnostics, to stderr."""
    from g4tui.sanitize import clean

    sys.stdout.flush()
    sys.stderr.write(clean(text.rstrip("\n")) + "\n")
    sys.stderr.flush()


def set_option(command: AnyCommand) -> AnyCommand:
    """`--set KEY=VALUE`."""
    return click.option(
        "--set",
        "changes",
        multiple=True,
        metavar="KEY=VALUE",
        help="Goes over the recipe, as train.batch=8 or sources.mine.cap=100; several times.",
    )(command)


def recipe_and_out(command: AnyCommand) -> AnyCommand:
    """`--recipe R --out RUN --again --yes`: what every stage by itself takes."""
    command = click.option("--yes", is_flag=True, help="Agree to whatever is asked.")(command)
    command = click.option("--again", is_flag=True, help="Make it anew even if it is there.")(
        command
    )
    command = click.option(
        "--out", type=click.Path(path_type=Path), required=True, help="The run's folder."
    )(command)
    return click.option(
        "--recipe",
        type=click.Path(path_type=Path),
        required=True,
        help="The recipe, a TOML file.",
    )(command)


def context_for(
    recipe: Path | None, out: Path, *, changes: Sequence[str] = (), yes: bool = False
) -> Context:
    """Read the recipe (none: all defaults, paths from here); touches nothing in `out`."""
    return Context(
        recipe=load_recipe(recipe, changes) if recipe else Recipe(name="unnamed"),
        folder=recipe.absolute().parent if recipe else Path.cwd(),
        run=RunDir(out),
        say=note,
        confirm=consent(yes),
    )


def run_one(
    stage: Stage,
    recipe: Path,
    out: Path,
    *,
    changes: Sequence[str] = (),
    again: bool,
    yes: bool,
) -> None:
    """A stage by itself, under the run's lock."""
    context = context_for(recipe, out, changes=changes, yes=yes)
    with context.run.locked():
        check_same_recipe(context, stage.name)
        remember_recipe(context.run, recipe, changes)
        if run_stage(stage, context, again=again) == "skipped":
            note(f"{stage.name}: nothing changed, the result is there.")


def consent(yes: bool) -> Callable[[str], bool]:
    """How a question is answered: by the person, or by `--yes`."""
    return (lambda question: True) if yes else _confirm


def _confirm(question: str) -> bool:
    if not sys.stdin.isatty():
        note(f"{question} Standard input is no terminal: say --yes to go on.")
        return False
    return click.confirm(question, err=True)
