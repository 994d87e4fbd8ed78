"""The command `export`."""

from pathlib import Path
from typing import Any

import click

from g4tui.core import Cancel, G4tuiError
from g4tui_training.console import note, run_one, say, set_option
from g4tui_training.run import RunDir
from g4tui_training.stages import Stage


@click.command()
@click.option("--recipe", type=click.Path(path_type=Path), help="As a stage: the recipe,")
@set_option
@click.option("--run", "run_folder", type=click.Path(path_type=Path), help="and the run's folder.")
@click.option("--merged", type=click.Path(path_type=Path), help="A student's folder of weights,")
@click.option(
    "--quant",
    default="Q4_1",
    show_default=True,
    type=click.Choice(["base", "F16", "Q8_0", "Q4_0", "Q4_1", "Q4_K_M"]),
    help="its number types in the file,",
)
@click.option("--out", type=click.Path(path_type=Path), help="and the GGUF file to write.")
@click.option("--adapter", type=click.Path(path_type=Path), help="A LoRA folder,")
@click.option("--lora-out", type=click.Path(path_type=Path), help="and the LoRA GGUF to write.")
@click.option("--base", "base_name", default="", help="The base, if the folder does not say.")
@click.option("--tasks", type=click.Path(path_type=Path), help="Tasks to measure perplexity on.")
@click.option("--force", is_flag=True, help="Publish what does not pass the gate.")
@click.option("--again", is_flag=True, help="As a stage: make it anew even if it is there.")
def export(
    recipe: Path | None,
    changes: tuple[str, ...],
    run_folder: Path | None,
    merged: Path | None,
    quant: str,
    out: Path | None,
    adapter: Path | None,
    lora_out: Path | None,
    base_name: str,
    tasks: Path | None,
    force: bool,
    again: bool,
) -> None:
    """Write a student as a file for the chat: `--merged DIR --out F.gguf`, or `--adapter DIR
    --lora-out F.gguf`, or both stages' worth by `--recipe R --run RUN`.

    A file is published only if it passes the gate: it must read, speak and end as what was
    trained, lose little by fewer bits, and beat the base.
    """
    if recipe is not None and run_folder is not None:
        run_one(export_stage(), recipe, run_folder, changes=changes, again=again, yes=True)
        show_export(RunDir(run_folder))
        return
    if bool(merged) != bool(out) or bool(adapter) != bool(lora_out) or not (merged or adapter):
        raise click.UsageError("Give --merged DIR --out FILE, or --adapter DIR --lora-out FILE.")
    import tempfile

    from g4tui.paths import Paths
    from g4tui_training.evaluate.commands import TASKS
    from g4tui_training.evaluate.tasks import read_tasks
    from g4tui_training.export.gate import Verdict, refused
    from g4tui_training.export.merge import base_of_merged
    from g4tui_training.export.publish import JOURNAL, Publisher
    from g4tui_training.recipe import Export

    found = tasks or (TASKS if TASKS.is_file() else None)
    target = (out or lora_out or Path()).absolute()
    verdicts: list[Verdict] = []
    with tempfile.TemporaryDirectory(prefix="g4tui-export-") as folder:
        common: dict[str, Any] = {
            "settings": Export(force=force),
            "name": target.stem,
            "work": Path(folder),
            "journal": Path(folder) / JOURNAL,
            "paths": Paths.from_environment(),
            "tasks": read_tasks(found) if found else [],
            "say": note,
            "cancel": Cancel(),
        }
        if merged and out:
            base = _base(base_name or base_of_merged(merged) or str(merged))
            publisher = Publisher(base=base, adapter=None, merged=merged, **common)
            verdicts.append(publisher.quantised(quant, out.absolute()))
        if adapter and lora_out:
            from g4tui_training.export.lora import read_adapter_config

            own = read_adapter_config(adapter).base_model_name_or_path
            base = _base(base_name or own or "")
            publisher = Publisher(base=base, adapter=adapter, merged=Path(), **common)
            verdicts.append(publisher.lora(lora_out.absolute()))
    for verdict in verdicts:
        if not (verdict.passed or verdict.forced):
            raise refused(verdict)
        say(f"{verdict.file} is published" + (", forced." if verdict.forced else "."))


def _base(name: str) -> Any:  # noqa: ANN401 - a Base; importing its type takes a second
    from g4tui_training.train.base import find_base

    if not name:
        raise G4tuiError("usage", "The base is not known", "The folder names none.", "Say --base.")
    return find_base(name, Path.cwd())


def export_stage() -> Stage:
    """The stage, imported when it runs."""
    from g4tui_training.export.stage import EXPORT

    return EXPORT


def show_export(run: RunDir) -> None:
    """What the gate said."""
    from g4tui_training.export.publish import VERDICTS, read_verdicts
    from g4tui_training.tables import print_table

    for verdict in read_verdicts(run.gguf / VERDICTS):
        state = "passed" if verdict.passed else "FORCED" if verdict.forced else "NOT PUBLISHED"
        rows = [
            [check.name, "passed" if check.passed else "FAILED", check.told]
            for check in verdict.checks
        ]
        print_table(f"{verdict.file}: {state}", ["check", "", "found"], rows, left=(0, 1, 2))
