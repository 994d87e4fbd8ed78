"""Several runs side by side."""

from collections.abc import Sequence
from pathlib import Path

from g4tui.core import G4tuiError
from g4tui_training.cards.training_facts import student_facts
from g4tui_training.run import RunDir
from g4tui_training.tables import print_table


def show_runs(folders: Sequence[Path]) -> None:
    """A row for each model of each run. Raises `G4tuiError` for a folder that is no run."""
    rows = []
    for folder in folders:
        run = RunDir(folder)
        if not run.manifest_file.is_file():
            raise G4tuiError("missing", "That folder is no run", f"{folder} has no manifest.json.")
        facts = student_facts(run)
        costs = [f"{facts.costs.hours:.2f}", f"{facts.costs.teacher_usd or 0:.2f}"]
        models = facts.perplexity.models if facts.perplexity else ()
        if not models:
            rows.append([folder.name, "not evaluated", "", "", "", "", "", "", *costs])
        for model in models:
            found = facts.perplexity
            pair = next(
                (
                    each
                    for each in (found.paired if found else ())
                    if each.b == (model.group or model.name) and each.metric == "token_perplexity"
                ),
                None,
            )
            rows.append(
                [
                    folder.name,
                    model.name,
                    model.engine,
                    f"{model.corrected.token_perplexity:.2f}",
                    f"{model.corrected.mean:.2f}",
                    f"{model.corrected.nll_per_task_mean:.3f}",
                    f"{model.as_published.mean:.2f}",
                    "{:+.3f} to {:+.3f}".format(*pair.ci95) if pair else "",
                    *costs,
                ]
            )
    heading = ["run", "model", "engine", "per token", "mean", "nats/task", "published"]
    print_table("Runs", [*heading, "against base", "hours", "teacher $"], rows, left=(0, 1, 2))
