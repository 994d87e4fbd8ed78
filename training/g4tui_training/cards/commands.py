"""The command `report`."""

from pathlib import Path

import click

from g4tui_training.console import run_one, say, set_option
from g4tui_training.run import RunDir
from g4tui_training.stages import Stage


def report_stage() -> Stage:
    """The stage, imported when it runs."""
    from g4tui_training.cards.stage import REPORT

    return REPORT


def show_cards(run: RunDir) -> None:
    """Where the cards are."""
    for name in ("data_card.md", "model_card.md"):
        if (run.report / name).is_file():
            say(f"The {name[:-3].replace('_', ' ')} is {run.report / name}")


@click.command()
@click.option("--recipe", type=click.Path(path_type=Path), help="The recipe, a TOML file.")
@set_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The run's folder, or the comparison's.",
)
@click.option("--again", is_flag=True, help="Make it anew even if it is there.")
@click.option("--yes", is_flag=True, help="Agree to whatever is asked.")
@click.option("--compare", is_flag=True, help="Show the RUNS side by side.")
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path))
def report(
    recipe: Path | None,
    changes: tuple[str, ...],
    out: Path | None,
    again: bool,
    yes: bool,
    compare: bool,
    runs: tuple[Path, ...],
) -> None:
    """Write the data card and the model card; or, with --compare, show RUNS side by side."""
    if compare:
        from g4tui_training.cards.comparing import PAGE, compare_runs

        if not runs:
            raise click.UsageError("Name the runs to compare.")
        compare_runs(runs, out)
        if out is not None:
            say(f"The comparison is {out / PAGE}")
        return
    if recipe is None or out is None or runs:
        raise click.UsageError("Give --recipe and --out, or --compare and runs.")
    run_one(report_stage(), recipe, out, changes=changes, again=again, yes=yes)
    show_cards(RunDir(out))
