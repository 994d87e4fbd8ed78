"""The command `g4tui` itself: the chat's screen, and the list of all commands."""

import click

from g4tui.cli.app import App, get_app, pass_app
from g4tui.cli.lazy import Lazy, LazyGroup


class Root(LazyGroup):
    """All commands."""

    lazy = {  # noqa: RUF012 - read only
        "ask": Lazy("g4tui.cli.ask", "ask", "Ask a model one question; the answer goes to stdout."),
        "compare": Lazy("g4tui.cli.compare", "compare", "Ask several models the same, at once."),
        "models": Lazy("g4tui.cli.models", "models", "List, inspect, pull and remove models."),
        "sessions": Lazy("g4tui.cli.sessions", "sessions", "List, show, search saved sessions."),
        "votes": Lazy("g4tui.cli.votes", "votes", "List votes, rate models, export training data."),
        "plugins": Lazy("g4tui.cli.plugins", "plugins", "Show plugins; switch them on or off."),
        "config": Lazy("g4tui.cli.config", "config", "Show and change settings."),
        "keys": Lazy("g4tui.cli.keys", "keys", "Keep API keys of servers."),
        "doctor": Lazy("g4tui.cli.doctor", "doctor", "Say what is installed, missing, and why."),
    }


@click.group(
    cls=Root,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Plugins may add commands of their own: see g4tui plugins.",
)
@click.option("-m", "--model", metavar="MODEL", help="The model to chat with, as backend:model.")
@click.option("--session", metavar="ID", help="The session to open.")
@click.option("--persona", metavar="NAME", help="The persona that answers in the new session.")
@click.option(
    "--no-plugins",
    is_flag=True,
    help="Load no plugins but those that come with g4tui itself.",
)
@click.option("--debug", is_flag=True, help="Show tracebacks and the log on stderr.")
@click.option("-V", "--version", is_flag=True, help="Show the version.")
@click.pass_context
def cli(
    context: click.Context,
    model: str | None,
    session: str | None,
    persona: str | None,
    no_plugins: bool,
    debug: bool,
    version: bool,
) -> int:
    """Chat with models that run on this machine, beside a teacher.

    Without a command, the chat opens in the terminal.
    """
    app = get_app(context)
    app.debug |= debug
    app.no_plugins |= no_plugins
    if version:
        from g4tui import __version__

        app.say(f"g4tui {__version__}")
        context.exit(0)
    if context.invoked_subcommand is not None:
        if model or session or persona:
            raise click.UsageError(
                f"--model, --session and --persona belong behind {context.invoked_subcommand}.",
                context,
            )
        return 0
    if session and persona:
        raise click.UsageError("--persona is for a new session; in another one F6 chooses it.")
    return open_screen(app, model, session, persona)


def open_screen(app: App, model: str | None, session: str | None, persona: str | None) -> int:
    """The TUI; refuses where there is no terminal that can show it."""
    from g4tui.cli.terminal import lacking

    if (lack := lacking()) is not None:
        from g4tui.core import G4tuiError

        raise G4tuiError(lack.kind, lack.title, lack.detail, lack.remedy)
    if model is not None:
        from g4tui.cli.naming import check_name

        check_name(app, model)
    from g4tui.tui.launch import run

    chosen = None
    if persona is not None:
        from g4tui.config.personas import persona_named

        chosen = persona_named(app.paths, persona)
    return run(
        paths=app.paths,
        model=model,
        session=session,
        persona=chosen,
        plugins=not app.no_plugins,
    )


__all__ = ["cli", "pass_app"]
