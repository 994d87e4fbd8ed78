"""The command `collect`."""

from pathlib import Path

import click
import msgspec

from g4tui_training.collect.results import Outcome
from g4tui_training.console import note, recipe_and_out, run_one, say, set_option
from g4tui_training.run import RunDir
from g4tui_training.spoken import money, several
from g4tui_training.stages import Stage
from g4tui_training.tables import print_table


@click.command()
@recipe_and_out
@set_option
@click.option("--batch", is_flag=True, help="By the Batch API: half the price, within a day.")
def collect(
    recipe: Path, changes: tuple[str, ...], out: Path, again: bool, yes: bool, batch: bool
) -> None:
    """Ask the teacher for the answers that are missing, and write pairs.jsonl.

    Stopped or killed, the same command goes on; what failed is asked again.
    """
    from g4tui_training.collect.stage import collect_stage

    run_one(collect_stage(batch=batch), recipe, out, changes=changes, again=again, yes=yes)
    show_collected(RunDir(out))


def make_stage() -> Stage:
    """The stage, imported when it runs."""
    from g4tui_training.collect.stage import collect_stage

    return collect_stage()


def show_collected(run: RunDir) -> None:
    """What came, what failed and why, what it cost."""
    counts = run.manifest().stages["collect"].counts
    outcome = msgspec.convert(counts, Outcome)
    if outcome.kinds:
        rows = [
            [kind, f"{number:,}", outcome.examples.get(kind, "")[:200]]
            for kind, number in outcome.kinds.items()
        ]
        print_table("Failed", ["kind", "prompts", "for example"], rows, left=(0, 2))
        note(f"They are in {run.failed}; the next run asks them again.")
    if outcome.unreadable:
        note(f"{several(outcome.unreadable, 'line')} of {run.prompts} could not be read.")
    spent = counts.get("usd")
    cost = f", for {money(spent)} in all" if isinstance(spent, float) and spent else ""
    say(
        f"{several(outcome.published, 'published pair')} and"
        f" {several(outcome.answered, 'answer')} in {run.pairs}{cost}."
    )
    if outcome.unasked:
        why = {
            "budget": "the limit was reached (max_usd, max_tokens)",
            "no teacher": "the recipe names no teacher",
            "expired": "their batches expired",
        }.get(str(counts.get("ended")), "they were not asked")
        say(f"Without an answer: {several(outcome.unasked, 'prompt')}; {why}.")
