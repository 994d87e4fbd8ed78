"""An evaluation in the terminal."""

from collections.abc import Sequence

from g4tui_training.evaluate.answers import AnswerSummary
from g4tui_training.evaluate.histogram import bars
from g4tui_training.evaluate.judge import WinRate
from g4tui_training.evaluate.summary import ModelSummary, Perplexity
from g4tui_training.tables import print_table


def show_perplexity(result: Perplexity) -> None:
    """Tables of all figures, and the histogram."""
    heading = ["model", "engine", "per token", "mean", "median", "bits/byte", "end", "published"]
    print_table(
        f"Perplexity on {result.models[0].n_tasks} tasks",
        heading,
        list(map(_row, result.models)),
        left=(0, 1),
    )
    for model in result.models:
        if not model.templated:
            print_table(f"{model.name} has no chat template: it saw the bare prompt", [], [])
    _show_lengths(result.models)
    _show_paired(result)
    for model in result.models:
        _show_histogram(model)


def show_answers(answers: Sequence[AnswerSummary], judged: Sequence[WinRate]) -> None:
    """How models answer, and who won."""
    rows = [
        [
            each.name,
            str(each.n),
            str(round(each.stop_rate * each.n)),
            f"{each.mean_tokens:.0f}",
            _number(each.first_s, "{:.2f}"),
            _number(each.tok_per_s, "{:.1f}"),
            _number(each.peak_bytes and each.peak_bytes / 1e6, "{:.0f}"),
        ]
        for each in answers
    ]
    heading = ["model", "prompts", "stop by themselves", "tokens", "first s", "tok/s", "peak MB"]
    print_table("Answers", heading, rows)
    for rate in judged:
        row = [rate.a, rate.b, f"{rate.win_rate:.0%}"]
        row += [str(each) for each in (rate.wins, rate.ties, rate.losses, rate.unclear)]
        heading = ["a", "b", "b's win rate", "wins", "ties", "losses", "unclear"]
        print_table(f"Judged by {rate.judge}", heading, [row], left=(0, 1))


def _row(model: ModelSummary) -> list[str]:
    corrected, published = model.corrected, model.as_published
    return [
        model.name,
        model.engine,
        f"{corrected.token_perplexity:.2f}",
        f"{corrected.mean:.2f}",
        f"{corrected.median:.2f}",
        f"{corrected.bits_per_byte:.3f}",
        _number(corrected.eos_nll, "{:.2f}"),
        f"{published.mean:.2f}",
    ]


def _show_lengths(models: Sequence[ModelSummary]) -> None:
    names = list(
        dict.fromkeys(name for model in models for name in model.corrected.by_answer_length)
    )
    rows = []
    for model in models:
        parts = model.corrected.by_answer_length
        rows.append(
            [
                model.name,
                *(f"{parts[name].token_perplexity:.2f}" if name in parts else "" for name in names),
            ]
        )
    first = models[0].corrected.by_answer_length
    heading = [f"{name} ({first[name].tasks})" if name in first else name for name in names]
    print_table("Per token, by the answer's tokens (tasks)", ["model", *heading], rows)


def _show_paired(result: Perplexity) -> None:
    rows = [
        [
            each.a,
            each.b,
            each.metric,
            f"{each.difference:+.3f}",
            "{:+.3f} to {:+.3f}".format(*each.ci95),
        ]
        for each in result.paired
    ]
    if rows:
        heading = ["a", "b", "metric", "b - a", "95 % interval"]
        print_table(f"Differences, {result.draws:,} draws", heading, rows, left=(0, 1, 2))


def _show_histogram(model: ModelSummary) -> None:
    published, corrected = model.as_published.histogram, model.corrected.histogram
    highest = max(*published, *corrected)
    rows = [
        [f"{10 * place}", str(one), bar, str(other), other_bar]
        for place, (one, bar, other, other_bar) in enumerate(
            zip(
                published,
                bars(published, highest),
                corrected,
                bars(corrected, highest),
                strict=True,
            )
        )
    ]
    heading = ["from", "published", "", "corrected", ""]
    print_table(f"{model.name}: tasks by perplexity", heading, rows, left=(2, 4))


def _number(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)
