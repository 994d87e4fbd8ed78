"""`g4tui sessions`: keeping house. What is deleted lies in a bin for 30 days."""

import sys
from collections.abc import Callable

import click

from g4tui.cli.app import App, pass_app
from g4tui.cli.lazy import json_option
from g4tui.cli.output import moment, table
from g4tui.cli.session_objects import message_object, session_object
from g4tui.store import SessionRow, Store

Change = Callable[[Store, str], SessionRow]
SessionsArgument = click.argument("sessions", metavar="ID...", nargs=-1, required=True)


@click.command()
@click.argument("session", metavar="ID")
@click.argument("message", metavar="MESSAGE")
@json_option
@pass_app
def fork(app: App, session: str, message: str) -> None:
    """Begin a new session with all that was said up to MESSAGE (an id of show --json)."""
    row = app.store.fork(session, message)
    _tell(app, [row], f"Forked: {row.title}\nOpen it with: g4tui --session {row.id}")


def check_place(app: App, session: str, *, in_bin: bool = False) -> None:
    """Raise `G4tuiError` where the session is in the bin, or `in_bin` where it is not."""
    from g4tui.core import G4tuiError

    row = app.store.session(session)
    if in_bin and row.deleted is None:
        raise G4tuiError(
            "missing",
            "This session is not in the bin",
            f"{row.id} was not deleted.",
            "See what is there with: g4tui sessions bin",
        )
    if not in_bin and row.deleted is not None:
        raise G4tuiError(
            "missing",
            "This session is in the bin",
            f"{row.id} was deleted at {moment(row.deleted)}.",
            f"Bring it back first: g4tui sessions bin restore {row.id}",
        )


def _switch(
    name: str, help: str, said: str, change: Change, *, in_bin: bool = False
) -> click.Command:
    """A command that changes one thing of each session that is named, all of them `in_bin`."""

    @click.command(name, help=help)
    @SessionsArgument
    @json_option
    @pass_app
    def command(app: App, sessions: tuple[str, ...]) -> None:
        with app.store.batch():
            for session in sessions:
                check_place(app, session, in_bin=in_bin)
            rows = [change(app.store, session) for session in sessions]
        _tell(app, rows, "\n".join(f"{said}: {row.title}" for row in rows))

    return command


archive = _switch(
    "archive", "Put sessions out of sight.", "Archived", lambda store, id_: store.set_archived(id_)
)
unarchive = _switch(
    "unarchive",
    "Take archived sessions back into the list.",
    "Unarchived",
    lambda store, id_: store.set_archived(id_, False),
)
pin = _switch(
    "pin",
    "Keep sessions at the top of the list.",
    "Pinned",
    lambda store, id_: store.set_pinned(id_),
)
unpin = _switch(
    "unpin",
    "Let sessions go down the list.",
    "Unpinned",
    lambda store, id_: store.set_pinned(id_, False),
)


@click.command()
@click.argument("session", metavar="ID")
@click.argument("tags", metavar="TAG...", nargs=-1, required=True)
@json_option
@pass_app
def tag(app: App, session: str, tags: tuple[str, ...]) -> None:
    """Give a session tags."""
    check_place(app, session)
    _tell_tags(app, app.store.tag(session, *tags))


@click.command()
@click.argument("session", metavar="ID")
@click.argument("tags", metavar="TAG...", nargs=-1, required=True)
@json_option
@pass_app
def untag(app: App, session: str, tags: tuple[str, ...]) -> None:
    """Take tags from a session."""
    from g4tui.core import G4tuiError
    from g4tui.core.nearest import did_you_mean

    check_place(app, session)
    row = app.store.session(session)
    has = {each.casefold() for each in row.tags}
    if wrong := [each for each in tags if " ".join(each.split()).casefold() not in has]:
        known = f"Its tags: {', '.join(row.tags)}." if row.tags else "It has none."
        raise G4tuiError(
            "missing",
            f"The session has no tag {wrong[0]}",
            f"{known} {did_you_mean(wrong[0], row.tags)}".strip(),
            "Nothing was changed. See its tags with: g4tui sessions list",
        )
    _tell_tags(app, app.store.untag(session, *tags))


