"""Whole sessions in and out: imports, exports and forks."""

import sqlite3
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import msgspec

from g4tui.core import G4tuiError
from g4tui.sanitize import clean_line
from g4tui.store import messages, sessions, transcript_turns, turns
from g4tui.store.codec import attachments_column, struct_column, text_column
from g4tui.store.ids import new_id
from g4tui.store.rows import MessageRow, SessionRow
from g4tui.store.shelves import tag_of
from g4tui.store.veil import Veil
from g4tui.store.writing import Writer

if TYPE_CHECKING:  # the plugins' machinery is needed by nobody who only reads a library
    from g4tui.plugin.exchange import Transcript, TranscriptMessage

STATES = ("complete", "stopped", "interrupted", "failed")
# The origin of a session that began in a library of g4tui: this and its id there.
OURS = "g4tui:"
# The year 5138, and tokens: a library is not to be spoilt by what somebody else made up.
LATEST = 1e11
LARGEST_CONTEXT = 2**31


class Transcripts(Writer):
    """The part of `Store` that takes and gives sessions as values."""

    def import_transcript(self, transcript: "Transcript") -> SessionRow | None:
        """A new session with all of it, or nothing; many at once: see `batch`.

        `None` where a session of that origin is in the library, in its bin too; without an origin
        it is always new. Raises `G4tuiError` of kind `usage` where the messages are no tree.
        """
        with self._database.write() as connection:
            if transcript.origin and _has_origin(connection, transcript.origin):
                return None
            session = _insert(connection, transcript, self._clock())
            return sessions.one(connection, session)

    def transcript(self, session: str) -> "Transcript":
        """The whole tree. An answer that still streams counts as interrupted.

        While the names of a blind comparison are hidden, nothing here tells who wrote its answers,
        and what is imported of it never will.
        """
        with self._database.read() as connection:
            row = sessions.one(connection, session)
            rows = messages.everything(connection, session)
            veil = Veil.over_turns(turns.hidden(connection, session))
            return msgspec.structs.replace(
                _transcript(row, rows, veil), turns=transcript_turns.taken(connection, session)
            )

    def fork(self, session: str, message: str) -> SessionRow:
        """A new session that holds the line up to `message`; the other stays as it is.

        One line compares nothing: the comparisons and their votes stay with the other. What may be
        sent to which host is asked again.
        """
        with self._database.write() as connection:
            row = sessions.one(connection, session)
            line = messages.line(connection, messages.head_seq(connection, session, message), -1)
            veil = Veil.over_turns(turns.hidden(connection, session))
            now = self._clock()
            copy = msgspec.structs.replace(
                _transcript(row, line, veil),
                head=message,
                title=row.title if row.title_is_set else "",  # of its own first message
                created=now,
                origin="",
                pinned=False,
                archived=False,
            )
            forked = _insert(connection, copy, now)
            sessions.update(connection, forked, {"private": row.private})
            sessions.touch(connection, sessions.key(connection, forked).seq, now)
            return sessions.one(connection, forked)


def _has_origin(connection: sqlite3.Connection, origin: str) -> bool:
    own = origin.removeprefix(OURS) if origin.startswith(OURS) else None
    found = connection.execute(
        "SELECT 1 FROM sessions WHERE origin = ? AND origin <> '' UNION ALL"
        " SELECT 1 FROM sessions WHERE id = ?",
        (text_column(origin), own),
    ).fetchone()
    return found is not None


