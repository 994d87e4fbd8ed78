"""`report` as a stage: the data card, and the model card where there is a student."""

from pathlib import Path

from g4tui_training.cards.data_card import data_card
from g4tui_training.cards.facts import facts_of
from g4tui_training.cards.model_card import model_card
from g4tui_training.cards.training_facts import seed_files, student_facts, student_files
from g4tui_training.clean.stage import read_funnel
from g4tui_training.evaluate.scoring import read_scores
from g4tui_training.evaluate.work import PER_TASK
from g4tui_training.stages import Context, Stage
from g4tui_training.tally import SourceTally, tallies_of
from g4tui_training.writing import write_whole


def _inputs(context: Context) -> list[Path]:
    run = context.run
    read_funnel(run)
    scores = run.evaluation / PER_TASK
    found = [*student_files(run), *([scores] if scores.is_file() else [])]
    return [run.train, run.eval, run.funnel, run.recipe, *found]


def _outputs(context: Context) -> list[Path]:
    names = ["data_card.md", *(["model_card.md"] if seed_files(context.run) else [])]
    return [context.run.report / name for name in names]


def _settings(context: Context) -> object:
    return {"report": context.recipe.report, "sources": context.recipe.sources}


def _work(context: Context) -> dict[str, object]:
    recipe, run = context.recipe, context.run
    facts = facts_of((run.train, run.eval), recipe.report.examples, recipe.seed)
    record = run.manifest().stages.get("prompts")
    tallies: dict[str, SourceTally] = tallies_of(record.counts) if record else {}
    text = data_card(recipe, read_funnel(run), facts, tallies, run.recipe.read_text("utf-8"))
    write_whole(run.report / "data_card.md", text.encode())
    if seed_files(run):
        card = model_card(
            recipe,
            student_facts(run),
            facts,
            read_funnel(run),
            read_scores(run.evaluation / PER_TASK),
            run.recipe.read_text("utf-8"),
        )
        write_whole(run.report / "model_card.md", card.encode())
    return {"rows": facts.rows}


REPORT = Stage(name="report", inputs=_inputs, outputs=_outputs, settings=_settings, work=_work)
