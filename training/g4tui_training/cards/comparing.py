"""Several runs side by side: the base, each run's student over its seeds, and their differences."""

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import msgspec

from g4tui_training.cards.arms import ENGINE, Arm, arms_of
from g4tui_training.cards.markdown import inline, table
from g4tui_training.evaluate.bootstrap import DRAWS, paired
from g4tui_training.evaluate.histogram import write_figure
from g4tui_training.evaluate.summary import ModelSummary, Paired
from g4tui_training.evaluate.work import FIGURE
from g4tui_training.tables import print_table
from g4tui_training.writing import write_whole

PAGE = "comparison.md"
_HEADLINES = ("token_perplexity", "nll_per_task_mean", "mean", "bits_per_byte", "as_published_mean")


class Part(NamedTuple):
    """A table, and what it says."""

    about: str
    heading: list[str]
    rows: list[list[str]]


def compare_runs(folders: Sequence[Path], out: Path | None) -> None:
    """Show runs side by side; with `out` also as comparison.md and histogram.png in that folder.

    Runs that differ only in their seeds are one arm. The first arm is what the others are compared
    with, beside the base. Raises `G4tuiError` as `arms_of` does.
    """
    arms = arms_of(folders)
    parts = [_figures(arms), _lengths(arms), _training(arms[1:]), *_differences(arms)]
    parts += [_files(arms[1:])]
    shown = [part for part in parts if part.rows]
    for part in shown:
        print_table(part.about, part.heading, part.rows, left=(0,))
    if out is None:
        return
    names = ", ".join(arm.name for arm in arms[1:])
    page = [f"# {inline(names)}: side by side\n", _ABOUT.format(tasks=arms[0].models[0].n_tasks)]
    for part in shown:
        page += [f"## {inline(part.about)}\n", table(part.heading, part.rows) + "\n"]
    page += [f"![Tasks by perplexity]({FIGURE})\n"]
    write_whole(out / PAGE, "\n".join(page).encode())
    write_figure(out / FIGURE, [_named(arm) for arm in arms])


_ABOUT = (
    "Measured on {tasks} answers by people (Self-Instruct's evaluation), which nothing was trained"
    " on or chosen by; lower is better. *Per token*, *mean of tasks* (each clipped at 100), *nats a"
    " task* and *bits/byte* are given the prompt through the chat template, the end counted; *as"
    " published* is GPT4All's way, without the prompt. Differences are on the same tasks,"
    " averaged over seeds; an interval that excludes zero is **decided**. What was chosen (seed,"
    " step, scale of the adapter) was chosen on rows held back from training.\n"
)


def _named(arm: Arm) -> ModelSummary:
    """An arm in the figure; of several seeds, the first."""
    seed = f", seed {arm.seeds[0].seed}" if len(arm.seeds) > 1 else ""
    return msgspec.structs.replace(arm.models[0], name=arm.name + seed)


def _rows(arm: Arm, values: Sequence[Sequence[float]], forms: Sequence[str]) -> list[list[str]]:
    """A row of an arm's figures (`values` by column, then seed); of several seeds, three."""
    seeds = len(arm.models)
    if seeds == 1:
        named: list[tuple[str, Callable[[Sequence[float]], float]]] = [(arm.name, fmean)]
    else:
        named = [(f"{arm.name}, mean of {seeds} seeds", fmean)]
        named += [(f"{arm.name}, lowest", min), (f"{arm.name}, highest", max)]
    return [
        [name, *(form.format(pick(each)) for form, each in zip(forms, values, strict=True))]
        for name, pick in named
    ]


