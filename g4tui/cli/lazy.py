"""Groups whose commands are imported when they run, so that `--help` is quick."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NamedTuple, TypeVar

import click

from g4tui.cli.app import App, get_app

AnyCommand = TypeVar("AnyCommand", bound=Callable[..., Any] | click.Command)


class Lazy(NamedTuple):
    """Where a command is, and what `--help` says of it without importing it."""

    module: str
    attribute: str
    help: str


class LazyGroup(click.Group):
    """A group of `Lazy` commands. Commands of plugins are looked for after them."""

    lazy: Mapping[str, Lazy] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Our own, in the order of their table."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; for a name that is not ours, load the plugins."""
        if found := self.lazy.get(cmd_name):
            command: click.Command = getattr(import_module(found.module), found.attribute)
            return command
        if cmd_name.startswith("-"):
            return None
        return _of_plugins(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.help) for name, lazy in self.lazy.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a guess for a name that nobody has."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            from g4tui.core.nearest import did_you_mean

            guess = did_you_mean(args[0], self.lazy)
            raise click.UsageError(f"There is no command {args[0]!r}. {guess}", ctx) from error


def _of_plugins(ctx: click.Context, name: str) -> click.Command | None:
    app = get_app(ctx)
    app.no_plugins |= bool(ctx.params.get("no_plugins"))
    app.load_plugins()
    found = next((each for each in app.plugins.commands() if each.name == name), None)
    app.plugin_command = name if found is not None else ""
    return found


def common(command: AnyCommand) -> AnyCommand:
    """`--debug` and `--no-plugins`, which may also stand behind a command's name."""
    for name in ("no_plugins", "debug"):
        option = click.option(
            "--" + name.replace("_", "-"),
            is_flag=True,
            hidden=True,
            expose_value=False,
            is_eager=True,
            callback=_switch(name),
        )
        option(command)
    return command


def json_option(command: AnyCommand) -> AnyCommand:
    """`--json`: print JSON, errors too."""
    option = click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_switch("json"),
        help="Print JSON.",
    )
    return option(common(command))


def _switch(name: str) -> Callable[[click.Context, click.Parameter, bool], None]:
    def switch(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
        if value:
            setattr(ctx.ensure_object(App), name, True)

    return switch
