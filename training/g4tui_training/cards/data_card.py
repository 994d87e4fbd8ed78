"""The data card: where every row is from, what was left out and why, and what the set cannot do."""

from collections.abc import Iterator

from g4tui import __version__
from g4tui_training.cards.facts import RowFacts
from g4tui_training.cards.markdown import fenced, inline, table, yaml_text
from g4tui_training.clean.funnel import Funnel
from g4tui_training.licences import is_permissive, needs_attribution
from g4tui_training.recipe import Recipe, Source
from g4tui_training.tally import SourceTally

OPENAI = (
    "Text with the terms `openai` was written by a model of OpenAI. Whatever licence the"
    " collection has, OpenAI's terms of use forbid to use such output to develop models that"
    " compete with OpenAI. Read them before you train on it or pass it on."
)
_RULES = {
    "unparsable": "the line could not be read",
    "empty": "no prompt, or no answer",
    "licence": "under a licence or terms that the recipe does not take",
    "malformed": "control characters, template tokens, turns out of order, endless repetition",
    "too_long": "over the recipe's limits",
    "refusal": "the answer declines; judged by its first 120 characters",
    "cut_off": "the answer was cut off, or leaves a code fence open",
    "echo": "the answer is the prompt again",
    "language": "in another language",
    "contamination": "shares 8 words in a row with an evaluation task, or 13 with its answer",
    "dropped": "listed by hand",
    "exact_duplicate": "prompt and answer are those of another row",
    "low_diversity": "a whole source whose answers repeat themselves and are short",
    "near_duplicate": "prompt and answer are nearly those of another row",
}
_HUB_LICENCES = {
    "apache-2.0",
    "mit",
    "cc0-1.0",
    "cc-by-4.0",
    "cc-by-3.0",
    "cc-by-sa-4.0",
    "cc-by-sa-3.0",
    "cc-by-nc-4.0",
    "cc-by-nc-sa-4.0",
    "odc-by",
    "bsd-3-clause",
    "bsd-2-clause",
    "unlicense",
}


def data_card(
    recipe: Recipe,
    funnel: Funnel,
    facts: RowFacts,
    tallies: dict[str, SourceTally],
    recipe_text: str,
) -> str:
    """The card as Markdown, with the front matter of the Hugging Face hub."""
    parts = [
        *_front_matter(recipe, facts),
        f"# {inline(recipe.report.title or recipe.name)}: the data\n",
        *([inline(recipe.report.summary) + "\n"] if recipe.report.summary else []),
        f"{facts.rows:,} pairs of a conversation and an answer to it: {funnel.train:,} to train"
        f" on, {funnel.eval:,} held back. {facts.turns:,} of them have several turns. The answers"
        f" have {facts.answer_characters:,} characters, the prompts {facts.prompt_characters:,}."
        f" Made by g4tui-train {__version__}, seed {recipe.seed}.\n",
        *_warnings(recipe, facts),
        "## Sources\n",
        *_sources(recipe, facts, funnel, tallies),
        "## Who wrote the answers\n",
        _teachers(facts) + "\n",
        *_attribution(recipe, facts),
        "## What was left out\n",
        *_funnel(funnel),
        "## Examples, drawn at random\n",
        *_examples(facts),
        "## Known limits\n",
        *_limits(recipe, funnel),
        "## Recipe\n",
        fenced(recipe_text, 40_000).replace("```text", "```toml", 1) + "\n",
    ]
    return "\n".join(parts)


def _front_matter(recipe: Recipe, facts: RowFacts) -> Iterator[str]:
    yield "---"
    found = {_hub_name(licence) for _, licence, _ in facts.licences}
    names = sorted(name for name in found if name) if all(found) and found else ["other"]
    if len(names) == 1:
        yield f"license: {names[0]}"
    else:
        yield "license:"
        yield from (f"- {name}" for name in names)
    yield f"pretty_name: {yaml_text(recipe.report.title or recipe.name)}"
    yield "task_categories:\n- text-generation"
    yield f"size_categories:\n- {_size(facts.rows)}"
    yield "tags:\n- distillation\n- instruction-tuning\n- g4tui"
    yield "configs:\n- config_name: default\n  data_files:"
    yield "  - split: train\n    path: clean/train.jsonl"
    yield "  - split: validation\n    path: clean/eval.jsonl"
    yield "---\n"


def _hub_name(licence: str) -> str:
    lowered = licence.lower().replace("odc-by-1.0", "odc-by")
    return lowered if lowered in _HUB_LICENCES else ""


def _size(rows: int) -> str:
    for name, limit in (
        ("n<1K", 1_000),
        ("1K<n<10K", 10_000),
        ("10K<n<100K", 100_000),
        ("100K<n<1M", 1_000_000),
        ("1M<n<10M", 10_000_000),
    ):
        if rows < limit:
            return name
    return "10M<n<100M" if rows < 100_000_000 else "n>100M"


def _warnings(recipe: Recipe, facts: RowFacts) -> Iterator[str]:
    if any(terms == "openai" for _, terms in facts.teachers):
        yield f"**{OPENAI}**\n"
    licences = sorted({licence for _, licence, _ in facts.licences})
    if strict := [licence for licence in licences if not is_permissive(licence)]:
        named = ", ".join(inline(licence) for licence in strict)
        yield f"**Not under a permissive licence (as far as is known): rows under {named}.**\n"
    for note in recipe.report.notes:
        yield f"**{inline(note)}**\n"


