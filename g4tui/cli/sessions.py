"""`g4tui sessions`: the saved sessions."""

from datetime import datetime

import click

from g4tui.cli import sessions_exchange, sessions_library, sessions_shelves
from g4tui.cli.app import App, pass_app
from g4tui.cli.lazy import json_option
from g4tui.cli.output import moment, table
from g4tui.cli.session_objects import message_object, session_object
from g4tui.store import MessageRow, SessionRow
from g4tui.store.fold import phrases
from g4tui.store.rows import Shelf
from g4tui.store.veil import BLIND


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def sessions(context: click.Context) -> None:
    """List, show and search saved sessions; keep house; export, import and back up."""
    if context.invoked_subcommand is None:
        _list(context.ensure_object(App))


for command in (
    sessions_shelves.fork,
    sessions_shelves.star,
    sessions_shelves.tag,
    sessions_shelves.untag,
    sessions_shelves.pin,
    sessions_shelves.unpin,
    sessions_shelves.archive,
    sessions_shelves.unarchive,
    sessions_shelves.delete,
    sessions_shelves.bin_,
    sessions_exchange.export,
    sessions_exchange.import_,
    sessions_library.backup,
    sessions_library.restore,
    sessions_library.salvage,
):
    sessions.add_command(command)


@sessions.command("list")
@click.option(
    "-n", "--limit", type=click.IntRange(min=1), help="The latest so many. [default: all]"
)
@click.option("--archived", "shelf", flag_value="archived", help="What was put out of sight.")
@click.option("--all", "shelf", flag_value="all", help="That too. What is in the bin: bin list")
@click.option("--tag", help="Only what has this tag.")
@json_option
@pass_app
def list_command(app: App, limit: int | None, shelf: Shelf | None, tag: str | None) -> None:
    """List sessions: pinned ones, then the latest."""
    _list(app, limit, shelf or "open", tag)


@sessions.command()
@click.argument("session", metavar="ID")
@json_option
@pass_app
def show(app: App, session: str) -> None:
    """Print a session: the branch that is shown, or with --json its whole tree."""
    row, veil = app.store.session(session), app.store.veil(session)
    if app.json:
        messages = app.store.all_messages(session)
        app.emit(
            {
                **session_object(row),
                "head": row.head,
                "system": row.system,
                "params": row.params,
                "private": row.private,
                "messages": [message_object(veil.over(message)) for message in messages],
            }
        )
        return
    app.say(f"{row.title}\n{row.id}  {moment(row.created)}  {row.model}")
    if row.system:
        app.say(f"\nSystem\n{row.system}")
    for message in app.store.path(session):
        app.say("\n" + _told(veil.over(message)))


@sessions.command()
@click.argument("text", nargs=-1)
@click.option("-n", "--limit", type=click.IntRange(min=1), default=50, show_default=True)
@click.option("-m", "--model", help="Messages that this model wrote or answered.")
@click.option("--since", type=click.DateTime(), help="Not before this day.")
@click.option("--until", type=click.DateTime(), help="Not after this moment.")
@click.option("--starred", is_flag=True, help="Only starred messages.")
@click.option("--tag", help="Only in sessions with this tag.")
@json_option
@pass_app
def search(
    app: App,
    text: tuple[str, ...],
    limit: int,
    model: str | None,
    since: datetime | None,
    until: datetime | None,
    starred: bool,
    tag: str | None,
) -> None:
    """Find TEXT in all sessions: every word, or a "phrase in quotes"; words may be begun only.

    Without TEXT: every message that --model, --since, --until, --starred or --tag leave.
    """
    filters = (model, since, until, starred or None, tag)
    if all(each is None for each in filters) and not phrases(" ".join(text)):
        raise click.UsageError("Give a word to look for, or a filter as --starred.")
    hits = app.store.search(
        " ".join(text),
        limit=limit,
        model=model,
        since=since.timestamp() if since else None,
        until=until.timestamp() if until else None,
        starred=starred,
        tag=tag,
    )
    if app.json:
        app.emit(hits)
        return
    rows = [(hit.session, moment(hit.created), hit.title[:40], hit.snippet) for hit in hits]
    app.say(table(rows, ("SESSION", "TIME", "TITLE", "FOUND")) if rows else "Nothing was found.")


@sessions.command()
@click.argument("session", metavar="ID")
@click.argument("title")
@json_option
@pass_app
def rename(app: App, session: str, title: str) -> None:
    """Give a session a TITLE; an empty one takes it from the first message again."""
    sessions_shelves.check_place(app, session)
    row = app.store.rename_session(session, title)
    if app.json:
        app.emit(session_object(row))
    else:
        app.say(f"{row.id}  {row.title}")


def _list(
    app: App, limit: int | None = None, shelf: Shelf = "open", tag: str | None = None
) -> None:
    rows = app.store.sessions(limit=limit, shelf=shelf, tag=tag, pinned_first=True)
    if app.json:
        app.emit([session_object(row) for row in rows])
    elif not rows and (tag or shelf != "open"):
        app.say("There are no such sessions.")
    elif not rows:
        app.say('There are no sessions yet. Begin one with g4tui, or: g4tui ask "Hello"')
    else:
        compared = app.store.compared_models()
        cells = [
            (
                row.id,
                moment(row.updated),
                str(row.messages),
                ", ".join(dict.fromkeys(compared.get(row.id, (row.model,)))),
                _titled(row),
            )
            for row in rows
        ]
        app.say(table(cells, ("ID", "UPDATED", "MESSAGES", "MODEL", "TITLE")))


def _titled(row: SessionRow) -> str:
    marks = ["pinned"] * row.pinned + ["archived"] * row.archived + [f"#{tag}" for tag in row.tags]
    return f"{row.title}  [{', '.join(marks)}]" if marks else row.title


def _told(row: MessageRow) -> str:
    who = "You" if row.message.role == "user" else row.model.removeprefix(BLIND) or row.message.role
    notes = [moment(row.created)]
    if row.state != "complete":
        notes.append(row.state)
    if row.siblings > 1:
        notes.append(f"{row.position}/{row.siblings}")
    lines = [f"{who}  ({', '.join(notes)})"]
    lines += [f"[file {attachment.name}]" for attachment in row.message.attachments]
    lines.append(row.message.text)
    if row.error is not None:
        lines.append(f"[{row.error.title}]")
    return "\n".join(lines)
