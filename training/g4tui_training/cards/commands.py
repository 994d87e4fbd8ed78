"""The command `report`."""

from pathlib import Path

import click

from g4tui_training.console import recipe_and_out, run_one, say
from g4tui_training.run import RunDir
from g4tui_training.stages import Stage


def report_stage() -> Stage:
    """The stage, imported when it runs."""
    from g4tui_training.cards.stage import REPORT

    return REPORT


def show_cards(run: RunDir) -> None:
    """Where the cards are."""
    say(f"The data card is {run.report / 'data_card.md'}")


@click.command()
@recipe_and_out
def report(recipe: Path, out: Path, again: bool, yes: bool) -> None:
    """Write the data card: sources, licences, funnel, examples, limits."""
    run_one(report_stage(), recipe, out, again=again, yes=yes)
    show_cards(RunDir(out))
