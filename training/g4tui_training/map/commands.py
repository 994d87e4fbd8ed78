"""The command `map`."""

from pathlib import Path

import click

from g4tui_training.console import note, say
from g4tui_training.recipe import Map
from g4tui_training.run import RunDir
from g4tui_training.stages import Stage


@click.command("map")
@click.option(
    "--in",
    "files",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    metavar="FILE...",
    help="Pairs or prompts of any known shape, or a ledger of clean.",
)
@click.argument("more", nargs=-1, type=click.Path(path_type=Path), metavar="")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The page, .html.")
@click.option("--model", default="", help="A local model for the vectors; else words are used.")
@click.option("--colour", default="source", help="The column to colour by at first.")
@click.option("--rows", default=Map().rows, type=click.IntRange(2), help="At most so many, drawn.")
def map_command(
    files: tuple[Path, ...],
    more: tuple[Path, ...],
    out: Path,
    model: str,
    colour: str,
    rows: int,
) -> None:
    """Draw a map of prompts: one page that needs no network.

    What is alike lies together. A lasso makes a rule file, which clean takes (clean.drop).
    """
    from g4tui_training.map.stage import draw_map

    every = (*files, *more)
    title = ", ".join(dict.fromkeys(file.stem for file in every))
    draw_map(every, out, title, Map(model, colour, rows), seed=1, say=note)
    say(f"The map is {out}; {out.with_suffix('.parquet').name} has x and y for other tools.")


def make_stage() -> Stage:
    """The stage, imported when it runs."""
    from g4tui_training.map.stage import map_stage

    return map_stage()


def show_map(run: RunDir) -> None:
    """Where it is."""
    say(f"The map is {run.map}")
