"""How a stage is run: skipped when nothing changed, recorded when it is done.

A stage is a plain function with a thin `Stage` around it, which tells what it reads, what it
writes, and which settings decide the result. The record in `manifest.json` is written last.
"""

import hashlib
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from g4tui import __version__
from g4tui.core import Cancel, G4tuiError
from g4tui_training.deciding import deciding
from g4tui_training.lines import opened_raw
from g4tui_training.loading import recipe_text
from g4tui_training.recipe import Recipe
from g4tui_training.run import FileMark, RunDir, StageRecord
from g4tui_training.writing import forget_drafts, write_whole

Outcome = Literal["done", "skipped"]


@dataclass(frozen=True)
class Context:
    """What a stage works with. `folder`: what paths in the recipe are relative to.

    `say` tells a line of progress to a person, `confirm` asks a yes-or-no question. A stage looks
    at `cancel` and ends with `KeyboardInterrupt` when asked, leaving what can be gone on with.
    """

    recipe: Recipe
    folder: Path
    run: RunDir
    say: Callable[[str], None] = lambda line: None
    confirm: Callable[[str], bool] = lambda question: True
    cancel: Cancel = field(default_factory=Cancel)


@dataclass(frozen=True)
class Stage:
    """One step of a run.

    `settings` gives plain JSON values (a recipe's table, a seed). `work` makes every file of
    `outputs`, each whole or not at all, and returns counts for the report. `unfinished` tells from
    a record whether running it again may give more.
    """

    name: str
    inputs: Callable[[Context], Iterable[Path]]
    outputs: Callable[[Context], Iterable[Path]]
    settings: Callable[[Context], object]
    work: Callable[[Context], dict[str, object]]
    unfinished: Callable[[StageRecord], bool] = lambda record: False


def run_stage(stage: Stage, context: Context, *, again: bool = False) -> Outcome:
    """Run a stage unless its result is there; the caller holds the run's lock.

    Raises what the stage raises, and `G4tuiError` (`usage`) where a person changed a result:
    work of hands is not written over (`again` does).
    """
    run = context.run
    settings = plain(stage.settings(context))
    inputs = tuple(_mark(run, file) for file in stage.inputs(context))
    before = run.manifest().stages.get(stage.name)
    if before is not None and not again:
        there = _outputs_are_there(run, before)
        same = before.inputs == inputs and before.settings == settings
        if there and same and not stage.unfinished(before):
            return "skipped"
    if again:
        shutil.rmtree(run.work(stage.name), ignore_errors=True)
    # Killed from here on, the stage has no record: what it left is no work of hands.
    _record(run, stage.name, None)
    forget_drafts(run.root)
    began = time.time()
    counts = stage.work(context)
    finished = time.time()
    record = StageRecord(
        settings=settings,
        inputs=inputs,
        outputs=tuple(_mark(run, file) for file in stage.outputs(context)),
        counts=counts,
        finished=finished,
        seconds=finished - began,
        version=__version__,
        recipe=deciding(context.recipe, stage.name),
    )
    _record(run, stage.name, record)
    shutil.rmtree(run.work(stage.name), ignore_errors=True)
    return "done"


def remember_recipe(run: RunDir, recipe_file: Path, changes: Sequence[str] = ()) -> None:
    """Keep the recipe as it runs, and where it came from."""
    write_whole(run.recipe, recipe_text(recipe_file, changes))
    manifest = run.manifest()
    run.write_manifest(msgspec.structs.replace(manifest, recipe=str(recipe_file.absolute())))


def file_sha256(file: Path) -> str:
    """The digest of a file's bytes, in hex."""
    with opened_raw(file) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _mark(run: RunDir, file: Path) -> FileMark:
    sha256 = file_sha256(file)
    return FileMark(run.relative(file), file.stat().st_size, sha256)


def plain(settings: object) -> object:
    """Settings as the manifest gives them back."""
    return msgspec.json.decode(msgspec.json.encode(settings))


def update_record(
    run: RunDir, stage: str, before: StageRecord, settings: object, counts: dict[str, object]
) -> None:
    """Record that a stage's outputs were changed on purpose, by other settings."""
    outputs = tuple(_mark(run, run.root / mark.path) for mark in before.outputs)
    changed = msgspec.structs.replace(
        before, settings=plain(settings), outputs=outputs, counts=counts, finished=time.time()
    )
    _record(run, stage, changed)


def forget_record(run: RunDir, stage: str) -> None:
    """Take a stage's record away while its result is being changed."""
    _record(run, stage, None)


def _record(run: RunDir, stage: str, record: StageRecord | None) -> None:
    manifest = run.manifest()
    stages = {name: each for name, each in manifest.stages.items() if name != stage}
    if record is not None:
        stages[stage] = record
    if stages != manifest.stages:
        run.write_manifest(msgspec.structs.replace(manifest, stages=stages))


def _outputs_are_there(run: RunDir, before: StageRecord) -> bool:
    """Whether all outputs are there. Raises `G4tuiError` where one is not as it was made."""
    files = [(mark, run.root / mark.path) for mark in before.outputs]
    for mark, file in files:
        if file.is_file() and _mark(run, file) != mark:
            raise G4tuiError(
                "usage",
                f"{mark.path} was changed after it was made",
                f"{file} is not as its stage left it.",
                "To make it anew and lose the change, add --again."
                " To keep the change, move the file out of the run.",
            )
    return all(file.is_file() for _, file in files)
