"""`g4tui sessions`: the saved sessions."""

import sys

import click
import msgspec

from g4tui.cli.app import App, pass_app
from g4tui.cli.lazy import json_option
from g4tui.cli.output import error_object, moment, table, usage_object
from g4tui.store import MessageRow, SessionRow


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def sessions(context: click.Context) -> None:
    """List, show, search, rename and delete saved sessions."""
    if context.invoked_subcommand is None:
        _list(context.ensure_object(App), None)


@sessions.command("list")
@click.option(
    "-n", "--limit", type=click.IntRange(min=1), help="The latest so many. [default: all]"
)
@json_option
@pass_app
def list_command(app: App, limit: int | None) -> None:
    """List sessions, the latest first."""
    _list(app, limit)


@sessions.command()
@click.argument("session", metavar="ID")
@json_option
@pass_app
def show(app: App, session: str) -> None:
    """Print a session: the branch that is shown, or with --json its whole tree."""
    row = app.store.session(session)
    if app.json:
        messages = app.store.all_messages(session)
        app.emit(
            {
                **session_object(row),
                "head": row.head,
                "system": row.system,
                "params": row.params,
                "private": row.private,
                "messages": [message_object(message) for message in messages],
            }
        )
        return
    app.say(f"{row.title}\n{row.id}  {moment(row.created)}  {row.model}")
    if row.system:
        app.say(f"\nSystem\n{row.system}")
    for message in app.store.path(session):
        app.say("\n" + _told(message))


@sessions.command()
@click.argument("text", nargs=-1, required=True)
@click.option("-n", "--limit", type=click.IntRange(min=1), default=50, show_default=True)
@json_option
@pass_app
def search(app: App, text: tuple[str, ...], limit: int) -> None:
    """Find TEXT in all sessions: every word, or a "phrase in quotes"; words may be begun only."""
    hits = app.store.search(" ".join(text), limit=limit)
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
    row = app.store.rename_session(session, title)
    if app.json:
        app.emit(session_object(row))
    else:
        app.say(f"{row.id}  {row.title}")


@sessions.command()
@click.argument("session", metavar="ID")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_app
def delete(app: App, session: str, yes: bool) -> None:
    """Delete a session and what backends keep for it. Asks first where there is a terminal."""
    from g4tui.engine import forget_conversation
    from g4tui.sanitize import clean_line

    row = app.store.session(session)
    if not yes and not app.json and sys.stdin is not None and sys.stdin.isatty():
        question = f"Delete {clean_line(row.title)!r} with {row.messages} messages?"
        click.confirm(question, abort=True, err=True)
    app.store.delete_session(session)
    forget_conversation(app.paths.plugin_caches, row.id)
    if app.json:
        app.emit(session_object(row))
    else:
        app.say(f"Deleted: {row.title}")


def session_object(row: SessionRow) -> dict[str, object]:
    """A session as scripts see it in a list."""
    return {
        "id": row.id,
        "title": row.title,
        "created": row.created,
        "updated": row.updated,
        "model": row.model,
        "messages": row.messages,
    }


def message_object(row: MessageRow) -> dict[str, object]:
    """A message as scripts see it."""
    return {
        "id": row.id,
        "parent": row.parent,
        "role": row.message.role,
        "text": row.message.text,
        "reasoning": row.message.reasoning,
        "attachments": msgspec.to_builtins(row.message.attachments),
        "state": row.state,
        "model": row.model,
        "params": row.params,
        "usage": usage_object(row.usage),
        "error": error_object(row.error) if row.error is not None else None,
        "finish_reason": row.finish_reason,
        "starred": row.starred,
        "created": row.created,
    }


def _list(app: App, limit: int | None) -> None:
    rows = app.store.sessions(limit=limit)
    if app.json:
        app.emit([session_object(row) for row in rows])
    elif not rows:
        app.say('There are no sessions yet. Begin one with g4tui, or: g4tui ask "Hello"')
    else:
        cells = [
            (row.id, moment(row.updated), str(row.messages), row.model, row.title) for row in rows
        ]
        app.say(table(cells, ("ID", "UPDATED", "MESSAGES", "MODEL", "TITLE")))


def _told(row: MessageRow) -> str:
    who = "You" if row.message.role == "user" else row.model or row.message.role
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
