"""`train` as a stage of a run."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch
from safetensors.torch import save as save_tensors
from transformers import PreTrainedConfig

from g4tui.core import G4tuiError
from g4tui.models import Library
from g4tui.paths import Paths
from g4tui_training.clean.stage import check_some_are_left
from g4tui_training.recipe import Train
from g4tui_training.stages import Context, Stage, file_sha256
from g4tui_training.train.audit import check_labels
from g4tui_training.train.base import Base, have_base, template_file, with_template
from g4tui_training.train.board import FOLDER, Board
from g4tui_training.train.chat_template import ChatTemplate
from g4tui_training.train.checkpoint import Checkpoints, State, read_state
from g4tui_training.train.group import Group
from g4tui_training.train.loop import Training, scale_losses, train
from g4tui_training.train.metrics import Metrics, StepLine, write_curve
from g4tui_training.train.precision import (
    check_memory,
    chosen_dtype,
    free_memory,
    memory_needed,
)
from g4tui_training.train.rows import Rows, digest_of, read_pairs, rows_of
from g4tui_training.train.student import Student, make_student
from g4tui_training.train.trained import Trained
from g4tui_training.train.view import View
from g4tui_training.writing import write_whole

ADAPTER, CONFIG, METRICS = "adapter_model.safetensors", "adapter_config.json", "metrics.jsonl"
CURVE, SUMMARY = "loss.png", "training.json"
FILES = (ADAPTER, CONFIG, METRICS, CURVE, SUMMARY)


@dataclass(frozen=True)
class Prepared:
    """What all seeds of a stage share."""

    base: Base
    config: PreTrainedConfig
    template: ChatTemplate
    rows: Rows
    dev: Rows


def base_of(context: Context) -> Base:
    """The recipe's base, pulled where it is of the catalogue and not here yet."""
    library = Library(Paths.from_environment())
    base = have_base(context.recipe.train.base, context.folder, library, context.cancel)
    return with_template(base, template_file(context.recipe.train.template, context.folder))


def prepared(context: Context) -> Prepared:
    """Base, template and rows, all checked. Raises `G4tuiError` before any work."""
    settings = context.recipe.train
    base = base_of(context)
    config = base.config()
    limit = config.max_position_embeddings
    if settings.max_length > limit:
        raise G4tuiError(
            "config",
            "train.max_length is more than the base can read",
            f"It is {settings.max_length:,}, and {base.name} reads {limit:,} tokens.",
            f"Set train.max_length = {limit} or less.",
        )
    template = ChatTemplate(base.tokenizer())
    rows = rows_of(read_pairs(context.run.train), template, settings)
    check_labels(rows, template, settings.max_length)
    dev = rows_of(read_pairs(context.run.eval), template, settings, held=True)
    return Prepared(base, config, template, rows, dev)


def train_stage(group: Group) -> Stage:
    """The stage, in this process of a group."""

    def work(context: Context) -> dict[str, object]:
        ready = prepared(context)
        counts: dict[str, object] = {
            "rows": len(ready.rows.rows),
            "too_long": sum(each.too_long for each in ready.rows.tallies.values()),
            "dev": len(ready.dev.rows),
        }
        _tell_rows(ready, context)
        for seed in context.recipe.train.seeds:
            done = train_seed(context, ready, seed, group)
            counts[f"seed-{seed}"] = {"scale": done.scale, "step": done.step}
        return counts

    return Stage("train", inputs=_inputs, outputs=_outputs, settings=_settings, work=work)


def _tell_rows(ready: Prepared, context: Context) -> None:
    rows = ready.rows
    context.say(
        f"train: {len(rows.rows):,} rows, {rows.tokens:,} tokens,"
        f" {rows.targets:,} of them trained; {len(ready.dev.rows):,} rows held back."
    )
    for name, tally in sorted(rows.tallies.items()):
        if tally.weightless:
            context.say(f"train: {name}: {tally.weightless:,} rows left out, of weight 0.")
        if tally.too_long:
            context.say(
                f"train: {name}: {tally.too_long:,} of {tally.rows:,} rows left out,"
                f" longer than {context.recipe.train.max_length} tokens."
            )


def budgeted(settings: Train, rows: Rows) -> Train:
    """The settings with as many epochs as `tokens` are, where the recipe says that."""
    if settings.tokens is None:
        return settings
    return msgspec.structs.replace(settings, epochs=settings.tokens / rows.tokens)


