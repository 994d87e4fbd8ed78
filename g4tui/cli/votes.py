"""`g4tui votes`: what was voted on, which models won, and rows to train the next one."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from g4tui.cli.app import App, pass_app
from g4tui.cli.lazy import json_option
from g4tui.cli.output import moment, table

if TYPE_CHECKING:
    from g4tui.store import TurnRow, VoteRow
    from g4tui.votes import Format, Harvest, Ratings, Scale

BAR = 24
VERDICTS = {"left": "left", "right": "right", "tie": "tie", "both_bad": "both bad"}


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def votes(context: click.Context) -> None:
    """List votes, rate models by them, and export them as training data."""
    if context.invoked_subcommand is None:
        _list(context.ensure_object(App), None)


@votes.command("list")
@click.option("--session", metavar="ID", help="Those of one session. [default: all]")
@json_option
@pass_app
def list_command(app: App, session: str | None) -> None:
    """List votes as they were given."""
    _list(app, session)


@votes.command()
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["sft", "preference"]),
    required=True,
    help="sft: answers worth learning. preference: which of two answers was better.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="A file. [default: standard output]",
)
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@click.option(
    "--licence",
    default="unknown",
    show_default=True,
    metavar="SPDX",
    help="Of what you wrote yourself: your prompts and corrections.",
)
@json_option
@pass_app
def export(app: App, form: "Format", output: Path | None, force: bool, licence: str) -> None:
    """Write votes and corrections as training data, which g4tui-train reads.

    As sft, each prompt gives one row: the newest correction of an answer to it, else the teacher's
    answer that won. The teacher is the model that was asked first. Private sessions, and those in
    the bin, are left out; so is a preference for an answer that was cut at the token limit. As sft
    such a one has "finish_reason":"length", and g4tui-train clean drops it.
    """
    from g4tui.votes import Pair, lines, rows_of, write

    harvest = _harvest(app, licence)
    rows = rows_of(harvest, form)
    cut = sum(isinstance(row, Pair) and row.finish_reason == "length" for row in rows)
    to_file = output is not None and str(output) != "-"
    if output is not None and to_file:
        write(rows, output, replace=force)
    elif sys.stdout.isatty():
        app.say(lines(rows).decode().rstrip("\n"))
    else:
        sys.stdout.buffer.write(lines(rows))
        sys.stdout.flush()
    if to_file and app.json:
        app.emit(
            {
                "format": form,
                "file": str(output),
                "rows": len(rows),
                "cut_off": cut,
                "left_out": dict(harvest.left_out.most_common()),
            }
        )
        return
    tell = app.say if to_file else app.note
    tell(f"{len(rows):,} {'row' if len(rows) == 1 else 'rows'}: {output if to_file else form}")
    if cut:
        app.note(f'Cut at the token limit: {cut:,}, "finish_reason":"length"; clean drops them')
    for what, count in harvest.left_out.most_common():
        app.note(f"Left out: {what} ({count:,})")


@votes.command()
@json_option
@pass_app
def ratings(app: App) -> None:
    """Rate models by blind votes: 400 points more are ten times as likely to win as to lose.

    Ratings have a mean of 1000, and an interval that holds the truth in 95 % of cases once there
    are votes from five sessions. Models that no votes connect are on scales of their own.
    """
    from g4tui.votes import ballots, rated

    found = rated(ballots(app.store))
    if app.json:
        app.emit(found)
    else:
        _tell(app, found)


def _list(app: App, session: str | None) -> None:
    from g4tui.store.veil import is_hidden, letter_of

    if session is not None:
        app.store.session(session)  # complains where there is none
    rows = app.store.votes(session)
    if app.json:
        app.emit(rows)
    elif not rows:
        app.say("There are no votes yet. Compare two models with Ctrl+T in the chat, and vote.")
    else:
        turns = {turn.id: turn for turn in app.store.turns(session)}
        ids = sorted({answer for row in rows for answer in row.shown})
        models = {message.id: message.model for message in app.store.messages(ids)}
        for turn in filter(is_hidden, turns.values()):
            models |= {answer: letter_of(turn, answer) for answer in turn.shown}
        cells = [_cells(row, turns.get(row.turn), models) for row in rows]
        app.say(table(cells, ("TIME", "SESSION", "VERDICT", "LEFT", "RIGHT", "BLIND", "REASON")))


def _cells(vote: "VoteRow", turn: "TurnRow | None", models: dict[str, str]) -> list[str]:
    left, right = (models.get(answer, "?") for answer in vote.shown)
    session = turn.session if turn is not None else "?"
    blind = "yes" if vote.blind else "no"
    return [moment(vote.created), session, VERDICTS[vote.verdict], left, right, blind, vote.reason]


def _harvest(app: App, licence: str) -> "Harvest":
    """What the library holds; the models' backends tell which answers came from OpenAI."""
    from g4tui.votes import Harvest, terms_by_host

    return Harvest(app.store, terms_by_host(app.runtime().destination), licence)


def _tell(app: App, found: "Ratings") -> None:
    if not found.scales:
        app.say("No blind votes compare two models yet. Compare with Ctrl+T, blind, and vote.")
    for scale in found.scales:
        app.say(table(_rows(scale), ("MODEL", "RATING", "95 %", "WON", "LOST", "TIED", "BAD", "")))
        app.say(f"{_counted(scale.votes, 'blind vote')} in {_counted(scale.sessions, 'session')}\n")
    for bad in found.both_bad:
        app.say(f"Both bad in {bad.both_bad} of {bad.votes}: {bad.models[0]} and {bad.models[1]}")
    if found.not_blind:
        app.say(f"Not counted, since the names were known: {found.not_blind:,}")
    if found.unfinished:
        count = found.unfinished
        app.say(f"Not counted, since an answer did not come to its end: {count:,}")
    if found.hidden:
        app.say(f"Not counted yet, since the names are still hidden: {found.hidden:,}")
    if found.same_model:
        app.say(f"Not counted, since one model gave both answers: {found.same_model:,}")


def _rows(scale: "Scale") -> list[list[str]]:
    """One line a model, with a bar from the lowest rating of the scale to the highest."""
    low = min(row.rating for row in scale.models)
    span = max(row.rating for row in scale.models) - low or 1.0
    return [
        [
            row.model,
            f"{row.rating:.0f}",
            "" if row.low is None or row.high is None else f"{row.low:.0f} to {row.high:.0f}",
            *map(str, (row.wins, row.losses, row.ties, row.both_bad)),
            "#" * (1 + round((BAR - 1) * (row.rating - low) / span)),
        ]
        for row in scale.models
    ]


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