def _insert(connection: sqlite3.Connection, transcript: "Transcript", now: float) -> str:
    """Returns the id of the new session."""
    places = _checked(transcript)
    title = transcript.title if clean_line(transcript.title).strip() else ""
    times = _times(transcript, now)
    created = _time(transcript.created) or min(times, default=now)
    session = sessions.insert(
        connection,
        title=title if transcript.title_is_set else "",
        model=transcript.model,
        system=transcript.system,
        params=transcript.params,
        context=transcript.context,
        private=False,
        created=created,
        now=now,
    )
    seq = sessions.key(connection, session).seq
    newest = connection.execute("SELECT seq, id FROM messages ORDER BY seq DESC LIMIT 1").fetchone()
    before, last_id = newest or (0, None)
    ids: list[str] = []
    for _ in transcript.messages:
        last_id = new_id(now, last_id)
        ids.append(last_id)
    depths: list[int] = []
    for each in transcript.messages:
        depths.append(1 if each.parent is None else depths[places[each.parent]] + 1)

    def id_of(place: str | None) -> str | None:
        return None if place is None else ids[places[place]]

    connection.executemany(
        """INSERT INTO messages (seq, id, session, parent, depth, role, state, finish_reason,
               memory_start, starred, created, model, params, usage, error, text, reasoning,
               attachments, corrects)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            (
                before + 1 + number,
                ids[number],
                seq,
                None if each.parent is None else before + 1 + places[each.parent],
                depths[number],
                each.message.role,
                each.state,
                each.finish_reason,
                id_of(each.memory_start),
                each.starred,
                times[number],
                text_column(each.model),
                struct_column(each.params),
                struct_column(each.usage),
                struct_column(each.error),
                text_column(each.message.text),
                text_column(each.message.reasoning),
                attachments_column(each.message.attachments),
                id_of(each.corrects),
            )
            for number, each in enumerate(transcript.messages)
        ),
    )
    head = len(ids) - 1 if transcript.head is None else places[transcript.head]
    sessions.update(
        connection,
        session,
        {
            "head": before + 1 + head if ids else None,
            "title": text_column(title or sessions.own_title(connection, session)),
            "origin": text_column(transcript.origin),
            "pinned": transcript.pinned,
            "archived": transcript.archived,
        },
    )
    sessions.touch_past(connection, seq, max([*times, _time(transcript.updated), created]))
    connection.executemany(
        "INSERT OR IGNORE INTO tags (session, tag) VALUES (?, ?)",
        [(seq, text_column(tag_of(tag))) for tag in transcript.tags],
    )
    rows = {id_: before + 1 + place for id_, place in places.items()}
    known = max([created, *times])
    transcript_turns.insert(
        connection, seq, transcript.turns, rows, now, lambda time: _time(time) or known
    )
    return session


def _checked(transcript: "Transcript") -> dict[str, int]:
    """The place of each message; raises `G4tuiError` of kind `usage` where they are no tree."""
    places: dict[str, int] = {}
    for number, each in enumerate(transcript.messages):
        if each.id in places:
            raise _no_tree(f"Message {each.id} is there twice.")
        if each.parent is not None and each.parent not in places:
            raise _no_tree(f"Message {each.id} follows {each.parent}, which is not before it.")
        if each.state not in STATES:
            raise _no_tree(f"Message {each.id} has the state {each.state}.")
        places[each.id] = number
    named = [transcript.head]
    for each in transcript.messages:
        named += [each.corrects, each.memory_start]
    for name in named:
        if name is not None and name not in places:
            raise _no_tree(f"Message {name} is named and not there.")
    answers = {each.id for each in transcript.messages if each.message.role == "assistant"}
    compared: set[str] = set()
    for turn in transcript.turns:
        if not turn.is_among(answers) or not compared.isdisjoint(turn.answers):
            raise _no_tree("A comparison in it is none of its answers.")
        compared.update(turn.answers)
    if transcript.context is not None and not 0 < transcript.context < LARGEST_CONTEXT:
        raise _no_tree(f"Its context is {transcript.context}.")
    return places


def _times(transcript: "Transcript", now: float) -> list[float]:
    """When each was said: where that is not known, with the one before it."""
    times: list[float] = []
    last = _time(transcript.created) or now
    for each in transcript.messages:
        last = _time(each.created) or last
        times.append(last)
    return times


def _time(seconds: float) -> float:
    """0 for what is no time."""
    return seconds if 0 < seconds < LATEST else 0.0


def _transcript(row: SessionRow, rows: Sequence[MessageRow], veil: Veil) -> "Transcript":
    from g4tui.plugin.exchange import Transcript

    ids = {each.id for each in rows}
    return Transcript(
        title=row.title,
        messages=tuple(_message(each, ids, veil) for each in rows),
        head=row.head,
        created=row.created,
        model=row.model,
        system=row.system,
        params=row.params,
        origin=row.origin or OURS + row.id,
        title_is_set=row.title_is_set,
        updated=row.updated,
        context=row.context,
        tags=row.tags,
        pinned=row.pinned,
        archived=row.archived,
    )


def _message(row: MessageRow, ids: Collection[str], veil: Veil) -> "TranscriptMessage":
    from g4tui.plugin.exchange import TranscriptMessage

    is_hidden = veil.hides(row)
    row = veil.over(row)
    return TranscriptMessage(
        id=row.id,
        parent=row.parent,
        message=row.message,
        state="interrupted" if row.state == "streaming" else row.state,
        model="" if is_hidden else row.model,
        params=row.params,
        usage=row.usage,
        error=row.error,
        starred=row.starred,
        created=row.created,
        finish_reason=row.finish_reason,
        corrects=row.corrects if row.corrects in ids else None,
        memory_start=row.memory_start if row.memory_start in ids else None,
    )


def _no_tree(detail: str) -> G4tuiError:
    return G4tuiError(
        "usage",
        "This session cannot be imported",
        f"{detail} Nothing of it was saved.",
        "See that the file is whole, or export it again.",
    )
