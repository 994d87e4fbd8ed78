"""An evaluation as tables of a card."""

from collections.abc import Iterator, Sequence

from g4tui_training.cards.markdown import inline, table
from g4tui_training.cards.training_facts import StudentFacts
from g4tui_training.evaluate.scoring import Scored
from g4tui_training.evaluate.summary import ModelSummary, Paired, Perplexity

_HEADLINE = ("token_perplexity", "nll_per_task_mean", "mean", "bits_per_byte", "as_published_mean")


def evaluation_parts(student: StudentFacts, scores: Sequence[Scored]) -> Iterator[str]:
    """Everything measured, what got better and what did not, and each task."""
    if student.perplexity is None:
        yield "Not run.\n"
        return
    yield from _perplexities(student.perplexity)
    yield "![Tasks by perplexity](../evaluation/histogram.png)\n"
    yield from _differences(student.perplexity)
    yield from _answers(student)
    yield from _tasks(student.perplexity.models, scores)


def _perplexities(result: Perplexity) -> Iterator[str]:
    yield (
        f"Perplexity of {result.models[0].n_tasks} answers by people (Self-Instruct's evaluation);"
        " lower is better. *Corrected*: given the prompt through the chat template, the end"
        " counted. *As published*: as GPT4All computed it, without the prompt.\n"
    )
    rows = [
        [
            each.name,
            each.engine,
            f"{each.corrected.token_perplexity:.2f}",
            f"{each.corrected.mean:.2f}",
            f"{each.corrected.median:.2f}",
            f"{each.corrected.bits_per_byte:.3f}",
            "" if each.corrected.eos_nll is None else f"{each.corrected.eos_nll:.2f}",
            f"{each.as_published.mean:.2f}",
            str(each.truncated),
        ]
        for each in result.models
    ]
    heading = ["model", "engine", "per token", "mean of tasks", "median", "bits/byte"]
    yield table([*heading, "end, nats", "as published", "cut"], rows) + "\n"
    lengths = list(result.models[0].corrected.by_answer_length)
    rows = []
    for each in result.models:
        parts = each.corrected.by_answer_length
        rows.append(
            [each.name]
            + [f"{parts[name].token_perplexity:.2f}" if name in parts else "" for name in lengths]
        )
    yield "Per token, by how many tokens the answer has:\n"
    yield table(["model", *lengths], rows) + "\n"


def _differences(result: Perplexity) -> Iterator[str]:
    if not result.paired:
        return
    yield f"Differences on the same tasks, 95 % intervals of {result.draws:,} bootstrap draws:\n"
    rows = [
        [
            each.a,
            each.b,
            each.metric,
            f"{each.difference:+.3f}",
            "{:+.3f} to {:+.3f}".format(*each.ci95),
            "{:+.3f} to {:+.3f}".format(*each.seed_range) if each.seed_range else "",
        ]
        for each in result.paired
    ]
    yield table(["a", "b", "metric", "b - a", "interval", "range of seeds"], rows) + "\n"
    for name in dict.fromkeys(each.b for each in result.paired):
        yield from _verdict(name, [each for each in result.paired if each.b == name])
    yield ""


def _verdict(name: str, pairs: Sequence[Paired]) -> Iterator[str]:
    better = [each.metric for each in pairs if each.ci95[1] < 0]
    worse = [each.metric for each in pairs if each.ci95[0] > 0]
    open_ = [each.metric for each in pairs if each.metric not in (*better, *worse)]
    told = [
        f"{what}: {', '.join(map(inline, metrics))}"
        for what, metrics in (("better", better), ("worse", worse), ("not decided", open_))
        if metrics
    ]
    yield f"- {inline(name)} against {inline(pairs[0].a)}: {'; '.join(told)}."


def _answers(student: StudentFacts) -> Iterator[str]:
    found = student.answers
    if found is not None and found.models:
        first = found.models[0]
        yield (
            f"Answers to {first.n} prompts that were held back, at most {first.max_tokens} tokens,"
            " the likeliest token each time; speed and memory on this machine:\n"
        )
        rows = [
            [
                each.name,
                f"{round(each.stop_rate * each.n)} of {each.n}",
                f"{each.mean_tokens:.0f}",
                "" if each.first_s is None else f"{each.first_s:.2f}",
                "" if each.tok_per_s is None else f"{each.tok_per_s:.1f}",
                "" if each.peak_bytes is None else f"{each.peak_bytes / 1e6:.0f}",
            ]
            for each in found.models
        ]
        heading = ["model", "stops by itself", "tokens", "first token, s", "tokens/s", "peak MB"]
        yield table(heading, rows) + "\n"
        base = found.models[0]
        for each in found.models[1:]:
            told = (
                "at least as often as"
                if each.stop_rate >= base.stop_rate
                else "**less often than**"
            )
            stopped, usual = (round(one.stop_rate * one.n) for one in (each, base))
            yield (
                f"- {inline(each.name)} ends by itself {told} {inline(base.name)}:"
                f" {stopped} of {each.n}, {usual} of {base.n}."
            )
        yield ""
    if found is None or not found.judged:
        yield "Win rate by a judge: not run.\n"
        return
    rows = [
        [each.a, each.b, each.judge, f"{each.win_rate:.0%}"]
        + [str(number) for number in (each.wins, each.ties, each.losses, each.unclear)]
        for each in found.judged
    ]
    heading = ["a", "b", "judge", "b's win rate", "wins", "ties", "losses", "unclear"]
    yield table(heading, rows) + "\n"


def _tasks(models: Sequence[ModelSummary], scores: Sequence[Scored]) -> Iterator[str]:
    by_task: dict[str, dict[str, float]] = {}
    for score in scores:
        by_task.setdefault(score.task, {})[score.model] = score.perplexity
    names = [each.name for each in models]
    rows = [
        [task, *(f"{values[name]:.1f}" if name in values else "" for name in names)]
        for task, values in by_task.items()
    ]
    yield "<details><summary>Each task, corrected perplexity</summary>\n"
    yield table(["task", *map(inline, names)], rows) + "\n"
    yield "</details>\n"
