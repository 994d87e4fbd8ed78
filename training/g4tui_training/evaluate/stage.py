"""`evaluate` as a stage: the base, the student of every seed, and the files it became."""

from pathlib import Path

from g4tui.formats import read_gguf
from g4tui.paths import Paths
from g4tui_training.evaluate.prompts import read_prompts
from g4tui_training.evaluate.subjects import Subject, find_subject, parse_subject, seed_name
from g4tui_training.evaluate.tasks import read_tasks
from g4tui_training.evaluate.work import ANSWERS, FIGURE, PER_TASK, PERPLEXITY, Evaluation
from g4tui_training.export.publish import published
from g4tui_training.stages import Context, Stage


def trained_subjects(context: Context) -> list[Subject]:
    """The base and the student of every seed, as trained; then what else the recipe names."""
    run, train = context.run, context.recipe.train
    folders = {seed: run.adapter / f"seed-{seed}" for seed in train.seeds}
    seeds = [seed for seed in folders if (folders[seed] / "adapter_config.json").is_file()]
    group = "student" if len(seeds) > 1 else ""
    found = [Subject("base", f"transformers:{train.base}")]
    for seed in seeds:
        name, where = seed_name(seed, len(seeds)), str(folders[seed].absolute())
        found.append(Subject(name, where, train.base, group, train.template))
    return found + [parse_subject(each) for each in context.recipe.evaluate.models]


def file_subjects(context: Context) -> list[Subject]:
    """The files that the chat opens: the base's, if it is one, and those that were published."""
    files = [file for file in published(context.run) if file.is_file()]
    if not files:
        return []
    base = find_subject(trained_subjects(context)[0], context.folder, Paths.from_environment()).base
    gguf = base.gguf_file if base else None
    found = [Subject("base (gguf)", str(gguf.absolute()))] if gguf else []
    for each in files:
        is_lora = read_gguf(each).is_adapter
        where = f"{gguf.absolute()}+{each.absolute()}" if is_lora and gguf else str(each.absolute())
        found.append(Subject(each.name, where))
    return found


def subjects_of(context: Context) -> list[Subject]:
    """All that is measured. On each engine the base comes first: the others are compared with it.

    Answers are given by the files where there are any, since that is what a person meets.
    """
    return trained_subjects(context) + file_subjects(context)


def _inputs(context: Context) -> list[Path]:
    paths = Paths.from_environment()
    found = [find_subject(each, context.folder, paths) for each in subjects_of(context)]
    files = [_tasks(context), *(file for each in found for file in each.files)]
    return list(dict.fromkeys([*files, *_prompts(context)]))


def _tasks(context: Context) -> Path:
    return context.folder / context.recipe.evaluate.tasks


def _prompts(context: Context) -> list[Path]:
    settings = context.recipe.evaluate
    if not settings.answers:
        return []
    return [context.folder / settings.prompts if settings.prompts else context.run.eval]


def _outputs(context: Context) -> list[Path]:
    names = [PERPLEXITY, PER_TASK, FIGURE, *([ANSWERS] if context.recipe.evaluate.answers else [])]
    return [context.run.evaluation / name for name in names]


def _settings(context: Context) -> object:
    return {"evaluate": context.recipe.evaluate, "subjects": subjects_of(context)}


def _work(context: Context) -> dict[str, object]:
    settings = context.recipe.evaluate
    evaluation = Evaluation(
        subjects_of(context),
        context.run.evaluation,
        folder=context.folder,
        paths=Paths.from_environment(),
        say=context.say,
        cancel=context.cancel,
        confirm=context.confirm,
    )
    tasks = read_tasks(_tasks(context), settings.limit)
    evaluation.perplexity(tasks, settings.draws, [context.run.gguf / PER_TASK])
    for file in _prompts(context):
        prompts = read_prompts(file, settings.answers)
        if not prompts:
            context.say(f"{file} has no row with one question, so nothing is answered.")
        evaluation.answers_and_verdicts(
            prompts,
            settings.judge,
            settings.answer_tokens,
            file_subjects(context) or evaluation.subjects,
        )
    return {"tasks": len(tasks), "models": len(evaluation.subjects)}


EVALUATE = Stage(name="evaluate", inputs=_inputs, outputs=_outputs, settings=_settings, work=_work)
