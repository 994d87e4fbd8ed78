"""The commands `clean`, `why` and `undo`."""

from pathlib import Path

import click
import msgspec

from g4tui_training.clean.funnel import Funnel, SourceFate
from g4tui_training.clean.looking import Found, find_row, undo
from g4tui_training.clean.stage import clean_stage, read_funnel
from g4tui_training.console import context_for, note, say, set_option
from g4tui_training.pairs import Pair
from g4tui_training.run import RunDir
from g4tui_training.sequence import check_same_recipe
from g4tui_training.spoken import several
from g4tui_training.stages import remember_recipe, run_stage
from g4tui_training.tables import count, print_table

run_option = click.option(
    "--run", type=click.Path(path_type=Path), required=True, help="The run's folder."
)
_MANY = 12


@click.command("clean")
@click.option(
    "--in",
    "files",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE...",
    help="Files of rows; else the run's pairs.",
)
@click.argument("more", nargs=-1, type=click.Path(path_type=Path), metavar="")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The run's folder.")
@click.option("--recipe", type=click.Path(path_type=Path), help="The recipe, a TOML file.")
@set_option
@click.option(
    "--eval-tasks",
    "tasks",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Evaluation tasks that no row may hold.",
)
@click.option("--jobs", type=click.IntRange(1), help="Processes at work; else one a core.")
@click.option("--again", is_flag=True, help="Make it anew even if it is there.")
def clean_command(
    files: tuple[Path, ...],
    more: tuple[Path, ...],
    out: Path,
    recipe: Path | None,
    changes: tuple[str, ...],
    tasks: tuple[Path, ...],
    jobs: int | None,
    again: bool,
) -> None:
    """Choose the rows that are fit for training.

    Reads the run's pairs, or the files given with --in (JSON lines, JSON arrays, CSV, parquet; of
    any known shape). Writes clean/train.jsonl, eval.jsonl, ledger.jsonl and funnel.json.
    """
    if more and not files:
        raise click.UsageError("Files to clean stand behind --in.")
    if changes and recipe is None:
        raise click.UsageError("--set goes over a recipe: give --recipe.")
    context = context_for(recipe, out, changes=changes)
    stage = clean_stage((*files, *more), tasks, jobs)
    with context.run.locked():
        if recipe is not None:
            if not files:
                check_same_recipe(context, stage.name)
            remember_recipe(context.run, recipe, changes)
        if run_stage(stage, context, again=again) == "skipped":
            note("clean: nothing changed, the result is there.")
    show_funnel(read_funnel(context.run), context.run)


@click.command("why")
@click.argument("identity", metavar="ID")
@run_option
def why_command(identity: str, run: Path) -> int:
    """Explain what became of a row."""
    directory = RunDir(run)
    found = find_row(directory, identity)
    if not found:
        note(f"No row of {directory.clean} has the id {identity}.")
        return 1
    for number, each in enumerate(found):
        if number:
            say()
        _explain(directory, identity, each)
    return 0


@click.command("undo")
@click.argument("rule", metavar="RULE")
@run_option
@click.option("--back", is_flag=True, help="Apply the rule again.")
def undo_command(rule: str, run: Path, back: bool) -> None:
    """Clean again without a rule, from the ledger: what only it dropped comes back."""
    directory = RunDir(run)
    read_funnel(directory)  # a folder that is no run is not made
    with directory.locked():
        before = read_funnel(directory)
        after = undo(directory, rule, note, back=back)
    show_funnel(after, directory)
    more = after.kept - before.kept
    with_it, change = "With" if back else "Without", "more" if more >= 0 else "fewer"
    say(f"{with_it} {rule}: {several(abs(more), 'row')} {change}.")


def show_run(run: RunDir) -> None:
    """The funnel of a run."""
    show_funnel(read_funnel(run), run)


def show_funnel(funnel: Funnel, run: RunDir) -> None:
    """What each rule dropped, what became of each source, and what to look at."""
    rows = [["rows in", f"{funnel.rows:,}", ""]]
    for step in funnel.steps:
        rows.append([step.rule, f"-{step.dropped:,}", f"{step.left:,}"])
    rows.append(["kept", f"{funnel.kept:,}", ""])
    print_table("Funnel", ["rule", "rows", "left"], rows)
    names = sorted(funnel.sources, key=lambda name: -funnel.sources[name].rows)
    heading = ["source", "rows", "kept", "distinct", "short", "dropped by"]
    table = [_source_row(name, funnel.sources[name]) for name in names[:_MANY]]
    print_table("Sources", heading, table, left=(0, 5))
    if len(names) > _MANY:
        say(f"and {several(len(names) - _MANY, 'smaller source')}: see {run.funnel}")
    say(f"{several(funnel.train, 'row')} to train on, {funnel.eval:,} held back.")
    for name, fate in funnel.sources.items():
        if fate.action != "keep":
            did = "dropped whole" if fate.action == "drop" else "capped"
            say(
                f"{name} was {did}: {fate.distinct:.2f} distinct answers among 100 rows,"
                f" {fate.short:.0%} of them short."
            )
    for label, number in funnel.labels.items():
        say(f"Of the rows that stay, {number:,} have the label {label}.")
    if funnel.renamed:
        say(f"{several(funnel.renamed, 'row')} had the id of another and got one of their own.")
    if funnel.off:
        say(f"Not applied: {', '.join(funnel.off)}.")
    say(f"Why a row is out: g4tui-train why ID --run {run.root}; the list: {run.ledger}")


def _source_row(name: str, fate: SourceFate) -> list[str]:
    distinct = "" if fate.distinct is None else f"{fate.distinct:.2f}"
    short = "" if fate.short is None else f"{fate.short:.0%}"
    dropped = ", ".join(f"{rule} {number:,}" for rule, number in fate.dropped.items())
    return [name, count(fate.rows), count(fate.kept), distinct, short, dropped]


def _explain(run: RunDir, identity: str, found: Found) -> None:
    dropped = found.dropped
    if dropped is None:
        say(f"{identity} is kept, in {found.where}.jsonl.")
    else:
        say(f"{identity} was dropped by the rule {dropped.rule}: {dropped.evidence}.")
    if found.unreadable is not None:
        lost = found.unreadable
        say(f"  The line has {lost.bytes:,} bytes and begins: {lost.excerpt[:300]}")
    if found.pair is not None:
        _show(found.pair)
    if dropped is not None and dropped.kept:
        say(f"In its place stays {dropped.kept}:")
        for other in find_row(run, dropped.kept):
            if other.pair is not None and other.dropped is None:
                _show(other.pair)
    if dropped is not None:
        say(f"To take the rule back: g4tui-train undo {dropped.rule} --run {run.root}")


def _show(pair: Pair) -> None:
    say(
        f"  source    {pair.source} ({pair.licence}{', terms ' + pair.terms if pair.terms else ''})"
    )
    if pair.labels is not msgspec.UNSET:
        say(f"  labels    {', '.join(pair.labels)}")
    asked = pair.turns[-1].content if pair.turns else ""
    say(f"  asked     {_cut(asked)}")
    say(f"  answered  {_cut(pair.response)}")


def _cut(text: str) -> str:
    line = " ".join(text[:600].split())
    return line if len(line) <= 300 else line[:299] + "…"
