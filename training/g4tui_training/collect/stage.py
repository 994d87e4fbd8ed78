"""`collect` as a stage of a run."""

import asyncio
from pathlib import Path

import msgspec

from g4tui.core import G4tuiError
from g4tui_training.collect.collecting import Collecting
from g4tui_training.collect.results import write_results
from g4tui_training.collect.teacher import opened_teacher
from g4tui_training.run import StageRecord
from g4tui_training.stages import Context, Stage


def collect_stage(*, batch: bool = False) -> Stage:
    """The stage; `batch` (or the recipe) asks by the Batch API."""

    def work(context: Context) -> dict[str, object]:
        collect = context.recipe.collect
        if not collect.teacher:  # the published pairs alone
            outcome = write_results(context.run, lambda row: None)
            return {**msgspec.to_builtins(outcome), "ended": "no teacher"}
        return asyncio.run(_collect(context, batch or collect.batch))

    return Stage(
        name="collect",
        inputs=_inputs,
        outputs=_outputs,
        settings=_settings,
        work=work,
        unfinished=_unfinished,
    )


async def _collect(context: Context, batch: bool) -> dict[str, object]:
    async with opened_teacher(context.recipe.collect) as teacher:
        return await Collecting(context, teacher, batch).run()


def _inputs(context: Context) -> list[Path]:
    prompts = context.run.prompts
    if not prompts.is_file():
        raise G4tuiError(
            "missing",
            "There are no prompts yet",
            f"{prompts} is not there.",
            "Gather them first: g4tui-train prompts",
        )
    return [prompts]


def _outputs(context: Context) -> list[Path]:
    return [context.run.pairs, context.run.failed]


def _settings(context: Context) -> object:
    """What decides which prompts are answered, and how; not how fast."""
    collect = context.recipe.collect
    if not collect.teacher:
        return {"teacher": ""}
    return {
        "teacher": collect.teacher,
        "terms": collect.terms,
        "system": collect.system,
        "params": collect.params,
        "max_usd": collect.max_usd,
        "max_tokens": collect.max_tokens,
    }


def _unfinished(record: StageRecord) -> bool:
    """Prompts that failed are asked again by the next run."""
    return bool(record.counts.get("failed"))
