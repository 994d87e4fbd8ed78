"""`evaluate` as a stage: the base, the student of every seed, and the files it became."""

from pathlib import Path

from g4tui.paths import Paths
from g4tui_training.evaluate.prompts import read_prompts
from g4tui_training.evaluate.subjects import Subject, find_subject, parse_subject
from g4tui_training.evaluate.tasks import read_tasks
from g4tui_training.evaluate.work import ANSWERS, FIGURE, PER_TASK, PERPLEXITY, Evaluation
from g4tui_training.stages import Context, Stage


def subjects_of(context: Context) -> list[Subject]:
    """The base and the student, first as trained, then as the files that the chat opens.

    On each engine the base comes first: the others are compared with it.
    """
    run, train = context.run, context.recipe.train
    seeds = sorted(run.adapter.glob("seed-*/adapter_config.json"))
    group = "student" if len(seeds) > 1 else ""
    found = [Subject("base", f"transformers:{train.base}")]
    for file in seeds:
        name = f"student {file.parent.name}" if group else "student"
        found.append(Subject(name, str(file.parent.absolute()), train.base, group))
    found += [parse_subject(each) for each in context.recipe.evaluate.models]
    files = sorted(run.gguf.glob("*.gguf"))
    if not files:
        return found
    base = find_subject(found[0], context.folder, Paths.from_environment()).base
    gguf = base.gguf_file if base else None
    if gguf is not None:
        found.append(Subject("base (gguf)", str(gguf.absolute())))
    for each in files:
        is_lora = each.stem.endswith("-lora")
        if not is_lora:
            found.append(Subject(each.name, str(each.absolute())))
        elif gguf is not None:
            found.append(Subject(each.name, f"{gguf.absolute()}+{each.absolute()}"))
    return found


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
    )
    tasks = read_tasks(_tasks(context), settings.limit)
    evaluation.perplexity(tasks, settings.draws, [context.run.gguf / PER_TASK])
    for file in _prompts(context):
        prompts = read_prompts(file, settings.answers)
        evaluation.answers_and_verdicts(prompts, settings.judge, settings.answer_tokens)
    return {"tasks": len(tasks), "models": len(evaluation.subjects)}


EVALUATE = Stage(name="evaluate", inputs=_inputs, outputs=_outputs, settings=_settings, work=_work)
