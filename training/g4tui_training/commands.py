"""The commands `init`, `run` and `prompts`."""

from pathlib import Path

import click

from g4tui_training.console import note, recipe_and_out, run_one, say, set_option
from g4tui_training.run import RunDir
from g4tui_training.spoken import several
from g4tui_training.stages import Stage
from g4tui_training.tables import count, print_table
from g4tui_training.tally import SourceTally, tallies_of


@click.command()
@recipe_and_out
@set_option
def prompts(recipe: Path, changes: tuple[str, ...], out: Path, again: bool, yes: bool) -> None:
    """Gather prompts from the recipe's sources into prompts.jsonl.

    Rows with a published answer keep it, and are not asked for again.
    """
    run_one(prompts_stage(), recipe, out, changes=changes, again=again, yes=yes)
    show_prompts(RunDir(out))


def prompts_stage() -> Stage:
    """The stage, imported when it runs."""
    from g4tui_training.prompts import PROMPTS

    return PROMPTS


def show_prompts(run: RunDir) -> None:
    """The table of sources, and what could not be read."""
    record = run.manifest().stages["prompts"]
    tallies = tallies_of(record.counts)
    columns = {
        "read": "read",
        "published": "answered",
        "to_ask": "to ask",
        "unreadable": "unreadable",
        "empty": "empty",
        "unwanted": "unwanted",
        "forbidden": "licence",
        "not_sampled": "not sampled",
        "over_cap": "over cap",
        "duplicates": "twice",
    }
    used = {
        name: title
        for name, title in columns.items()
        if name in ("read", "published") or any(getattr(each, name) for each in tallies.values())
    }
    rows = [
        [name, *(count(getattr(tally, column)) for column in used)]
        for name, tally in tallies.items()
    ]
    print_table("Sources", ["source", *used.values()], rows)
    total = sum(tally.taken for tally in tallies.values())
    say(f"{several(total, 'prompt')} in {run.prompts}")
    for name, tally in tallies.items():
        _tell_problems(name, tally)


def _tell_problems(name: str, tally: SourceTally) -> None:
    if tally.taken == 0:
        note(f"{name}: gives nothing: {tally.why_nothing()}")
    for example in tally.examples:
        place = f"{Path(example.file).name}, row {example.number}"
        note(f"{name}: {place}: {example.reason}: {example.excerpt[:80]}")
    if tally.unreadable > len(tally.examples):
        note(f"{name}: {several(tally.unreadable, 'row')} in all could not be read")
    for reason, number in tally.reasons.items():
        if reason.startswith(("licence ", "terms ")):
            hint = " (allow_terms takes them)" if reason.startswith("terms ") else ""
            note(f"{name}: {several(number, 'row')} left out: {reason}{hint}")


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@set_option
@click.option("--out", type=click.Path(path_type=Path), help="The run's folder; else runs/NAME.")
@click.option("--from", "first", metavar="STAGE", help="Begin here, and make it anew.")
@click.option("--until", "last", metavar="STAGE", help="End after this stage.")
@click.option("--again", is_flag=True, help="Make everything anew.")
@click.option("--dry-run", is_flag=True, help="Only tell steps, time, disk and dollars.")
@click.option("--yes", is_flag=True, help="Agree to whatever is asked.")
def run(
    recipe: Path,
    changes: tuple[str, ...],
    out: Path | None,
    first: str | None,
    last: str | None,
    again: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Run all stages of RECIPE, each only if its result is not there yet.

    Killed or stopped, the same command goes on.
    """
    from g4tui_training.console import context_for
    from g4tui_training.loading import load_recipe
    from g4tui_training.sequence import default_out, run_all

    folder = out or default_out(load_recipe(recipe, changes).name)
    context = context_for(recipe, folder, changes=changes, yes=yes)
    if dry_run:
        import asyncio

        from g4tui_training.forecast.forecast import forecast_with_prices
        from g4tui_training.forecast.showing import show_forecast

        show_forecast(context.recipe.name, asyncio.run(forecast_with_prices(context)))
        return
    run_all(context, recipe, changes=changes, first=first or "", last=last or "", again=again)
    say(f"The run is in {folder}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path), default="recipe.toml")
@click.option("--name", help="The recipe's name; else the file's.")
def init(file: Path, name: str | None) -> None:
    """Write a commented recipe to FILE (recipe.toml)."""
    import re

    from g4tui_training.template import commented_recipe
    from g4tui_training.writing import write_whole

    if file.exists():
        raise click.ClickException(f"{file} is there already; give another name.")
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name or file.stem).strip("-._") or "recipe"
    write_whole(file, commented_recipe(plain, str(file)).encode())
    say(f"{file} is written. Next: name your prompts in it, then g4tui-train run {file}")
