"""The model card: what the student is, what it was made of, what it can and cannot do."""

from collections.abc import Iterator, Sequence

from g4tui import __version__
from g4tui.models.catalogue import entry_named
from g4tui_training.cards.data_card import OPENAI
from g4tui_training.cards.facts import RowFacts
from g4tui_training.cards.figures import evaluation_parts
from g4tui_training.cards.markdown import fenced, inline, table, yaml_text
from g4tui_training.cards.training_facts import StudentFacts
from g4tui_training.clean.funnel import Funnel
from g4tui_training.evaluate.scoring import Scored
from g4tui_training.recipe import Recipe
from g4tui_training.train.trained import Trained


def model_card(
    recipe: Recipe,
    student: StudentFacts,
    rows: RowFacts,
    funnel: Funnel,
    scores: Sequence[Scored],
    recipe_text: str,
) -> str:
    """The card as Markdown, with the front matter of the Hugging Face hub."""
    name = recipe.report.title or recipe.name
    parts = [
        *_front_matter(recipe, rows),
        f"# {inline(name)}\n",
        *([inline(recipe.report.summary) + "\n"] if recipe.report.summary else []),
        f"A student of {inline(recipe.train.base)}, tuned by LoRA on {funnel.train:,} answers."
        f" Made by g4tui-train {__version__}.\n",
        *_warnings(recipe, rows, student),
        "## Files\n",
        *_files(student),
        "## Data\n",
        *_data(rows, funnel),
        "## Training\n",
        *_training(recipe, student.seeds),
        "## Evaluation\n",
        *evaluation_parts(student, scores),
        "## What it took\n",
        *_costs(recipe, student),
        "## What it cannot do\n",
        *_limits(recipe, student),
        "## Recipe\n",
        fenced(recipe_text, 40_000).replace("```text", "```toml", 1) + "\n",
    ]
    return "\n".join(parts)


def _front_matter(recipe: Recipe, rows: RowFacts) -> Iterator[str]:
    base = recipe.train.base
    entry = entry_named(base)
    yield "---"
    yield "language:\n- en"
    if any(terms for _, terms in rows.teachers) or entry is None:
        # The weights' own licence is not all that a user must heed.
        yield "license: other\nlicense_name: see-the-card"
    else:
        yield f"license: {entry.licence.lower()}"
    yield f"model_name: {yaml_text(recipe.report.title or recipe.name)}"
    if entry is None and base.count("/") == 1 and not base.startswith((".", "/", "~")):
        yield f"base_model: {yaml_text(base)}"
    yield "pipeline_tag: text-generation"
    yield "tags:\n- distillation\n- lora\n- gguf\n- g4tui"
    yield "---\n"


def _warnings(recipe: Recipe, rows: RowFacts, student: StudentFacts) -> Iterator[str]:
    if any(terms == "openai" for _, terms in rows.teachers):
        yield f"**{OPENAI}**\n"
    for verdict in student.verdicts:
        if verdict.forced:
            failed = ", ".join(check.name for check in verdict.checks if not check.passed)
            yield f"**{inline(verdict.file)} did not pass the gate ({inline(failed)}).**\n"
    for note in recipe.report.notes:
        yield f"**{inline(note)}**\n"


def _files(student: StudentFacts) -> Iterator[str]:
    rows = []
    for verdict in student.verdicts:
        size = student.sizes.get(verdict.file)
        state = "passed" if verdict.passed else "forced" if verdict.forced else "not published"
        rows.append([verdict.file, f"{size / 1e6:.1f} MB" if size else "", state])
    yield table(["file", "size", "gate"], rows) + "\n" if rows else "None was written.\n"
    for verdict in student.verdicts:
        yield f"What the gate found in {inline(verdict.file)}:\n"
        yield from (
            f"- {'passed' if check.passed else '**failed**'}: {inline(check.name)}:"
            f" {inline(check.told)}"
            for check in verdict.checks
        )
        yield ""


def _data(rows: RowFacts, funnel: Funnel) -> Iterator[str]:
    yield (
        f"{funnel.rows:,} rows came in, {funnel.kept:,} stayed ({funnel.train:,} to train on,"
        f" {funnel.eval:,} held back). The data card (`data_card.md`) has sources, rules and"
        " examples.\n"
    )
    dropped = [[step.rule, f"-{step.dropped:,}", f"{step.left:,}"] for step in funnel.steps]
    yield table(["rule", "rows", "left"], [each for each in dropped if each[1] != "-0"]) + "\n"
    licences = sorted({licence for _, licence, _ in rows.licences})
    yield f"Licences of the rows: {', '.join(map(inline, licences)) or 'none'}.\n"


def _training(recipe: Recipe, seeds: Sequence[Trained]) -> Iterator[str]:
    train = recipe.train
    kind = " with DoRA" * train.dora + " with rsLoRA" * train.rslora
    yield (
        f"LoRA{kind} of rank {train.rank}, alpha {train.alpha:g}, dropout {train.dropout:g} on"
        f" {', '.join(train.targets)}; AdamW, rate {train.learning_rate:g} ({train.schedule},"
        f" warm-up {train.warmup:g}), {train.epochs:g} epochs, {train.batch} rows a step, at most"
        f" {train.max_length} tokens. Loss on answers and their end only.\n"
    )
    rows = [
        [
            str(each.seed),
            f"{each.rows:,}",
            f"{each.steps:,} (kept: {each.step:,})",
            f"{each.tokens:,}",
            f"{each.trained:,}",
            f"{each.scale:g}",
            f"{each.precision}, {each.device}, {each.processes} x {each.threads} threads",
            f"{each.seconds / 60:.1f} min",
        ]
        for each in seeds
    ]
    heading = ["seed", "rows", "steps", "tokens", "learned", "scale", "on", "time"]
    yield table(heading, rows) + "\n"
    if seeds:
        yield f"![Loss](../adapter/seed-{seeds[0].seed}/loss.png)\n"


def _costs(recipe: Recipe, student: StudentFacts) -> Iterator[str]:
    costs, report = student.costs, recipe.report
    yield f"- {costs.hours:.2f} hours of computing, all stages together."
    spent = "nothing was paid" if costs.teacher_usd is None else f"${costs.teacher_usd:.2f}"
    yield f"- To the teacher: {spent}."
    total = costs.usd(report.usd_per_hour)
    if report.usd_per_hour is not None and total is not None:
        yield f"- With the machine at ${report.usd_per_hour:g} an hour: ${total:.2f} in all."
    if report.watts is None:
        yield "- Energy: not estimated (report.watts is not set)."
    else:
        used = costs.hours * report.watts / 1000
        yield f"- Energy: about {used:.3f} kWh, at {report.watts:g} W."
    yield ""


def _limits(recipe: Recipe, student: StudentFacts) -> Iterator[str]:
    yield (
        "- It has not learned facts: LoRA on a few answers changes how the base speaks, and what"
        " the base does not know it still does not."
    )
    yield (
        "- The answers that it learned from were not checked for truth, and nobody tested it for"
        " harm. Do not rely on it for medicine, law or safety."
    )
    yield (
        "- Perplexity says how well it predicts what people answered, not how good its own answers"
        " are."
    )
    if student.answers is None or not student.answers.judged:
        yield "- No judge compared its answers with the base's: win rate was **not run**."
    yield f"- It reads {recipe.train.max_length} tokens at once as trained; beyond, as its base."
    yield "- It was measured in English only."
    yield ""
