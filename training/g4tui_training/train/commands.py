"""The command `train`."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from g4tui_training.cli import check_alone
from g4tui_training.console import context_for, note, recipe_and_out, say, set_option
from g4tui_training.output import write_out
from g4tui_training.run import RunDir
from g4tui_training.sequence import check_same_recipe
from g4tui_training.stages import Context, Stage, remember_recipe, run_stage
from g4tui_training.tables import print_table

if TYPE_CHECKING:
    from g4tui_training.train.group import Group


def make_stage() -> Stage:
    """The stage in this process alone."""
    from g4tui_training.train.group import Group, best_device
    from g4tui_training.train.stage import train_stage

    return train_stage(Group(best_device()))


def show_trained(run: RunDir) -> None:
    """The dev loss of each seed's student, before and after."""
    from g4tui_training.train.stage import read_trained

    rows = []
    for folder in sorted(run.adapter.glob("seed-*")):
        if (done := read_trained(folder)) is None:
            continue
        for scale, loss in done.scales.items():
            mark = "kept" if float(scale) == done.scale else ""
            rows.append([folder.name, scale, f"{loss.loss:.4f}", f"{loss.token_loss:.4f}", mark])
    if rows:
        heading = ["student", "scale", "dev loss, a row", "a token", ""]
        print_table("Held-back rows", heading, rows, left=(0, 4))
    say(f"The adapters are in {run.adapter}")


@click.command()
@click.option("--audit", is_flag=True, help="Show what would be trained, and train nothing.")
@recipe_and_out
@set_option
def train(
    recipe: Path, changes: tuple[str, ...], out: Path, again: bool, yes: bool, audit: bool
) -> None:
    """Tune the base with LoRA on the answers; stopped or killed, the same command goes on.

    On several GPUs: accelerate launch -m g4tui_training train ...; on several processors:
    torchrun --nproc_per_node 2 -m g4tui_training train ...
    """
    context = context_for(recipe, out, changes=changes, yes=yes)
    if audit:
        check_alone("train --audit")
        show_audit(context)
        return
    from g4tui_training.train.group import joined
    from g4tui_training.train.stage import train_stage

    with joined() as group:
        stage = train_stage(group)
        if group.leads:
            _lead(stage, context, recipe, changes, group, again=again)
        elif group.lead(False):
            stage.work(context)


def _lead(
    stage: Stage,
    context: Context,
    recipe: Path,
    changes: tuple[str, ...],
    group: "Group",
    *,
    again: bool,
) -> None:
    """The process that keeps the run's records; the others work when it does."""
    called = False

    def work(context: Context) -> dict[str, object]:
        nonlocal called
        called = True
        group.lead(True)
        return stage.work(context)

    leading = Stage(stage.name, stage.inputs, stage.outputs, stage.settings, work)
    try:
        with context.run.locked():
            check_same_recipe(context, stage.name)
            remember_recipe(context.run, recipe, changes)
            outcome = run_stage(leading, context, again=again)
    finally:
        if not called:
            group.lead(False)
    if outcome == "skipped":
        note("train: nothing changed, the result is there.")
    show_trained(context.run)


def show_audit(context: Context) -> None:
    """The rows as they are trained: a table by source, and some of them token by token."""
    import sys
    from io import StringIO

    from rich.console import Console

    from g4tui_training.train.audit import audit_table, coloured, shown_rows
    from g4tui_training.train.stage import prepared

    ready = prepared(context)
    print_table("What is trained", *audit_table(ready.rows))
    colours: Literal["truecolor"] | None = "truecolor" if sys.stdout.isatty() else None
    console = Console(file=StringIO(), color_system=colours, force_terminal=bool(colours))
    for row in shown_rows(ready.rows.rows):
        with console.capture() as capture:
            console.print(coloured(row, ready.template))
        say(f"--- {row.id}: {len(row):,} tokens, {row.targets:,} trained, weight {row.weight:g}")
        write_out(capture.get())
    total = ready.rows
    say(f"{len(total.rows):,} rows, {total.tokens:,} tokens, {total.targets:,} trained.")
