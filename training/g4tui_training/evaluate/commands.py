"""The command `evaluate`."""

from pathlib import Path

import click

from g4tui.core import G4tuiError
from g4tui_training.console import consent, note, run_one, say, set_option
from g4tui_training.recipe import Evaluate
from g4tui_training.run import RunDir
from g4tui_training.stages import Stage

TASKS = Path("examples/data/self_instruct_eval.jsonl")


@click.command()
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="[NAME=]MODEL",
    help="A Hugging Face folder or hub id, of a model or a LoRA; a GGUF file or a model of g4tui;"
    " several to compare. transformers:FILE.gguf dequantises a file.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="The folder of the results; or the run's.",
)
@click.option("--recipe", type=click.Path(path_type=Path), help="As a stage of a run: the recipe.")
@set_option
@click.option("--again", is_flag=True, help="As a stage: make it anew even if it is there.")
@click.option("--tasks", type=click.Path(path_type=Path), help=f"Tasks; else {TASKS}.")
@click.option("--base", default="", help="What a LoRA folder goes on, if it does not say.")
@click.option(
    "--prompts", type=click.Path(path_type=Path), help="Prompts to answer, a file of rows."
)
@click.option(
    "--answers",
    type=click.IntRange(1),
    help=f"How many of the prompts; else {Evaluate().answers}.",
)
@click.option("--judge", default="", help="A model that compares the answers; it may cost.")
@click.option("--yes", is_flag=True, help="Ask nothing.")
def evaluate(
    models: tuple[str, ...],
    out: Path,
    recipe: Path | None,
    changes: tuple[str, ...],
    again: bool,
    tasks: Path | None,
    base: str,
    prompts: Path | None,
    answers: int | None,
    judge: str,
    yes: bool,
) -> None:
    """Measure how well models predict answers that people gave, and how they answer themselves:
    those named by `--model`, or a run's base and students by `--recipe R --out RUN`.

    Killed or stopped, the same command goes on.
    """
    if recipe is not None:
        if models or tasks or base or prompts or answers or judge:
            raise click.UsageError("With --recipe, say it there, or by --set evaluate.KEY=VALUE.")
        run_one(evaluate_stage(), recipe, out, changes=changes, again=again, yes=yes)
        show_evaluation(RunDir(out))
        return
    if changes or again or not models:
        raise click.UsageError("Give --model, or --recipe and the run's --out.")
    from g4tui.core import Cancel
    from g4tui.paths import Paths
    from g4tui_training.evaluate.bootstrap import DRAWS
    from g4tui_training.evaluate.prompts import read_prompts
    from g4tui_training.evaluate.showing import show_answers, show_perplexity
    from g4tui_training.evaluate.subjects import parse_subject
    from g4tui_training.evaluate.tasks import read_tasks
    from g4tui_training.evaluate.work import Evaluation

    if tasks is None and not TASKS.is_file():
        raise G4tuiError(
            "missing",
            "There are no tasks to evaluate with",
            f"{TASKS} is not here.",
            "Say --tasks.",
        )
    subjects = [parse_subject(model, base) for model in models]
    if len({subject.name for subject in subjects}) < len(subjects):
        raise click.UsageError("Two models have one name: say NAME=MODEL.")
    asked = read_prompts(prompts, answers or Evaluate().answers) if prompts else []
    if prompts and not asked:
        raise G4tuiError("usage", "There are no prompts to answer", f"{prompts} has no question.")
    evaluation = Evaluation(
        subjects,
        out,
        folder=Path.cwd(),
        paths=Paths.from_environment(),
        say=note,
        cancel=Cancel(),
        confirm=consent(yes),
    )
    with RunDir(out).locked():
        show_perplexity(evaluation.perplexity(read_tasks(tasks or TASKS), DRAWS))
        if asked:
            found = evaluation.answers_and_verdicts(asked, judge)
            show_answers(found.models, found.judged)
    say(f"The results are in {out}")


def evaluate_stage() -> Stage:
    """The stage, imported when it runs."""
    from g4tui_training.evaluate.stage import EVALUATE

    return EVALUATE


def show_evaluation(run: RunDir) -> None:
    """The tables of a run."""
    from g4tui_training.evaluate.showing import show_answers, show_perplexity
    from g4tui_training.evaluate.summary import read_perplexity
    from g4tui_training.evaluate.work import ANSWERS, PERPLEXITY, read_answers

    if (run.evaluation / PERPLEXITY).is_file():
        show_perplexity(read_perplexity(run.evaluation / PERPLEXITY))
    if answers := read_answers(run.evaluation / ANSWERS):
        show_answers(answers.models, answers.judged)
