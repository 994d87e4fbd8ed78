"""Votes on two answers of a comparison, given and taken back. A caller holds the transaction."""

import sqlite3
from collections.abc import Collection, Sequence
from itertools import combinations

from g4tui.store import messages, turns
from g4tui.store.codec import text_column
from g4tui.store.rows import TurnRow, Verdict, VoteRow

_PAIR = """turn = :turn AND min(left_answer, right_answer) = min(:left, :right)
    AND max(left_answer, right_answer) = max(:left, :right)"""


def vote(
    connection: sqlite3.Connection,
    turn: str,
    verdict: Verdict,
    *,
    answers: Sequence[str] | None,
    reason: str | None,
    names_itself: bool,
    now: float,
) -> None:
    """Keep a vote on two answers; the last one of a blind turn's pairs shows its names.

    The same verdict once more keeps what it was, but for a new `reason`.
    """
    row = turns.one(connection, turn)
    left, right = pair_of(row, answers)
    for answer in (left, right):
        if answer not in row.answers or left == right:
            raise turns.no_side(turn, answer)
    seq, _ = turns.key(connection, turn)
    former = vote_on(row, (left, right))
    if former is not None and (former.verdict, former.shown) == (verdict, (left, right)):
        if reason is not None:
            values = {**_pair(connection, seq, left, right), "reason": text_column(reason)}
            connection.execute(f"UPDATE pair_votes SET reason = :reason WHERE {_PAIR}", values)
        return
    unvote(connection, turn, (left, right))
    connection.execute(
        """INSERT INTO pair_votes (turn, left_answer, right_answer, left_asked_first, verdict,
               blind, revealed_first, created, reason)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            seq,
            messages.seq_of(connection, left),
            messages.seq_of(connection, right),
            row.answers.index(left) < row.answers.index(right),
            verdict,
            row.blind and row.revealed is None and not names_itself,
            row.blind and row.revealed is not None,
            now,
            text_column(reason if reason is not None else former.reason if former else ""),
        ),
    )
    row = turns.one(connection, turn)
    if all(vote_on(row, pair) is not None for pair in combinations(row.answers, 2)):
        turns.reveal(connection, turn, now)


def pair_of(row: TurnRow, answers: Sequence[str] | None) -> tuple[str, str]:
    """The two that a vote is on: as named, else the first two on the screen."""
    left, right = answers or row.shown[:2]
    return left, right


def vote_on(row: TurnRow, pair: Collection[str]) -> VoteRow | None:
    """The vote on two answers, if there is one."""
    return next((vote for vote in row.votes if set(vote.shown) == set(pair)), None)


def unvote(connection: sqlite3.Connection, turn: str, answers: Sequence[str] | None) -> None:
    """Take the vote on two answers back; one that was not there is no error."""
    row = turns.one(connection, turn)
    seq, _ = turns.key(connection, turn)
    connection.execute(
        f"DELETE FROM pair_votes WHERE {_PAIR}", _pair(connection, seq, *pair_of(row, answers))
    )


def _pair(connection: sqlite3.Connection, turn: int, left: str, right: str) -> dict[str, int | str]:
    found = [messages.seq_of(connection, answer) for answer in (left, right)]
    return {"turn": turn, "left": found[0], "right": found[1]}
