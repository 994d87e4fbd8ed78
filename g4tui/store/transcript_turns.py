"""Comparisons and their votes as parts of a session that goes out or comes in."""

import sqlite3
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from g4tui.store import turns
from g4tui.store.codec import text_column
from g4tui.store.ids import new_id
from g4tui.store.rows import TurnRow
from g4tui.store.veil import is_hidden

if TYPE_CHECKING:  # the plugins' machinery is needed by nobody who only reads a library
    from g4tui.plugin.exchange import TranscriptTurn


def taken(connection: sqlite3.Connection, session: str) -> tuple["TranscriptTurn", ...]:
    """All of a session. One that is hidden does not tell in which order it was asked."""
    return tuple(map(_turn, turns.many(connection, session, None)))


def _turn(row: TurnRow) -> "TranscriptTurn":
    from g4tui.plugin.exchange import TranscriptTurn, TranscriptVote

    votes = []
    for vote in row.votes:
        (first, second), (left, right) = vote.answers, vote.shown
        votes.append(
            TranscriptVote(
                answers=(first, second),
                shown=(left, right),
                verdict=vote.verdict,
                blind=vote.blind,
                revealed_first=vote.revealed_first,
                reason=vote.reason,
                created=vote.created,
            )
        )
    return TranscriptTurn(
        answers=row.shown if is_hidden(row) else row.answers,
        shown=row.shown,
        created=row.created,
        blind=row.blind,
        revealed=row.revealed,
        chosen=row.chosen,
        votes=tuple(votes),
    )


def insert(
    connection: sqlite3.Connection,
    session: int,
    given: Collection["TranscriptTurn"],
    rows: Mapping[str, int],
    now: float,
    time: Callable[[float], float],
) -> None:
    """Add them to row `session`. `rows`: those of its messages, by their ids in the transcript."""
    seq, last_id = connection.execute("SELECT max(seq), max(id) FROM turns").fetchone()
    for number, turn in enumerate(given, (seq or 0) + 1):
        last_id = new_id(now, last_id)
        connection.execute(
            "INSERT INTO turns (seq, id, session, created, blind, revealed, chosen)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                last_id,
                session,
                time(turn.created),
                turn.blind,
                None if turn.revealed is None else time(turn.revealed),
                None if turn.chosen is None else rows[turn.chosen],
            ),
        )
        connection.executemany(
            "INSERT INTO turn_answers (turn, place, shown, message) VALUES (?, ?, ?, ?)",
            [
                (number, place, turn.shown.index(answer), rows[answer])
                for place, answer in enumerate(turn.answers)
            ],
        )
        connection.executemany(
            """INSERT INTO pair_votes (turn, left_answer, right_answer, left_asked_first, verdict,
                   blind, revealed_first, created, reason)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            [
                (
                    number,
                    rows[vote.shown[0]],
                    rows[vote.shown[1]],
                    vote.answers[0] == vote.shown[0],
                    vote.verdict,
                    vote.blind,
                    vote.revealed_first,
                    time(vote.created),
                    text_column(vote.reason),
                )
                for vote in turn.votes
            ],
        )