def _figures(arms: Sequence[Arm]) -> Part:
    picks: list[tuple[Callable[[ModelSummary], float], str]] = [
        (lambda model: model.corrected.token_perplexity, "{:.2f}"),
        (lambda model: model.corrected.mean, "{:.2f}"),
        (lambda model: model.corrected.median, "{:.2f}"),
        (lambda model: model.corrected.nll_per_task_mean, "{:.3f}"),
        (lambda model: model.corrected.bits_per_byte, "{:.3f}"),
        (lambda model: model.corrected.eos_nll or 0.0, "{:.2f}"),
        (lambda model: model.as_published.mean, "{:.2f}"),
    ]
    forms = [form for _, form in picks]
    rows = [
        row
        for arm in arms
        for row in _rows(arm, [[pick(model) for model in arm.models] for pick, _ in picks], forms)
    ]
    heading = ["model", "per token", "mean of tasks", "median", "nats a task"]
    return Part("Perplexity", [*heading, "bits/byte", "end, nats", "as published"], rows)


def _lengths(arms: Sequence[Arm]) -> Part:
    names = list(arms[0].models[0].corrected.by_answer_length)
    tasks = arms[0].models[0].corrected.by_answer_length
    rows = []
    for arm in arms:
        parts = [model.corrected.by_answer_length for model in arm.models]
        values = [[part[name].token_perplexity for part in parts] for name in names]
        rows += _rows(arm, values, ["{:.2f}"] * len(names))
    heading = [f"{name} ({tasks[name].tasks} tasks)" for name in names]
    return Part("Per token, by how many tokens the answer has", ["model", *heading], rows)


def _training(arms: Sequence[Arm]) -> Part:
    rows = [
        [
            arm.name,
            str(seed.seed),
            f"{seed.rows:,}",
            f"{seed.tokens:,}",
            f"{seed.trained:,}",
            f"{seed.steps:,}",
            f"{seed.scale:g}",
            f"{seed.dev:.4f}" if seed.dev is not None else "",
            f"{seed.seconds / 60:.0f} min",
        ]
        for arm in arms
        for seed in arm.seeds
    ]
    heading = ["model", "seed", "rows", "tokens read", "learned", "steps", "scale", "held back"]
    return Part("Training; the loss of rows held back is in nats", [*heading, "time"], rows)


def _differences(arms: Sequence[Arm]) -> list[Part]:
    every = paired({arm.name: arm.scores for arm in arms}, DRAWS)
    others = paired({arm.name: arm.scores for arm in arms[1:]}, DRAWS)
    parts = []
    for first, pairs in ((arms[0], every), (arms[1], others)):
        parts.append(_pairs(f"Less or more than {first.name}", pairs))
    return parts


def _pairs(about: str, pairs: Sequence[Paired]) -> Part:
    lengths = [each.metric for each in pairs if each.metric not in _HEADLINES]
    order = [*_HEADLINES, *dict.fromkeys(lengths)]
    rows = [
        [
            each.b,
            each.metric,
            f"{each.difference:+.3f}",
            "{:+.3f} to {:+.3f}".format(*each.ci95),
            "{:+.3f} to {:+.3f}".format(*each.seed_range) if each.seed_range else "",
            _decided(each),
        ]
        for each in sorted(pairs, key=lambda each: order.index(each.metric))
    ]
    heading = ["model", "metric", "difference", "95 % interval", "range of seeds", ""]
    return Part(about, heading, rows)


def _decided(pair: Paired) -> str:
    low, high = pair.ci95
    if low == high:
        return "too few tasks"
    return "better" if high < 0 else "worse" if low > 0 else "not decided"


def _files(arms: Sequence[Arm]) -> Part:
    rows = []
    for run in (run for arm in arms for run in arm.runs):
        result = run.facts.perplexity
        for model in result.models if result else ():
            if result is None or model.engine == ENGINE:
                continue
            pair = next(
                (p for p in result.paired if p.b == model.name and p.metric == _HEADLINES[0]), None
            )
            rows.append(
                [
                    run.name,
                    model.name,
                    f"{model.corrected.token_perplexity:.2f}",
                    f"{model.corrected.mean:.2f}",
                    f"{model.as_published.mean:.2f}",
                    "{:+.3f} to {:+.3f}".format(*pair.ci95) if pair else "",
                ]
            )
    heading = ["run", "file", "per token", "mean of tasks", "as published", "against the base"]
    return Part("The files that the chat opens", heading, rows)
