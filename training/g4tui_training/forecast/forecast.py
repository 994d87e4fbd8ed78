"""The forecast of a whole run, stage by stage: time, disk and dollars."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from g4tui.core import G4tuiError
from g4tui_training.collect.budget import Rates
from g4tui_training.forecast.machine import Machine, Size, base_size, machine_of
from g4tui_training.forecast.rows import Rows, SourceRows, cleaned_rows, source_rows, trained_rows
from g4tui_training.stages import Context
from g4tui_training.train.plan import Plan

# Measured: rows that clean and map handle in a second on two cores.
_CLEANED, _MAPPED = 3500, 135
# A server's time for one answer, in seconds: to the first token, and a token after it.
_FIRST, _TOKEN = 0.5, 1 / 60
# Of a task: its two perplexities read so many tokens.
_TASK_TOKENS, _TASKS = 300, 252
# Of an answer; and how much slower a token is written than read.
_ANSWER, _WRITING = 150, 8
_LOADING = 20.0


@dataclass(frozen=True)
class Step:
    """What a stage will take; `seconds` and `disk` (bytes) are 0 where they do not matter."""

    stage: str
    what: str
    seconds: float = 0.0
    disk: float = 0.0
    usd: float = 0.0


@dataclass(frozen=True)
class Forecast:
    """All stages that are left, and on what it rests."""

    steps: tuple[Step, ...]
    notes: tuple[str, ...]
    machine: str


def forecast(context: Context, rates: Rates | None) -> Forecast:
    """Look at the recipe, the sources that are here, the base's header; nothing is changed.

    `rates`: the teacher's prices, where the recipe names one. Raises `G4tuiError` for a source or
    a base that is not to be found.
    """
    recipe, done = context.recipe, context.run.manifest().stages
    notes: list[str] = []
    if "clean" in done:
        sources: list[SourceRows] = []
        rows = cleaned_rows(context)
        notes.append("Rows are those that clean has written in this run.")
    else:
        sources, notes = source_rows(context)
        rows = trained_rows(context, sources)
        if sources:
            notes.append("Clean's rules are not tried: forecast.stays says what they will leave.")
    size = base_size(context)
    machine = machine_of(context, size)
    if not size.parameters:
        notes.append(f"How large {recipe.train.base} is cannot be told, so no times of it.")
    steps = [
        *_data(context, sources, rates),
        _train(context, rows, size, machine),
        *_behind(context, size, machine),
    ]
    left = [step for step in steps if step.stage not in done]
    notes += [f"{name}: it is there already." for name in done if name != "clean"]
    if size.parameters:
        rate = machine.flops / 4 / size.parameters
        since = "as this run has trained" if machine.seen else "a guess"
        notes.append(f"Training on {machine.name} is taken for {rate:,.0f} tokens/s ({since}).")
    return Forecast(tuple(left), tuple(notes), machine.name)


def _data(context: Context, sources: list[SourceRows], rates: Rates | None) -> Iterator[Step]:
    recipe = context.recipe
    rows, asked = sum(each.rows for each in sources), sum(each.asked for each in sources)
    size = 5.0 * sum(each.tokens for each in sources)
    far = sum(each.rows for each in sources if each.guessed)
    what = f"{rows:,} prompts of {len(sources)} sources"
    yield Step("prompts", what + (f", {far:,} of them to download" if far else ""), 0, size)
    if rates is None:
        yield Step("collect", "nobody is asked" if not asked else f"{asked:,} without an answer")
    else:
        answer = min(rates.max_tokens, 250)
        questions = sum(each.asked_tokens for each in sources)
        known = sum(each.tokens for each in sources if each.guessed) / far if far else 0.0
        if known:
            answer = min(answer, round(known * 3 / 4))
        usd = rates.cost(questions, asked * answer)
        if recipe.collect.max_usd is not None:
            usd = min(usd, recipe.collect.max_usd)
        one = _FIRST + answer * _TOKEN
        times = [one / recipe.collect.concurrency]
        if recipe.collect.requests_per_minute:
            times.append(60 / recipe.collect.requests_per_minute)
        what = f"{asked:,} questions to {recipe.collect.teacher}"
        yield Step("collect", what, asked * max(times), 2 * size, usd)
    yield Step("clean", f"{rows:,} pairs, four times their size while it works",
               rows / _CLEANED, 4 * size)  # fmt: skip
    yield Step("map", f"{min(rows, recipe.map.rows):,} rows", min(rows, recipe.map.rows) / _MAPPED)


def _train(context: Context, rows: Rows, size: Size, machine: Machine) -> Step:
    recipe, settings = context.recipe, context.recipe.train
    if not rows.train:
        return Step("train", "no row to train on")
    epochs = settings.tokens / max(1, rows.tokens) if settings.tokens else settings.epochs
    mean = rows.tokens // rows.train
    plan = Plan(range(rows.train), settings.batch, epochs, 0, 1)
    evaluations = ceil(plan.steps / (settings.evaluate_every or plan.steps_of_epoch)) + 1
    seeds = len(settings.seeds)
    read = rows.held_tokens * (evaluations + len(settings.scales)) * seeds
    seconds = machine.train_seconds(size, rows.tokens * epochs * seeds)
    seconds += machine.read_seconds(size, read) + _LOADING * seeds
    # An adapter, and two checkpoints with the optimizer's two numbers for each of its own.
    adapter = 4 * size.adapter(recipe)
    hourly = recipe.report.usd_per_hour or 0.0
    told = f"{plan.steps:,} steps" if seeds == 1 else f"{seeds} seeds of {plan.steps:,} steps"
    what = (
        f"{told}: {rows.train:,} rows of {mean:,} tokens, {epochs:.3g} epochs,"
        f" {settings.batch} rows a step, on {machine.name}"
    )
    disk = adapter * (seeds + 8) + size.download
    return Step("train", what, seconds, disk, seconds / 3600 * hourly)


def _behind(context: Context, size: Size, machine: Machine) -> Iterator[Step]:
    recipe = context.recipe
    export, evaluate = recipe.export, recipe.evaluate
    tasks = evaluate.limit or _TASKS
    one = machine.read_seconds(size, tasks * _TASK_TOKENS) + _LOADING
    files = len(export.merged) + export.lora
    # In f16: the merged folder, and student and base to look at; then the files themselves.
    disk = 2.0 * size.parameters * (3 if export.merged else files > 0)
    disk += 0.7 * size.parameters * len(export.merged)
    yield Step("export", f"{files} files through the gate", files * (2 * one + _LOADING), disk)
    models = 1 + len(recipe.train.seeds) + len(evaluate.models)
    chat = files + 1 if files else 0
    what = f"{models + chat} models on {tasks} tasks"
    seconds = (models + chat) * one
    if evaluate.answers:
        answering = chat or models
        what += f", {evaluate.answers} answers of {answering}"
        tokens = evaluate.answers * min(_ANSWER, evaluate.answer_tokens)
        seconds += answering * machine.read_seconds(size, tokens * _WRITING)
    yield Step("evaluate", what, seconds)
    yield Step("report", "both cards", 1.0, 1e6)
    if files:
        yield Step("register", "the student is in the chat's list", 1.0)


async def forecast_with_prices(context: Context) -> Forecast:
    """As `forecast`; the teacher's price is looked up, and nothing is asked."""
    collect = context.recipe.collect
    if not collect.teacher:
        return forecast(context, None)
    from g4tui_training.collect.teacher import opened_teacher

    limit = collect.params.max_tokens or 1024
    try:
        async with opened_teacher(collect) as teacher:
            share = 0.5 if collect.batch else 1.0
            rates = Rates(teacher.price, teacher.own_price, limit, share)
    except G4tuiError as error:
        found = forecast(context, Rates(None, own=False, max_tokens=limit))
        note = f"The teacher cannot be asked as it is: {error.info.title}: {error.info.detail}"
        return Forecast(found.steps, (*found.notes, note), found.machine)
    return forecast(context, rates)
