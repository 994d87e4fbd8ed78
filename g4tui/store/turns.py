"""Comparisons as rows, with the votes on them. A caller holds the transaction."""

import sqlite3
from collections.abc import Sequence

from g4tui.core import G4tuiError, Message
from g4tui.store import growing, messages, sessions
from g4tui.store.codec import column_text
from g4tui.store.ids import new_id
from g4tui.store.rows import Asked, MessageRow, TurnRow, VoteRow

# Who was asked first is not told while names are hidden.
_VOTES = """
    SELECT t.seq, t.id, l.id, r.id, v.left_asked_first OR (t.blind AND t.revealed IS NULL),
           v.verdict, v.blind, v.revealed_first, v.reason, v.created
    FROM pair_votes v CROSS JOIN turns t ON t.seq = v.turn JOIN sessions s ON s.seq = t.session
        JOIN messages l ON l.seq = v.left_answer JOIN messages r ON r.seq = v.right_answer
"""
_ORDER = "ORDER BY v.created, v.seq"
_TURNS = """
    SELECT t.seq, t.id, s.id, t.created, t.blind, t.revealed, c.id
    FROM turns t JOIN sessions s ON s.seq = t.session LEFT JOIN messages c ON c.seq = t.chosen
"""
_ANSWERS = """
    SELECT t.seq, m.id, a.shown
    FROM turns t JOIN sessions s ON s.seq = t.session
        JOIN turn_answers a ON a.turn = t.seq JOIN messages m ON m.seq = a.message
"""
_IN = """(:session IS NULL AND s.deleted IS NULL OR s.id = :session)
    AND (:since IS NULL OR {created} >= :since)"""


def begin(
    connection: sqlite3.Connection,
    session: str,
    message: Message | None,
    asked: Sequence[Asked],
    *,
    blind: bool,
    order: Sequence[int] | None,
    owner: str,
    now: float,
) -> tuple[str, list[tuple[str, str]]]:
    """The turn's id, and for each side the ids of its question and its streaming answer.

    Rows are made from left to right, so that nothing in the tree tells who was asked first.
    """
    places = list(range(len(asked))) if order is None else list(order)
    if len(asked) < 2 or sorted(places) != list(range(len(asked))):
        raise G4tuiError("usage", "A comparison needs two models or more, each once on the screen")
    if message is None and any(each.parent is None for each in asked):
        raise G4tuiError("usage", "There is nothing to answer", "No message was given.")
    said: dict[str | None, str] = {}
    sides: dict[int, tuple[str, str]] = {}
    for place in places:
        each = asked[place]
        question = each.parent if message is None else said.get(each.parent)
        if question is None and message is not None:
            question = said[each.parent] = growing.insert(
                connection, session, each.parent, message, state="complete", now=now
            )
        answer = growing.insert(
            connection,
            session,
            question,
            Message("assistant", ""),
            state="streaming",
            owner=owner,
            model=each.model,
            params=each.params,
            now=now,
        )
        sides[place] = (question or "", answer)
    found = sessions.key(connection, session)
    head = messages.seq_of(connection, sides[places[0]][1])
    connection.execute("UPDATE sessions SET head = ? WHERE seq = ?", (head, found.seq))
    last_seq, last_id = connection.execute("SELECT max(seq), max(id) FROM turns").fetchone()
    turn = new_id(now, last_id)
    seq = (last_seq or 0) + 1
    connection.execute(
        "INSERT INTO turns (seq, id, session, created, blind) VALUES (?, ?, ?, ?, ?)",
        (seq, turn, found.seq, now, blind),
    )
    for shown, place in enumerate(places):
        connection.execute(
            "INSERT INTO turn_answers (turn, place, shown, message) VALUES (?, ?, ?, ?)",
            (seq, place, shown, messages.seq_of(connection, sides[place][1])),
        )
    return turn, [sides[place] for place in range(len(asked))]