def _sources(
    recipe: Recipe, facts: RowFacts, funnel: Funnel, tallies: dict[str, SourceTally]
) -> Iterator[str]:
    by_name = {source.name: source for source in recipe.sources}
    rows = []
    for family, fate in funnel.sources.items():
        kept = sorted((each for each in facts.licences if each[0] == family), key=str)
        source = by_name.get(family)
        licences = sorted({licence for _, licence, _ in kept}) or [source.licence if source else ""]
        terms = sorted({terms for _, _, terms in kept if terms}) or (
            [source.terms] if source and source.terms else []
        )
        tally = tallies.get(family)
        rows.append(
            [
                family,
                ", ".join(licences),
                ", ".join(terms) or "none",
                f"{tally.read:,}" if tally else "",
                f"{fate.rows:,}",
                f"{fate.train:,}",
                f"{fate.eval:,}",
            ]
        )
    heading = ["source", "licence", "terms", "read", "cleaned", "train", "held back"]
    yield table(heading, rows) + "\n"
    for source in recipe.sources:
        if found := _found_at(source):
            yield f"- {inline(source.name)}: {found}"
    yield ""


def _found_at(source: Source) -> str:
    places = [source.url] if source.url else []
    if source.dataset:
        revision = f" at {source.revision}" if source.revision else ""
        places.append(f"data set {source.dataset}{revision} of the Hugging Face hub")
    return inline("; ".join(places))


def _teachers(facts: RowFacts) -> str:
    rows = [
        [teacher or "not told", terms or "none", f"{number:,}"]
        for (teacher, terms), number in facts.teachers.most_common(30)
    ]
    return table(["teacher", "terms", "answers"], rows)


def _attribution(recipe: Recipe, facts: RowFacts) -> Iterator[str]:
    kept = {family for family, _, _ in facts.licences}
    named = [
        source
        for source in recipe.sources
        if source.name in kept and (source.attribution or needs_attribution(source.licence))
    ]
    if not named:
        return
    yield "## Attribution\n"
    for source in named:
        who = source.attribution or "not told"
        yield f"- {inline(source.name)} ({inline(source.licence)}): {inline(who)}"
    yield ""


def _funnel(funnel: Funnel) -> Iterator[str]:
    rows = [["rows in", f"{funnel.rows:,}", "", ""]]
    for step in funnel.steps:
        most = sorted(step.by_source.items(), key=lambda each: (-each[1], each[0]))[:4]
        from_where = ", ".join(f"{name} {number:,}" for name, number in most)
        about = f"{_RULES.get(step.rule, '')} ({from_where})"
        rows.append([step.rule, f"-{step.dropped:,}", f"{step.left:,}", about])
    yield table(["rule", "rows", "left", "what it drops, and most from where"], rows) + "\n"
    yield "Every dropped row is in `clean/ledger.jsonl`, with its rule and the evidence.\n"
    judged = [
        [name, f"{fate.distinct:.2f}", f"{fate.short:.0%}", _action(fate.action)]
        for name, fate in funnel.sources.items()
        if fate.distinct is not None and fate.short is not None and fate.judged
    ]
    if judged:
        limits = funnel.policy.clean.low_diversity
        yield (
            "A source is of low diversity if fewer than"
            f" {limits.distinct_below:.0%} of its answers differ (among 100 rows, mean of 20 draws)"
            f" and more than {limits.short_above:.0%} have {limits.short_words} words or fewer.\n"
        )
        yield table(["source", "distinct", "short", "so"], judged) + "\n"
    if funnel.off:
        yield f"Rules not applied: {', '.join(funnel.off)}.\n"


def _action(action: str) -> str:
    return {"drop": "dropped whole", "cap": "capped"}.get(action, "kept")


def _examples(facts: RowFacts) -> Iterator[str]:
    for family, rows in facts.drawn.items():
        yield f"### {inline(family)}\n"
        for row in rows:
            yield f"`{row.id.replace('`', '')}`\n"
            for turn in row.turns:
                yield f"{turn.role}:\n\n{fenced(turn.content)}\n"
            yield f"{inline(row.teacher or 'assistant')}:\n\n{fenced(row.response)}\n"


def _limits(recipe: Recipe, funnel: Funnel) -> Iterator[str]:
    yield (
        "- Nobody checked the answers for truth. What the teachers got wrong, or were biased about,"
        " is in the set."
    )
    yield (
        "- Refusals are found by a list of English phrases; an answer that hedges and then helps"
        f" stays ({funnel.labels.get('hedged', 0):,} rows, label `hedged`)."
    )
    if funnel.policy.tasks and "contamination" not in funnel.off:
        yield (
            "- Rows that share words with an evaluation task were left out; a task said in wholly"
            " other words, or in another language, would not be found."
        )
    else:
        yield (
            "- **No evaluation tasks were named: rows may hold what a model trained on them will be"
            " measured with.**"
        )
    yield "- Licences are as the sources state them; nobody asked the authors of single texts."
    yield "- Personal data was not looked for."
    if not recipe.clean.language.keep:
        yield "- Languages were not told apart."
    yield ""
