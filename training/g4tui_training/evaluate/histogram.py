"""The figure: how many tasks have which perplexity, as a PNG and in the terminal."""

from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

from g4tui_training.evaluate.summary import BINS, CLIP, AsPublished, Corrected, ModelSummary
from g4tui_training.writing import write_whole

_WIDTH = 24


def write_figure(file: Path, models: Sequence[ModelSummary]) -> None:
    """Bars of all models side by side, as published and corrected, in the manner of GPT4All's."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 2, figsize=(13, 4.6), dpi=110, sharey=True)
    step = CLIP / BINS
    width = step * 0.86 / max(1, len(models))
    picks: list[tuple[str, Callable[[ModelSummary], AsPublished | Corrected]]] = [
        ("as published: the answer alone", lambda model: model.as_published),
        ("corrected: given the prompt", lambda model: model.corrected),
    ]
    for panel, (title, pick) in zip(panels, picks, strict=True):
        for number, model in enumerate(models):
            left = [step * bin + step * 0.07 + width * number for bin in range(BINS)]
            label = f"{model.name} (mean {pick(model).mean:.1f}, median {pick(model).median:.1f})"
            panel.bar(left, pick(model).histogram, width, align="edge", label=label, alpha=0.85)
        panel.set_title(title)
        panel.set_xlabel("perplexity of the answer (clipped at 100)")
        panel.set_xticks([step * bin for bin in range(BINS + 1)])
        panel.legend(fontsize=8)
        panel.grid(axis="y", alpha=0.3)
    panels[0].set_ylabel("tasks")
    tasks = models[0].n_tasks
    figure.suptitle(f"Ground-truth perplexity on {tasks} tasks, answered by people")
    figure.tight_layout()
    image = BytesIO()
    # Nothing of the moment goes into the file, so that the same figures give the same bytes.
    figure.savefig(image, format="png", metadata={"Software": None})
    pyplot.close(figure)
    write_whole(file, image.getvalue())


def bars(counts: Sequence[int], highest: int) -> list[str]:
    """A bar for each count, the highest `_WIDTH` wide, with eighths of a character."""
    eighths = " ▏▎▍▌▋▊▉"
    drawn = []
    for count in counts:
        parts = round(count * _WIDTH * 8 / max(highest, 1))
        drawn.append(("█" * (parts // 8) + eighths[parts % 8]).rstrip())
    return drawn
