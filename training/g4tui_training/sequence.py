"""The stages of a run in their order, and running them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from g4tui.core import G4tuiError
from g4tui.core.nearest import did_you_mean
from g4tui_training.cli import load
from g4tui_training.deciding import deciding
from g4tui_training.run import RunDir
from g4tui_training.stages import Context, Stage, remember_recipe, run_stage


class LazyStage(NamedTuple):
    """Where a stage is (a function without arguments that gives it), and what tells its result."""

    module: str
    stage: str
    shows: str = ""


STAGES: Mapping[str, LazyStage] = {
    "prompts": LazyStage("g4tui_training.commands", "prompts_stage", "show_prompts"),
    "collect": LazyStage("g4tui_training.collect.commands", "make_stage", "show_collected"),
    "clean": LazyStage("g4tui_training.clean.commands", "clean_stage", "show_run"),
    "map": LazyStage("g4tui_training.map.commands", "make_stage", "show_map"),
    "train": LazyStage("g4tui_training.train.commands", "make_stage", "show_trained"),
    "export": LazyStage("g4tui_training.export.commands", "export_stage", "show_export"),
    "evaluate": LazyStage("g4tui_training.evaluate.commands", "evaluate_stage", "show_evaluation"),
    "report": LazyStage("g4tui_training.cards.commands", "report_stage", "show_cards"),
    "register": LazyStage("g4tui_training.register.commands", "register_stage", "show_registered"),
}


def run_all(
    context: Context,
    recipe_file: Path,
    *,
    changes: Sequence[str] = (),
    first: str = "",
    last: str = "",
    again: bool = False,
) -> None:
    """Run the stages from `first` (made anew) to `last`; under the run's lock.

    What is there and would come out the same is skipped; `again` makes all anew. `changes` are
    those that the context's recipe has over its file. Raises `G4tuiError` where a stage does, and
    behind clean where no row is left.
    """
    names = list(STAGES)
    for name in filter(None, (first, last)):
        if name not in names:
            guess = did_you_mean(name, names) or f"The stages: {', '.join(names)}."
            raise G4tuiError("usage", f"There is no stage {name}", guess)
    begin = names.index(first) if first else 0
    end = names.index(last) + 1 if last else len(names)
    if begin >= end:
        raise G4tuiError("usage", "There is no stage to run", f"{last} comes before {first}.")
    with context.run.locked():
        check_same_recipe(context, names[begin])
        remember_recipe(context.run, recipe_file, changes)
        for name in names[begin:end]:
            lazy = STAGES[name]
            make: Callable[[], Stage] = load(lazy.module, lazy.stage)
            context.say(f"--- {name}")
            outcome = run_stage(make(), context, again=again or name == first)
            if outcome == "skipped":
                context.say(f"{name}: nothing changed, the result is there.")
            if lazy.shows:
                show: Callable[[RunDir], None] = load(lazy.module, lazy.shows)
                show(context.run)
            if name == "clean" and name != names[end - 1]:
                check: Callable[[RunDir], None] = load(
                    "g4tui_training.clean.stage", "check_some_are_left"
                )
                check(context.run)


def check_same_recipe(context: Context, first: str) -> None:
    """Raises `G4tuiError` (`usage`) where what lies before the stage `first` is of another recipe.

    `first` and the stages behind it are made anew where they have to be.
    """
    stages = context.run.manifest().stages
    names = list(STAGES)
    for name in names[: names.index(first)]:
        if name not in stages or not (before := stages[name].recipe):
            continue
        now = deciding(context.recipe, name)
        keys = [key for key in {**before, **now} if key in before and before[key] != now.get(key)]
        keys += [key for key in now if key.startswith("sources.") and key not in before]
        if keys:
            key = keys[0]
            more = f", and {len(keys) - 1} more" if len(keys) > 1 else ""
            raise G4tuiError(
                "usage",
                f"The {name} of this run was made by another recipe",
                f"{key} was {before.get(key)!r}, now it is {now.get(key)!r}{more}."
                f" {first} does not mix the two.",
                f"Make it anew, g4tui-train run RECIPE --from {name}; or give another --out.",
            )


def default_out(name: str) -> Path:
    """Where a run goes if nobody says."""
    return Path("runs") / name
