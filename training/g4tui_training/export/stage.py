"""`export` as a stage."""

from pathlib import Path

import msgspec

from g4tui.core import G4tuiError
from g4tui.models import Library
from g4tui.paths import Paths
from g4tui_training.evaluate.tasks import read_tasks
from g4tui_training.export.publish import JOURNAL, VERDICTS, Publisher, write_verdicts
from g4tui_training.stages import Context, Stage
from g4tui_training.train.base import (
    Base,
    find_base,
    have_base,
    template_file,
    with_template,
)
from g4tui_training.train.metrics import DevLoss


def student_name(context: Context) -> str:
    """As the chat lists it."""
    return context.recipe.export.name or context.recipe.name


def chosen_adapter(context: Context) -> Path:
    """The adapter that becomes a file: of the seed that does best on the rows held back.

    The first seed where no rows were. Its scale is in its alpha already.
    """
    folders = [context.run.adapter / f"seed-{seed}" for seed in context.recipe.train.seeds]
    return min(folders, key=_dev_loss)


class _Chosen(msgspec.Struct):
    """What training.json says of the held-back rows."""

    scale: float
    scales: dict[str, DevLoss]


def _dev_loss(folder: Path) -> float:
    file = folder / "training.json"
    try:
        found = msgspec.json.decode(file.read_bytes(), type=_Chosen)
    except (OSError, msgspec.DecodeError) as error:
        raise G4tuiError(
            "missing",
            "There is no student to export",
            f"{file}: {error}.",
            "Train it first: g4tui-train run RECIPE --until train",
        ) from error
    return min((loss.loss for loss in found.scales.values()), default=0.0)


def base_of(context: Context) -> Base:
    """The base under the template of the training, looked for and not loaded."""
    library = Library(Paths.from_environment())
    base = find_base(context.recipe.train.base, context.folder, library)
    return with_template(base, template_file(context.recipe.train.template, context.folder))


def targets(context: Context) -> dict[str, Path]:
    """The files to be published, by what they are: `lora` or a number type."""
    settings, name = context.recipe.export, student_name(context)
    found = {"lora": context.run.gguf / f"{name}-lora.gguf"} if settings.lora else {}
    for quant in settings.merged:
        label: str = quant
        if quant == "base":
            from g4tui.formats import read_gguf

            file = base_of(context).gguf_file
            label = read_gguf(file).quantisation if file else quant
        found[quant] = context.run.gguf / f"{name}.{label}.gguf"
    return found


def _inputs(context: Context) -> list[Path]:
    adapter = chosen_adapter(context)
    files = [adapter / "adapter_config.json", adapter / "adapter_model.safetensors"]
    tasks = context.recipe.evaluate.tasks
    template = template_file(context.recipe.train.template, context.folder)
    files += [context.folder / tasks] if tasks else []
    files += [template] if template else []
    return [*files, *base_of(context).files]


def _outputs(context: Context) -> list[Path]:
    files = [file for file in targets(context).values() if file.is_file()]
    return [context.run.gguf / VERDICTS, *files]


def _settings(context: Context) -> object:
    return {"export": context.recipe.export, "name": student_name(context)}


def _work(context: Context) -> dict[str, object]:
    recipe, run, paths = context.recipe, context.run, Paths.from_environment()
    evaluate = recipe.evaluate
    have_base(recipe.train.base, context.folder, Library(paths), context.cancel)
    adapter = chosen_adapter(context)
    if len(recipe.train.seeds) > 1:
        context.say(f"export: {adapter.name} does best on the rows held back.")
    publisher = Publisher(
        base_of(context),
        adapter,
        run.merged,
        recipe.export,
        student_name(context),
        run.work("export").absolute(),
        run.gguf / JOURNAL,
        paths,
        read_tasks(context.folder / evaluate.tasks, evaluate.limit) if evaluate.tasks else [],
        context.say,
        context.cancel,
    )
    verdicts = []
    if recipe.export.merged:
        publisher.save_merged()
    for kind, target in targets(context).items():
        made = publisher.lora(target) if kind == "lora" else publisher.quantised(kind, target)
        verdicts.append(made)
    write_verdicts(run.gguf / VERDICTS, verdicts)
    published = [each.file for each in verdicts if each.passed or each.forced]
    for each in verdicts:
        if not (each.passed or each.forced):
            context.say(f"{each.file} did not pass the gate and is not published.")
    return {"published": published, "adapter": adapter.name}


EXPORT = Stage(name="export", inputs=_inputs, outputs=_outputs, settings=_settings, work=_work)