def one(connection: sqlite3.Connection, turn: str) -> TurnRow:
    """Raises `G4tuiError` of kind `missing`."""
    found = _rows(connection, "t.id = :turn", {"turn": turn})
    if not found:
        raise G4tuiError(
            "missing",
            "This comparison is not in the library",
            f"Turn {turn} is not there: its session was deleted, or its name is wrong.",
            "See what was voted on with: g4tui votes list",
        )
    return found[0]


def many(connection: sqlite3.Connection, session: str | None, since: float | None) -> list[TurnRow]:
    """As they were asked."""
    return _rows(connection, _IN.format(created="t.created"), {"session": session, "since": since})


def last(connection: sqlite3.Connection, session: str) -> TurnRow | None:
    """The newest of a session."""
    where = "t.seq = (SELECT max(seq) FROM turns WHERE session = :seq)"
    found = _rows(connection, where, {"seq": sessions.key(connection, session).seq})
    return found[0] if found else None


def models(connection: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    """By session, who was asked in its newest comparison."""
    found: dict[str, tuple[str, ...]] = {}
    for session, model in connection.execute(
        """SELECT s.id, m.model FROM turns t JOIN sessions s ON s.seq = t.session
               JOIN turn_answers a ON a.turn = t.seq JOIN messages m ON m.seq = a.message
           WHERE t.seq IN (SELECT max(seq) FROM turns GROUP BY session) ORDER BY t.seq, a.place"""
    ):
        found[session] = (*found.get(session, ()), column_text(model))
    return found


def of_answer(connection: sqlite3.Connection, answer: str) -> TurnRow | None:
    """The turn that holds an answer now."""
    where = """t.seq = (SELECT a.turn FROM turn_answers a JOIN messages m ON m.seq = a.message
        WHERE m.id = :answer)"""
    found = _rows(connection, where, {"answer": answer})
    return found[0] if found else None


def at_head(connection: sqlite3.Connection, session: str) -> TurnRow | None:
    """The turn that a session stands at: its head is one of the answers, or corrects one."""
    row = connection.execute(
        "SELECT id, corrects FROM messages WHERE seq = ?", (sessions.key(connection, session).head,)
    ).fetchone()
    return None if row is None else of_answer(connection, row[1] or row[0])


def votes(
    connection: sqlite3.Connection, session: str | None, since: float | None
) -> list[VoteRow]:
    """As they were given."""
    where = _IN.format(created="v.created")
    rows = connection.execute(
        f"{_VOTES} WHERE {where} {_ORDER}", {"session": session, "since": since}
    )
    return [_vote(row) for row in rows]


def replace(connection: sqlite3.Connection, turn: str, old: str, new: str) -> None:
    """One side was asked again: `new` stands in the place of `old`."""
    seq, session = key(connection, turn)
    if messages.one(connection, new).session != session:
        raise G4tuiError("usage", "An answer of another session cannot stand in this comparison")
    places = (messages.seq_of(connection, new), seq, messages.seq_of(connection, old))
    changed = connection.execute(
        "UPDATE turn_answers SET message = ? WHERE turn = ? AND message = ?", places
    ).rowcount
    if not changed:
        raise no_side(turn, old)
    connection.execute(
        """UPDATE turns SET chosen = ?1 WHERE seq = ?2 AND (chosen = ?3
           OR chosen IN (SELECT seq FROM messages WHERE corrects = ?4))""",
        (*places, old),
    )


def choose(connection: sqlite3.Connection, turn: str, answer: str | None) -> None:
    """All go on from `answer`, the session's head from now on; `None`: each from its own."""
    row = one(connection, turn)
    chosen = None
    if answer is not None:
        corrects = messages.one(connection, answer).corrects
        if answer not in row.answers and corrects not in row.answers:
            raise no_side(turn, answer)
        chosen = messages.seq_of(connection, answer)
    connection.execute("UPDATE turns SET chosen = ? WHERE id = ?", (chosen, turn))
    head = chosen or messages.seq_of(connection, row.shown[0])
    sessions.update(connection, row.session, {"head": head})


def standing(connection: sqlite3.Connection, row: TurnRow) -> list[str]:
    """What stands for each of `row.answers`: its newest correction, else the answer itself."""
    found: list[str] = []
    for answer in row.answers:
        newest = connection.execute(
            "SELECT id FROM messages WHERE corrects = ? ORDER BY seq DESC LIMIT 1", (answer,)
        ).fetchone()
        found.append(answer if newest is None else newest[0])
    return found


def reveal(connection: sqlite3.Connection, turn: str, now: float) -> None:
    """The names are on the screen; the first time counts."""
    seq, _ = key(connection, turn)
    connection.execute(
        "UPDATE turns SET revealed = ? WHERE seq = ? AND blind = 1 AND revealed IS NULL", (now, seq)
    )


def hidden(connection: sqlite3.Connection, session: str) -> list[tuple[TurnRow, list[MessageRow]]]:
    """Blind turns whose names nobody has seen yet, with every answer to their questions: one that
    was asked for again was in the turn before.
    """
    found = []
    for turn in many(connection, session, None):
        if turn.blind and turn.revealed is None:
            ids = connection.execute(
                """SELECT DISTINCT m.id, m.seq FROM turn_answers a
                       JOIN turns t ON t.seq = a.turn JOIN messages o ON o.seq = a.message
                       JOIN messages m ON m.parent = o.parent AND m.session = o.session
                   WHERE t.id = ? ORDER BY m.seq""",
                (turn.id,),
            ).fetchall()
            found.append((turn, messages.by_ids(connection, [id_ for id_, _ in ids])))
    return found


def key(connection: sqlite3.Connection, turn: str) -> tuple[int, str]:
    """Row of a turn, and the id of its session."""
    row = one(connection, turn)
    (seq,) = connection.execute("SELECT seq FROM turns WHERE id = ?", (turn,)).fetchone()
    return int(seq), row.session


def _rows(
    connection: sqlite3.Connection, where: str, values: dict[str, str | float | None]
) -> list[TurnRow]:
    found = connection.execute(f"{_TURNS} WHERE {where} ORDER BY t.seq", values).fetchall()
    asked: dict[int, list[tuple[str, int]]] = {row[0]: [] for row in found}
    for seq, answer, shown in connection.execute(
        f"{_ANSWERS} WHERE {where} ORDER BY a.turn, a.place", values
    ):
        asked[seq].append((answer, shown))
    given: dict[int, list[VoteRow]] = {row[0]: [] for row in found}
    for vote in connection.execute(f"{_VOTES} WHERE {where} {_ORDER}", values):
        given[vote[0]].append(_vote(vote))
    return [
        TurnRow(
            id=id_,
            session=session,
            created=created,
            answers=tuple(answer for answer, _ in asked[seq]),
            shown=tuple(answer for answer, _ in sorted(asked[seq], key=lambda pair: pair[1])),
            blind=bool(blind),
            revealed=revealed,
            votes=tuple(given[seq]),
            chosen=chosen,
        )
        for seq, id_, session, created, blind, revealed, chosen in found
    ]


def _vote(row: tuple) -> VoteRow:  # type: ignore[type-arg]
    _, turn, left, right, left_first, verdict, blind, revealed_first, reason, created = row
    return VoteRow(
        turn=turn,
        answers=(left, right) if left_first else (right, left),
        shown=(left, right),
        verdict=verdict,
        blind=bool(blind),
        revealed_first=bool(revealed_first),
        reason=column_text(reason),
        created=created,
    )


def no_side(turn: str, answer: str) -> G4tuiError:
    """The error for an answer that a turn does not show."""
    return G4tuiError(
        "usage",
        "This answer is not in the comparison",
        f"Turn {turn} does not show {answer}, or it was replaced, or it was named twice.",
        "Choose two of its answers.",
    )
