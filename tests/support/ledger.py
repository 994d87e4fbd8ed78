"""What a library acknowledged, held against what is in it after its writer was killed."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from g4tui.store import MessageRow, SessionRow, Store, TurnRow

Fact = dict[str, Any]
FIELDS: dict[str, Callable[[SessionRow], Any]] = {
    "title": lambda row: row.title,
    "tags": lambda row: sorted(row.tags),
    "pinned": lambda row: row.pinned,
    "archived": lambda row: row.archived,
    "binned": lambda row: row.deleted is not None,
}


class Ledger:
    """Takes the lines of a `busy_person`; `check` raises `AssertionError` for what is lost.

    What was announced and not acknowledged when the kill came may have been done or not.
    """

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self._sessions: dict[str, Fact] = {}
        self._session_of: dict[str, str] = {}
        self._texts: dict[str, tuple[str, str]] = {}  # text and state, "" while it may grow
        self._parents: dict[str, str | None] = {}
        self._stars: dict[str, bool] = {}
        self._votes: dict[str, str | None] = {}
        self._exports: dict[str, int] = {}
        self._backups: dict[str, int] = {}
        self._pending: Fact = {}

    def take(self, fact: Fact) -> None:
        """One line."""
        if "will" in fact:
            self._pending = fact
            return
        self._pending = {}
        did = str(fact["did"])
        self.counts[did] = self.counts.get(did, 0) + 1
        getattr(self, f"_{did}")(fact)

    def _create(self, fact: Fact) -> None:
        self._sessions[fact["session"]] = {}

    def _ask(self, fact: Fact) -> None:
        self._hold(fact["session"], fact["texts"])
        self._session_of[fact["answer"]] = fact["session"]
        self._texts[fact["answer"]] = ("", "")
        self._parents[fact["answer"]] = fact["parent"]
        if "turn" in fact:
            self._votes.setdefault(fact["turn"], None)
            self._session_of[fact["turn"]] = fact["session"]

    def _hold(self, session: str, texts: dict[str, list[str]]) -> None:
        for message, (text, state) in texts.items():
            self._session_of[message] = session
            self._texts[message] = (text, state)

    def _flush(self, fact: Fact) -> None:
        self._texts[fact["answer"]] = (fact["text"], "")

    def _finish(self, fact: Fact) -> None:
        self._texts[fact["answer"]] = (fact["text"], fact["state"])

    def _set(self, fact: Fact) -> None:
        self._sessions[fact["session"]][fact["field"]] = fact["value"]

    def _star(self, fact: Fact) -> None:
        self._session_of[fact["message"]] = fact["session"]
        self._stars[fact["message"]] = fact["value"]

    def _vote(self, fact: Fact) -> None:
        self._session_of[fact["turn"]] = fact["session"]
        self._votes[fact["turn"]] = fact["verdict"]

    def _fork(self, fact: Fact) -> None:
        self._sessions[fact["session"]] = {}
        self._hold(fact["session"], fact["texts"])

    def _delete(self, fact: Fact) -> None:
        self._forget(fact["session"])

    def _export(self, fact: Fact) -> None:
        self._exports[fact["file"]] = fact["messages"]

    def _backup(self, fact: Fact) -> None:
        self._backups[fact["file"]] = fact["sessions"]

    def _forget(self, session: str) -> None:
        self._sessions.pop(session, None)
        gone = {key for key, owner in self._session_of.items() if owner == session}
        for kept in (self._session_of, self._texts, self._parents, self._stars, self._votes):
            for key in gone & kept.keys():
                del kept[key]

    # after a kill

    def check(self, store: Store) -> None:
        """All that was acknowledged is in the library, and nothing in it is broken."""
        assert store.check() == []
        rows = {row.id: row for shelf in ("all", "bin") for row in store.sessions(shelf=shelf)}
        pending, self._pending = self._pending, {}
        if pending.get("will") == "delete" and pending["session"] not in rows:
            self._forget(pending["session"])
        assert self._sessions.keys() <= rows.keys()
        if pending.get("will") not in ("create", "fork"):
            assert self._sessions.keys() == rows.keys()
        for session, row in rows.items():
            self._check_session(session, row, pending)
        messages = {row.id: row for session in rows for row in store.all_messages(session)}
        self._check_messages(messages, pending)
        self._check_votes({turn.id: turn for id_ in rows for turn in store.turns(id_)}, pending)
        self._check_found(store, rows)
        self._check_files()

    def _check_session(self, session: str, row: SessionRow, pending: Fact) -> None:
        known = self._sessions.setdefault(session, {})
        for field, value in known.items():
            found = FIELDS[field](row)
            is_pending = pending.get("session") == session and pending.get("field") == field
            assert found == value or (is_pending and found == pending["value"]), (field, value, row)
            known[field] = found

    def _check_messages(self, rows: dict[str, MessageRow], pending: Fact) -> None:
        assert self._texts.keys() <= rows.keys()
        assert all(row.state != "streaming" for row in rows.values())
        for message, (text, state) in self._texts.items():
            row = rows[message]
            if state:
                assert (row.message.text, row.state) == (text, state)
            else:  # a flush may have been done and not acknowledged
                assert row.message.text.startswith(text), (text, row)
                assert row.state == "interrupted" or pending.get("answer") == message, row
            if message in self._parents:
                assert row.parent == self._parents[message]
            self._texts[message] = (row.message.text, row.state)
        for message, starred in self._stars.items():
            is_pending = pending.get("will") == "star" and pending["message"] == message
            assert rows[message].starred == starred or is_pending
            self._stars[message] = rows[message].starred

    def _check_votes(self, turns: dict[str, TurnRow], pending: Fact) -> None:
        for turn, verdict in self._votes.items():
            votes = turns[turn].votes
            found = votes[0].verdict if votes else None
            is_pending = pending.get("turn") == turn and found == pending["verdict"]
            assert found == verdict or is_pending
            self._votes[turn] = found

    def _check_found(self, store: Store, rows: dict[str, SessionRow]) -> None:
        """Some of the texts are found by their own word, unless they are in the bin."""
        for message in list(self._texts)[-20:]:
            word = self._texts[message][0].split(" ", 1)[0]
            if word:
                found = message in {hit.message for hit in store.search(word, 1_000, False)}
                assert found == (rows[self._session_of[message]].deleted is None), word

    def _check_files(self) -> None:
        """Exports are whole. A kill may leave a partial file, under a name of its own."""
        for file, count in self._exports.items():
            (session,) = json.loads(Path(file).read_text(encoding="utf-8"))
            assert len(session["messages"]) >= count
        for file, count in self._backups.items():
            connection = sqlite3.connect(file)
            try:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                (found,) = connection.execute(
                    "SELECT count(*) FROM sessions WHERE deleted IS NULL"
                ).fetchone()
                assert found >= count
            finally:
                connection.close()
