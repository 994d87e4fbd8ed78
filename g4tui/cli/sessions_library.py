"""`g4tui sessions backup`, `restore` and `salvage`: the library as a whole."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from g4tui.cli.app import App, pass_app
from g4tui.cli.lazy import json_option
from g4tui.cli.output import moment, size

if TYPE_CHECKING:
    from g4tui.store.salvage import Salvaged


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@json_option
@pass_app
def backup(app: App, file: Path | None, force: bool) -> None:
    """Copy the whole library to FILE, private sessions too, while it may be in use.

    Without FILE it goes into the folder backups beside the library.
    """
    from g4tui.core import G4tuiError

    if file is not None and file.exists() and not (force and file.is_file()):
        raise G4tuiError(
            "usage",
            "The backup would replace another file",
            f"{file} is there already; it was left as it is.",
            "Choose another name, or replace it with --force.",
        )
    made = app.store.backup(file)
    count = len(app.store.sessions(shelf="all"))
    if app.json:
        app.emit({"file": str(made), "sessions": count, "size_bytes": made.stat().st_size})
    else:
        app.say(f"{made}: {count} sessions, {size(made.stat().st_size)}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@pass_app
def restore(app: App, file: Path) -> None:
    """Put the library of FILE (a backup) in the place of the present one, which is kept.

    A single session comes back from the bin with: g4tui sessions bin restore ID
    """
    from g4tui.store.restoring import restore as restored

    done = restored(file, app.paths.database)
    app.store.check()  # brought up to date, if it is of an older g4tui
    if app.json:
        app.emit({"sessions": done.sessions, "kept": str(done.kept) if done.kept else None})
        return
    app.say(f"{done.sessions} sessions were restored from {file}.")
    if done.kept is not None:
        app.say(f"What was there before is kept: {done.kept}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The new library.")
@json_option
@pass_app
def salvage(app: App, file: Path | None, output: Path | None) -> None:
    """Get what can be read out of a damaged library (FILE, else the present one) into a new one.

    The damaged one is left as it is. The new one is put in its place by: g4tui sessions restore
    """
    import time

    from g4tui.store.files import newest_backup
    from g4tui.store.salvage import salvage as salvaged

    library = app.paths.database
    source = file or library
    stamp = time.strftime("%Y%m%d-%H%M%S")
    target = output or app.paths.data / f"salvaged-{stamp}.sqlite3"
    found = salvaged(source, target, library)
    newest = newest_backup(library)
    if app.json:
        app.emit({"file": str(target), "found": found, "backup": str(newest) if newest else None})
        return
    app.say(_told(target, found))
    app.say(f"Put it in place: g4tui sessions restore {target}")
    if newest is not None:
        made = moment(newest.stat().st_mtime)
        app.say(f"Or the newest backup, whole but of {made}: g4tui sessions restore {newest}")


def _told(target: Path, found: "Salvaged") -> str:
    """What was found, and every kind of loss that there was."""
    losses = {
        "messages": found.lost_messages,
        "ends of messages": found.cut,
        "messages before others, which come first now": found.orphans,
        "titles of sessions, which count as private now": found.nameless,
        "comparisons": found.lost_turns,
        "votes": found.lost_votes,
    }
    known = [f"{what}: {count:,}" for what, count in losses.items() if count]
    kept = {
        "sessions": found.sessions + found.nameless,
        "messages": found.messages,
        "comparisons": found.turns,
        "votes": found.votes,
    }
    return (
        f"{target}\nKept: {'; '.join(f'{what}: {count:,}' for what, count in kept.items())}\n"
        f"Lost, as far as can be told: {'; '.join(known) or 'nothing'}"
    )