def train_seed(context: Context, ready: Prepared, seed: int, group: Group) -> Trained:
    """One student, unless it is there."""
    settings = budgeted(context.recipe.train, ready.rows)
    identity = _identity(ready, settings, seed)
    folder = context.run.adapter / f"seed-{seed}"
    if (before := read_trained(folder)) and before.identity == identity:
        return before
    checkpoints = Checkpoints(context.run.work("train") / f"seed-{seed}")
    begun, _ = checkpoints.newest()
    state = read_state(begun) if begun else None
    if state is not None and state.identity != identity:
        raise G4tuiError(
            "usage",
            "This training was begun by another recipe",
            f"{begun} is of other rows, another base or other settings; the two do not mix.",
            "Go back to that recipe, give another --out, or begin anew with --again.",
        )
    dtype = (
        getattr(torch, state.precision)
        if state
        else chosen_dtype(settings.precision, ready.config, group.device)
    )
    model = ready.base.model(dtype)
    parameters = model.num_parameters()
    needed = memory_needed(ready.config, settings, parameters, dtype.itemsize)
    held = parameters * dtype.itemsize * (group.device.type == "cpu")
    check_memory(needed - held, free_memory(group.device), settings)
    student = make_student(model, settings, seed, group.device)
    fresh = State(identity, str(dtype).removeprefix("torch."), torch.get_num_threads())
    view = View(context.say if group.leads else lambda line: None, seed)
    board = Board(folder / FOLDER, state.step if state else 0)

    def tell(line: StepLine, steps: int) -> None:
        view.tell(line, steps)
        board.tell(line)

    training = Training(
        settings=settings,
        seed=seed,
        rows=ready.rows.rows,
        dev=ready.dev.rows,
        student=student,
        template=ready.template,
        checkpoints=checkpoints,
        metrics=Metrics(folder / METRICS),
        group=group,
        tell=tell,
        say=context.say if group.leads else lambda line: None,
        cancel=context.cancel,
    )
    with (
        board,
        view,
        torch.autocast(group.device.type, torch.bfloat16, enabled=dtype == torch.bfloat16),
    ):
        end, best = train(training, fresh)
        student.load(best)
        scales = scale_losses(training, settings.scales) if training.dev else {}
    scale = min(scales, key=lambda each: scales[each].loss) if scales else 1.0
    done = Trained(
        identity=identity,
        base=ready.base.name,
        seed=seed,
        rows=len(training.rows),
        steps=end.step,
        step=end.best.step or end.step,
        tokens=end.tokens,
        trained=end.trained,
        seconds=end.seconds,
        parameters=sum(each.numel() for each in student.parameters),
        precision=end.precision,
        threads=end.threads,
        device=device_name(group.device),
        processes=group.size,
        scale=scale,
        scales={f"{each:g}": loss for each, loss in scales.items()},
        sources=ready.rows.tallies,
        end=ready.template.end,
        template_sha256=hashlib.sha256(ready.template.source.encode()).hexdigest(),
        versions=versions(),
    )
    if group.leads:
        _write_student(folder, training, student, ready.base, scale, done)
        context.say(
            f"train: seed {seed}: {end.step:,} steps, best at {done.step:,}, scale {scale:g}."
        )
    return done


def _write_student(
    folder: Path, training: Training, student: Student, base: Base, scale: float, done: Trained
) -> None:
    """All files of a student, the one that says it is whole last."""
    config = student.config(base.reference, scale).to_dict()
    plain = {name: sorted(v) if isinstance(v, set) else v for name, v in config.items()}
    write_whole(folder / ADAPTER, save_tensors(student.tensors(), {"format": "pt"}))
    write_whole(folder / CONFIG, msgspec.json.format(msgspec.json.encode(plain), indent=2))
    write_curve(folder / CURVE, training.metrics.lines, f"{base.name}, seed {done.seed}")
    write_whole(folder / SUMMARY, msgspec.json.format(msgspec.json.encode(done), indent=2))


def read_trained(folder: Path) -> Trained | None:
    """How the adapter of a folder was made; `None` where none was finished."""
    file = folder / SUMMARY
    if not file.is_file():
        return None
    try:
        return msgspec.json.decode(file.read_bytes(), type=Trained)
    except msgspec.DecodeError as error:
        raise G4tuiError(
            "storage", "A training's summary cannot be read", f"{file}: {error}.", "Use --again."
        ) from error


def _identity(ready: Prepared, settings: Train, seed: int) -> str:
    """A digest of all that decides the weights."""
    parts = [
        _deciding(settings),
        seed,
        digest_of(ready.rows.rows),
        digest_of(ready.dev.rows),
        [file_sha256(file) for file in ready.base.files],
        ready.base.name,
        ready.template.source,
    ]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def _deciding(settings: Train) -> Train:
    """The settings without those that decide no weight."""
    return msgspec.structs.replace(settings, checkpoint_minutes=1.0, seeds=(0,))


def _settings(context: Context) -> object:
    settings = context.recipe.train
    return {"train": _deciding(settings), "seeds": settings.seeds}


def _inputs(context: Context) -> Sequence[Path]:
    run = context.run
    if not run.train.is_file():
        raise G4tuiError(
            "missing",
            "There is nothing to train on",
            f"There is no {run.train}.",
            "Run the stages before it: g4tui-train run RECIPE --until clean",
        )
    if not run.train.stat().st_size and run.funnel.is_file():
        check_some_are_left(run)
    own = template_file(context.recipe.train.template, context.folder)
    return [run.train, run.eval, *([own] if own else []), *base_of(context).files]


def _outputs(context: Context) -> list[Path]:
    return [
        context.run.adapter / f"seed-{seed}" / name
        for seed in context.recipe.train.seeds
        for name in FILES
    ]


def device_name(device: torch.device) -> str:
    """As a person knows it."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


def versions() -> dict[str, str]:
    """Of what computed."""
    from importlib.metadata import version

    return {name: version(name) for name in ("torch", "transformers", "peft")}
