"""`clean` as a stage of a run."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from g4tui.core import G4tuiError
from g4tui_training.clean.drops import read_drops
from g4tui_training.clean.funnel import Funnel
from g4tui_training.clean.pipeline import CLEAN_FILES, Cleaning, clean
from g4tui_training.clean.rules import Policy
from g4tui_training.recipe import Recipe
from g4tui_training.run import RunDir
from g4tui_training.spoken import several
from g4tui_training.stages import Context, Stage

UNDONE = "undone.json"
PARQUET = ("train.parquet", "eval.parquet")
_TOLD = 3


def clean_stage(
    files: Sequence[Path] = (), tasks: Sequence[Path] = (), jobs: int | None = None
) -> Stage:
    """The stage, on the run's pairs, or on `files`; `tasks` are added to the recipe's.

    `jobs`: processes at work; none given: one a core.
    """

    def policy(context: Context) -> Policy:
        return policy_of(context, tasks)

    def settings(context: Context) -> object:
        return {
            "policy": policy(context),
            "seed": context.recipe.seed,
            "actions": actions_of(context.recipe),
            "parquet": context.recipe.clean.parquet,
        }

    def outputs(context: Context) -> list[Path]:
        names = CLEAN_FILES + (PARQUET if context.recipe.clean.parquet else ())
        return [context.run.clean / name for name in names]

    def inputs(context: Context) -> list[Path]:
        clean_policy = context.recipe.clean
        drops = [context.folder / name for name in clean_policy.drop]
        return [*pairs_of(context.run, files), *map(Path, policy(context).tasks), *drops]

    def work(context: Context) -> dict[str, object]:
        funnel = clean(
            Cleaning(
                files=pairs_of(context.run, files),
                out=context.run.clean,
                work=context.run.work("clean"),
                policy=policy(context),
                seed=context.recipe.seed,
                actions=actions_of(context.recipe),
                jobs=jobs or cores(),
                say=context.say,
                check=checking(context),
            )
        )
        if context.recipe.clean.parquet:
            write_parquet(context.run)
        return counts_of(funnel)

    return Stage(name="clean", inputs=inputs, outputs=outputs, settings=settings, work=work)


def policy_of(context: Context, tasks: Sequence[Path] = ()) -> Policy:
    """The recipe's rules, those that were undone in this run left out."""
    recipe, folder = context.recipe, context.folder
    undone = read_undone(context.run)
    listed = [*(folder / name for name in recipe.clean.contamination.tasks), *tasks]
    return Policy(
        clean=msgspec.structs.replace(
            recipe.clean, off=tuple(sorted({*recipe.clean.off, *undone}))
        ),
        permissive=recipe.licence == "permissive",
        allow_terms=recipe.allow_terms,
        tasks=tuple(str(file.absolute()) for file in listed),
        dropped=read_drops(folder / name for name in recipe.clean.drop),
        held=tuple(source.name for source in recipe.sources if source.held),
    )


def actions_of(recipe: Recipe) -> dict[str, str]:
    """What single sources ask for if they are of low diversity."""
    return {each.name: each.low_diversity for each in recipe.sources if each.low_diversity}


def pairs_of(run: RunDir, files: Sequence[Path]) -> list[Path]:
    """What is cleaned: `files`, else the run's pairs (its prompts, where nobody was asked)."""
    if files:
        return [file.absolute() for file in files]
    found = run.pairs if run.pairs.is_file() else run.prompts
    if not found.is_file():
        raise G4tuiError(
            "missing",
            "There is nothing to clean",
            f"{run.root} has neither pairs.jsonl nor prompts.jsonl.",
            "Run the stages before it, or give files with --in.",
        )
    return [found]


def read_undone(run: RunDir) -> list[str]:
    """The rules that `undo` took back in this run."""
    file = run.clean / UNDONE
    return msgspec.json.decode(file.read_bytes(), type=list[str]) if file.is_file() else []


def read_funnel(run: RunDir) -> Funnel:
    """The funnel of a run. Raises `G4tuiError` where there is none."""
    try:
        return msgspec.json.decode(run.funnel.read_bytes(), type=Funnel)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise G4tuiError(
            "missing",
            "This run has nothing cleaned",
            f"There is no {run.funnel}.",
            "Make it with: g4tui-train clean",
        ) from error
    except msgspec.DecodeError as error:
        raise G4tuiError(
            "storage", "The funnel cannot be read", f"{run.funnel}: {error}.", "Run clean again."
        ) from error


def check_some_are_left(run: RunDir) -> None:
    """Raises `G4tuiError` (`config`) where no row is left to train on."""
    funnel = read_funnel(run)
    if funnel.train:
        return
    largest = sorted(funnel.steps, key=lambda step: -step.dropped)
    dropped = ", ".join(f"{step.rule} {step.dropped:,}" for step in largest[:_TOLD])
    others = len(largest) - _TOLD
    dropped += f" and {several(others, 'other rule')}" if others > 0 else ""
    if not funnel.kept:
        detail = f"Of {several(funnel.rows, 'row')} the rules dropped all: {dropped}."
        remedy = (
            f"See why: {run.ledger}. Correct the sources, or take a rule back:"
            f" g4tui-train undo {largest[0].rule} --run {run.root}"
        )
    else:
        detail = f"Of {several(funnel.rows, 'row')} {funnel.eval:,} are left, all held back"
        detail += f"; dropped: {dropped}." if dropped else "."
        remedy = "Lower clean.split.fraction, or take more rows that are not held."
    raise G4tuiError("config", "No row is left to train on", detail, remedy)


def counts_of(funnel: Funnel) -> dict[str, object]:
    """What the manifest keeps."""
    return {
        "rows": funnel.rows,
        "train": funnel.train,
        "eval": funnel.eval,
        "dropped": {step.rule: step.dropped for step in funnel.steps},
    }


def write_parquet(run: RunDir) -> None:
    """Train and eval as parquet, for other tools."""
    from g4tui_training.parquet import pairs_to_parquet

    pairs_to_parquet(run.train, run.clean / "train.parquet")
    pairs_to_parquet(run.eval, run.clean / "eval.parquet")


def checking(context: Context) -> Callable[[], None]:
    """Raises `KeyboardInterrupt` once the person asked to stop."""

    def check() -> None:
        if context.cancel.requested:
            raise KeyboardInterrupt

    return check


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
