"""`g4tui ask`: one question, its answer streamed to stdout."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from g4tui.cli.app import App, pass_app
from g4tui.cli.lazy import json_option

if TYPE_CHECKING:
    from g4tui.config.personas import Persona


@click.command()
@click.argument("prompt", required=False)
@click.option("-m", "--model", metavar="MODEL", help="The model, as backend:model.")
@click.option("-s", "--system", metavar="TEXT", help="The system prompt; the session keeps it.")
@click.option("--persona", metavar="NAME", help="A persona's system prompt and parameters.")
@click.option("--session", metavar="ID", help="Go on with this session.")
@click.option("--continue", "latest", is_flag=True, help="Go on with the latest session.")
@click.option(
    "--set",
    "assignments",
    metavar="KEY=VALUE",
    multiple=True,
    help="A parameter: temperature, top_k, top_p, min_p, repeat_penalty, seed, max_tokens, "
    "context. Repeatable.",
)
@click.option(
    "--attach",
    "attachments",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A text file to put into the message. Repeatable.",
)
@click.option("--no-save", is_flag=True, help="Leave no trace of this question.")
@click.option(
    "--stdin/--no-stdin",
    "wait",
    default=None,
    help="Read standard input to its end, or not at all. By default, beside a PROMPT, input that "
    "has not begun within 2 s or pauses for 10 s is taken to have ended.",
)
@json_option
@pass_app
def ask(
    app: App,
    prompt: str | None,
    model: str | None,
    system: str | None,
    persona: str | None,
    session: str | None,
    latest: bool,
    assignments: tuple[str, ...],
    attachments: tuple[Path, ...],
    no_save: bool,
    wait: bool | None,
) -> int:
    """Ask a model; the answer goes to stdout as it is made.

    Standard input, where it is not a terminal, is added below PROMPT.
    """
    if sum((session is not None, latest, no_save)) > 1:
        raise click.UsageError("Only one of --session, --continue and --no-save makes sense.")

    from g4tui.attachments import read_attachment
    from g4tui.cli.ask_input import question
    from g4tui.cli.ask_turn import Ask, answer
    from g4tui.config.params import parse_params

    assigned = parse_params(assignments)
    wanted = Ask(
        text=question(prompt, wait, app.note),
        model=model,
        system=system,
        persona=None if persona is None else _persona(app, persona),
        session=session,
        latest=latest,
        params=assigned.params,
        context=assigned.context,
        attachments=tuple(read_attachment(path) for path in attachments),
        save=not no_save,
    )
    return asyncio.run(answer(app, wanted))


def _persona(app: App, name: str) -> "Persona":
    from g4tui.config.personas import persona_named  # 10 ms that only those pay who have one

    return persona_named(app.paths, name)
