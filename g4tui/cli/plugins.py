"""`g4tui plugins`: what is installed and how it fares."""

import click
import msgspec

from g4tui.cli.app import App, pass_app
from g4tui.cli.extras import extra_of_plugin, lacking
from g4tui.cli.lazy import json_option
from g4tui.cli.output import table
from g4tui.plugin import PluginReport


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def plugins(context: click.Context) -> None:
    """Show every plugin: what it provides, how long it took, why it failed.

    With the global --no-plugins, and for the names in $G4TUI_DISABLED_PLUGINS, plugins are not
    loaded and show as disabled; those that come with g4tui itself stay under --no-plugins.
    """
    if context.invoked_subcommand is None:
        show(context.ensure_object(App))


def show(app: App) -> None:
    """Load all and print the list."""
    app.load_plugins()
    reports = app.plugins.reports()
    if app.json:
        app.emit([report_object(report) for report in reports])
        return
    rows = [
        (
            report.name,
            report.version,
            report.status,
            "" if report.import_ms is None else f"{report.import_ms:.0f} ms",
            ", ".join(report.provides),
        )
        for report in reports
    ]
    app.say(table(rows, ("NAME", "VERSION", "STATUS", "IMPORT", "PROVIDES")))
    for report in reports:
        if report.error is not None:
            app.say(f"\n{report.error}")
        elif extra := lacking(reports, report.name):
            app.say(f"\n{report.name} needs {', '.join(extra.missing)}. Add it: {extra.line}")


def report_object(report: PluginReport) -> dict[str, object]:
    """A report as scripts see it; the error is text, `missing` what its extra would install."""
    plain: dict[str, object] = msgspec.to_builtins(report)
    plain["error"] = str(report.error) if report.error is not None else None
    extra = extra_of_plugin(report.distribution, report.name)
    plain["missing"] = extra.missing if extra is not None else []
    return plain


@plugins.command()
@click.argument("name")
@json_option
@pass_app
def enable(app: App, name: str) -> None:
    """Switch the plugin NAME on."""
    _switch(app, name, on=True)


@plugins.command()
@click.argument("name")
@json_option
@pass_app
def disable(app: App, name: str) -> None:
    """Switch the plugin NAME off: it is not imported any more."""
    _switch(app, name, on=False)


def _switch(app: App, name: str, *, on: bool) -> None:
    from g4tui.config import set_list
    from g4tui.core import G4tuiError
    from g4tui.core.nearest import did_you_mean
    from g4tui.plugin.sources import installed_sources

    disabled = app.settings.plugins.disabled
    known = {source.name for source in installed_sources()} | set(disabled)
    if name not in known:
        guess, remedy = did_you_mean(name, known), "See what is installed with: g4tui plugins"
        raise G4tuiError("usage", f"There is no plugin {name}", guess, remedy)
    others = tuple(each for each in disabled if each != name)
    result = set_list(app.paths, "plugins.disabled", others if on else (*others, name))
    if app.json:
        app.emit({"name": name, "enabled": on})
    else:
        app.say(f"{name} is switched {'on' if on else 'off'}.")
    if result.overridden_by is not None:
        app.note(f"{result.overridden_by} sets plugins.disabled and goes before this.")