@click.command()
@click.argument("message", metavar="MESSAGE")
@click.option("--remove", is_flag=True, help="Take the star away.")
@json_option
@pass_app
def star(app: App, message: str, remove: bool) -> None:
    """Mark a message (its id as in show --json)."""
    row = app.store.star(message, not remove)
    if app.json:
        app.emit(message_object(app.store.veil(row.session).over(row)))
    else:
        app.say(f"{'Starred' if row.starred else 'Not starred'}: {row.message.text[:60]}")


@click.command()
@SessionsArgument
@click.option("--forever", is_flag=True, help="Not into the bin, but for good.")
@click.option("-y", "--yes", is_flag=True, help="With --forever: do not ask.")
@json_option
@pass_app
def delete(app: App, sessions: tuple[str, ...], forever: bool, yes: bool) -> None:
    """Put sessions into the bin, for 30 days; and delete what backends keep for them."""
    from g4tui.core import G4tuiError
    from g4tui.engine import forget_conversation

    rows = [app.store.session(session) for session in sessions]
    if binned := [row for row in rows if row.deleted is not None and not forever]:
        raise G4tuiError(
            "missing",
            "This session is in the bin already",
            f"{binned[0].id} was deleted at {moment(binned[0].deleted or 0)}.",
            f"Delete it for good with --forever, or: g4tui sessions bin restore {binned[0].id}",
        )
    if forever and not yes:
        _confirm(app, f"Delete {_counted(rows)} for good?")
    with app.store.batch():
        for row in rows:
            if forever:
                app.store.delete_session(row.id)
            else:
                app.store.bin_session(row.id)
    for row in rows:
        forget_conversation(app.paths.plugin_caches, row.id)
    undo = "" if forever else f"\nUndo: g4tui sessions bin restore {' '.join(sessions)}"
    _tell(app, rows, "\n".join(f"Deleted: {row.title}" for row in rows) + undo)


@click.group("bin", invoke_without_command=True)
@json_option
@click.pass_context
def bin_(context: click.Context) -> None:
    """Show what was deleted, bring it back, or empty the bin."""
    if context.invoked_subcommand is None:
        _list_bin(context.ensure_object(App))


@bin_.command("list")
@json_option
@pass_app
def list_bin(app: App) -> None:
    """Show what is in the bin."""
    _list_bin(app)


bin_.add_command(
    _switch(
        "restore",
        "Bring deleted sessions back.",
        "Restored",
        lambda store, id_: store.restore_session(id_),
        in_bin=True,
    )
)


@bin_.command("empty")
@click.option("--days", type=click.IntRange(min=0), default=0, help="Only what is older than that.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_app
def empty(app: App, days: int, yes: bool) -> None:
    """Delete for good what is in the bin; backups from before still hold it."""
    from g4tui.engine import forget_conversation

    rows = app.store.sessions(shelf="bin")
    if rows and not yes:
        _confirm(app, f"Empty the bin, with {_counted(rows)} in it?")
    gone = app.store.empty_bin(days * 24 * 3600.0)
    for row in gone:
        forget_conversation(app.paths.plugin_caches, row.id)
    app.store.tidy()
    _tell(app, gone, f"Deleted for good: {_counted(gone)}.")


def _list_bin(app: App) -> None:
    rows = app.store.sessions(shelf="bin")
    if app.json:
        app.emit([session_object(row) for row in rows])
    elif not rows:
        app.say("The bin is empty.")
    else:
        cells = [(row.id, moment(row.deleted or 0), str(row.messages), row.title) for row in rows]
        app.say(table(cells, ("ID", "DELETED", "MESSAGES", "TITLE")))


def _counted(rows: list[SessionRow]) -> str:
    from g4tui.sanitize import clean_line

    if len(rows) == 1:
        return f"{clean_line(rows[0].title)!r} with {rows[0].messages} messages"
    return f"{len(rows)} sessions"


def _confirm(app: App, question: str) -> None:
    if not app.json and sys.stdin is not None and sys.stdin.isatty():
        click.confirm(question, abort=True, err=True)


def _tell(app: App, rows: list[SessionRow], said: str) -> None:
    if app.json:
        app.emit([session_object(row) for row in rows])
    else:
        app.say(said)


def _tell_tags(app: App, row: SessionRow) -> None:
    if app.json:
        app.emit(session_object(row))
    else:
        app.say(f"{row.title}: {', '.join(row.tags) or 'no tags'}")
