"""`g4tui sessions export` and `import`: sessions as files, in the formats of plugins."""

import os
import sys
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from g4tui.cli.app import App, pass_app
from g4tui.cli.lazy import json_option

if TYPE_CHECKING:
    from g4tui.core import G4tuiError
    from g4tui.exchange import ImportReport
    from g4tui.plugin import Exporter

Item = TypeVar("Item")


@click.command()
@click.argument("sessions", metavar="[ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All but private ones and the bin.")
@click.option("-f", "--format", "name", metavar="FORMAT", help="markdown, html, json, jsonl, ...")
@click.option(
    "-o",
    "--output",
    help="A file, or a folder (there, or FOLDER/) for a file each. [default: standard output]",
)
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@json_option
@pass_app
def export(
    app: App,
    sessions: tuple[str, ...],
    everything: bool,
    name: str | None,
    output: str | None,
    force: bool,
) -> None:
    """Write sessions to a file. Without --format the file's name tells it, else it is Markdown.

    json holds everything and can be imported; jsonl is for training tools; the others show the
    line of the session that is shown in the chat.
    """
    from g4tui.exchange import nameless, transcripts

    if bool(sessions) == everything:
        raise click.UsageError("Name the sessions to export, or all of them with --all.")
    ids = list(dict.fromkeys(sessions)) or _all(app)
    transcripts(app.store, ids)  # complains before anything is written
    exporter = _exporter(app, name, Path(output) if output else None)
    if hidden := nameless(app.store, set(ids)):
        app.note(f"Left out: who wrote the answers of blind comparisons without a vote ({hidden}).")
    if output is None or output == "-":
        _print(app, exporter, ids)
        return
    files = _write(app, exporter, ids, output, force)
    if app.json:
        app.emit({"format": exporter.name, "sessions": ids, "files": [str(file) for file in files]})
        return
    for file in files:
        app.say(str(file))


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-f", "--format", "name", metavar="FORMAT", help="json, chatgpt, jsonl, ...")
@click.option("--again", is_flag=True, help="Also what is here already, as copies.")
@json_option
@pass_app
def import_(app: App, file: Path, name: str | None, again: bool) -> int:
    """Read sessions from FILE: one that export wrote as json, ChatGPT's export, messages as JSONL.

    What is in the library already is passed over, so an import that was interrupted goes on when
    it is done again. Each session is saved whole or not at all.
    """
    from g4tui.cli.status_line import StatusLine, bar
    from g4tui.exchange import import_from

    app.load_plugins()
    line = StatusLine()
    seen: list[ImportReport] = []

    def told(report: "ImportReport", share: float) -> None:
        seen[:] = [report]
        line.show(f"{bar(share)}  {report.seen:,} sessions  {file.name}")

    try:
        report = import_from(
            file, app.plugins.importers(), app.store, name=name, again=again, told=told
        )
    except KeyboardInterrupt:
        line.close()
        app.note(f"Interrupted. {_saved(seen)} Import it again to go on from there.")
        raise
    finally:
        line.close()
    if app.json:
        app.emit(_object(app, report))
    else:
        _tell(app, report, file)
    return 1 if report.error is not None else 0


def _all(app: App) -> list[str]:
    rows = app.store.sessions(shelf="all")
    private = sum(row.private for row in rows)
    if private:
        app.note(f"Left out: {private} private {'session' if private == 1 else 'sessions'}.")
    return [row.id for row in rows if not row.private]


def _exporter(app: App, name: str | None, output: Path | None) -> "Exporter":
    from g4tui.exchange import exporter_for, exporter_named

    app.load_plugins()
    exporters = app.plugins.exporters()
    by_suffix = exporter_for(exporters, output) if output is not None and not name else None
    return by_suffix or exporter_named(exporters, name or "markdown")


def _print(app: App, exporter: "Exporter", sessions: list[str]) -> None:
    """Bytes into a pipe or a file; a terminal gets clean text."""
    from g4tui.exchange import transcripts
    from g4tui.exchange.exporting import written

    out = BytesIO() if sys.stdout.isatty() else sys.stdout.buffer
    written(exporter, transcripts(app.store, sessions), out)
    if isinstance(out, BytesIO) and sys.stdout.isatty():
        app.say(out.getvalue().decode("utf-8", "replace").rstrip("\n"))


def _write(
    app: App, exporter: "Exporter", sessions: list[str], output: str, force: bool
) -> list[Path]:
    from g4tui.exchange import export_to, file_name, free_path, transcripts

    path = Path(output)
    if not (path.is_dir() or output.endswith(("/", os.sep))):
        told = _counted(transcripts(app.store, sessions), len(sessions))
        export_to(path, exporter, told, replace=force)
        return [path]
    files = []
    for session in _counted(sessions, len(sessions)):
        name = file_name(app.store.session(session).title, exporter.suffix)
        file = free_path(path, name)
        export_to(file, exporter, transcripts(app.store, [session]))
        files.append(file)
    return files


def _counted(sessions: Iterable[Item], total: int) -> Iterator[Item]:
    """The same, told on the terminal."""
    from g4tui.cli.status_line import StatusLine, bar

    line = StatusLine()
    try:
        for number, session in enumerate(sessions):
            line.show(f"{bar(number / total)}  {number:,} of {total:,} sessions")
            yield session
    finally:
        line.close()


def _object(app: App, report: "ImportReport") -> dict[str, object]:
    from g4tui.cli.output import error_object

    return {
        "format": report.importer,
        "imported": report.new,
        "known": report.known,
        "left_out": [
            {"what": what, "count": count, "example": example}
            for what, (count, example) in report.left_out.items()
        ],
        "error": error_object(report.error.info, app.redacted) if report.error else None,
    }


def _tell(app: App, report: "ImportReport", file: Path) -> None:
    app.say(f"{file}: {_saved([report])}")
    for what, (count, example) in report.left_out.items():
        app.say(f"Left out: {what} ({count:,}){f', as {example}' if example else ''}")
    if report.error is not None:
        _report(app, report.error)


def _report(app: App, error: "G4tuiError") -> None:
    app.report(error.info)
    app.note("What is told above is in the library; the rest of the file is not.")


def _saved(reports: "list[ImportReport]") -> str:
    if not reports:
        return "Nothing was imported."
    report = reports[0]
    count = len(report.new)
    said = f"{count:,} {'session was' if count == 1 else 'sessions were'} imported."
    if report.known:
        said += f" {report.known:,} {'was' if report.known == 1 else 'were'} here already."
    return said
