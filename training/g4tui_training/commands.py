"""The commands `init`, `run` and `prompts`."""

from pathlib import Path

import click

from g4tui_training.console import note, recipe_and_out, run_one, say
from g4tui_training.run import RunDir
from g4tui_training.tables import count, print_table
from g4tui_training.tally import SourceTally, tallies_of


@click.command()
@recipe_and_out
def prompts(recipe: Path, out: Path, again: bool, yes: bool) -> None:
    """Gather prompts from the recipe's sources into prompts.jsonl.

    Rows with a published answer keep it, and are not asked for again.
    """
    from g4tui_training.prompts import PROMPTS

    run_one(PROMPTS, recipe, out, again=again, yes=yes)
    show_prompts(RunDir(out))


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
    say(f"{total:,} prompts in {run.prompts}")
    for name, tally in tallies.items():
        _tell_problems(name, tally)


def _tell_problems(name: str, tally: SourceTally) -> None:
    if tally.taken == 0:
        note(f"{name}: gives nothing: {tally.why_nothing()}")
    for example in tally.examples:
        place = f"{Path(example.file).name}, row {example.number}"
        note(f"{name}: {place}: {example.reason}: {example.excerpt[:80]}")
    if tally.unreadable > len(tally.examples):
        note(f"{name}: {tally.unreadable:,} rows in all could not be read")
    for reason, number in tally.reasons.items():
        if reason.startswith(("licence ", "terms ")):
            hint = " (allow_terms takes them)" if reason.startswith("terms ") else ""
            note(f"{name}: {number:,} rows left out: {reason}{hint}")
