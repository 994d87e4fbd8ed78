"""`g4tui compare`: one question, or a file of them, to several models at once."""

import asyncio
from pathlib import Path

import click

from g4tui.cli.app import App, pass_app
from g4tui.cli.lazy import json_option


@click.command()
@click.argument("prompt", required=False)
@click.option(
    "-m",
    "--model",
    "models",
    metavar="MODEL",
    multiple=True,
    help="One side, as backend:model; twice or more, the same one too. [default: the settings "
    "compare.teacher and compare.student]",
)
@click.option(
    "--prompts",
    "prompts_file",
    metavar="FILE.jsonl",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='Ask every line of a file: "a text", {"prompt": ...} or {"messages": [...]}. Started '
    "again it asks only what was not answered.",
)
@click.option("-s", "--system", metavar="TEXT", help="The system prompt.")
@click.option(
    "--set",
    "assignments",
    metavar="KEY=VALUE",
    multiple=True,
    help="A parameter, for all sides: see g4tui ask --help. Repeatable.",
)
@click.option(
    "-o",
    "--output",
    metavar="REPORT.html",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the answers side by side as HTML, over a file that is there. [default with "
    "--prompts: FILE.compare.html here]",
)
@click.option(
    "--blind",
    is_flag=True,
    help="Tell nobody, here and in g4tui, who wrote which answer before you have voted on it.",
)
@json_option
@pass_app
def compare(
    app: App,
    prompt: str | None,
    models: tuple[str, ...],
    prompts_file: Path | None,
    system: str | None,
    assignments: tuple[str, ...],
    output: Path | None,
    blind: bool,
) -> int:
    """Ask several models the same, at once; each answer is printed when it is whole.

    The answers are saved: vote on them in g4tui; ratings count only votes on --blind ones. A side
    that fails does not stop the others; the exit code is then 1. With --json and --prompts there is
    one object a line.
    """
    from g4tui.cli.ask_input import question
    from g4tui.cli.compare_prompts import Prompt, read_prompts
    from g4tui.cli.compare_run import Plan, chosen_models, compare_all
    from g4tui.config.params import parse_params

    if prompt is not None and prompts_file is not None:
        raise click.UsageError("Either PROMPT or --prompts, not both.")
    assigned = parse_params(assignments)
    names = chosen_models(app.settings, models)
    wrong = 0
    if prompts_file is None:
        prompts = [Prompt.of(question(prompt, None, app.note))]
    else:
        prompts, complaints = read_prompts(prompts_file)
        wrong = len(complaints)
        for complaint in complaints:
            app.note(complaint)
        output = output or Path(f"{prompts_file.stem}.compare.html")
    plan = Plan(
        prompts=prompts,
        models=names,
        system=app.settings.chat.system if system is None else system,
        params=assigned.params,
        context=assigned.context or app.settings.chat.context,
        report=output,
        title=prompts_file.name if prompts_file is not None else "",
        resumes=prompts_file is not None,
        blind=blind,
    )
    return asyncio.run(compare_all(app, plan)) or int(wrong > 0)
