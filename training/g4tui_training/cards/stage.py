"""`report` as a stage: for now the data card."""

from pathlib import Path

from g4tui_training.cards.data_card import data_card
from g4tui_training.cards.facts import facts_of
from g4tui_training.clean.stage import read_funnel
from g4tui_training.stages import Context, Stage
from g4tui_training.tally import SourceTally, tallies_of
from g4tui_training.writing import write_whole


def _inputs(context: Context) -> list[Path]:
    run = context.run
    read_funnel(run)
    return [run.train, run.eval, run.funnel, run.recipe]


def _outputs(context: Context) -> list[Path]:
    return [context.run.report / "data_card.md"]


def _settings(context: Context) -> object:
    return {"report": context.recipe.report, "sources": context.recipe.sources}


def _work(context: Context) -> dict[str, object]:
    recipe, run = context.recipe, context.run
    facts = facts_of((run.train, run.eval), recipe.report.examples, recipe.seed)
    record = run.manifest().stages.get("prompts")
    tallies: dict[str, SourceTally] = tallies_of(record.counts) if record else {}
    text = data_card(recipe, read_funnel(run), facts, tallies, run.recipe.read_text("utf-8"))
    write_whole(run.report / "data_card.md", text.encode())
    return {"rows": facts.rows}


REPORT = Stage(name="report", inputs=_inputs, outputs=_outputs, settings=_settings, work=_work)
