"""Somebody at work on a library, in a process of its own, for tests to kill.

`python busy_person.py LIBRARY SEED`: chats, edits, asks again, forks, renames, tags, stars, votes,
deletes, backs up and exports, for ever. Before each act it prints a JSON line with what it will do,
and after it one with what the library acknowledged.
"""

import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import g4tui_exchange
from g4tui.core import Message, Usage
from g4tui.exchange import export_to, exporter_named, transcripts
from g4tui.store import Asked, MessageRow, State, Store, Verdict

VERDICTS: tuple[Verdict, ...] = ("left", "right", "tie", "both_bad")
ENDS: tuple[State, ...] = ("complete", "stopped", "failed")
TAGS = ("work", "home", "later")
MOST_SESSIONS = 12


def told(**facts: Any) -> None:
    """One line."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def texts_of(rows: Sequence[MessageRow]) -> dict[str, tuple[str, str]]:
    """Text and state, by id."""
    return {row.id: (row.message.text, row.state) for row in rows}


class Person:
    """What it does next is up to the seed and to what the library holds."""

    def __init__(self, library: Path, seed: str) -> None:
        self.chance = random.Random(seed)
        self.seed = seed
        self.store = Store.open(library)
        self.folder = library.parent / "files"
        self.folder.mkdir(exist_ok=True)
        self.number = 0

    def live(self) -> None:
        """For ever."""
        acts = {
            self.ask: 8,
            self.edit: 4,
            self.again: 4,
            self.compare: 3,
            self.vote: 3,
            self.mark: 4,
            self.star: 2,
            self.fork: 2,
            self.shelve: 4,
            self.delete: 2,
            self.export: 2,
            self.back_up: 1,
        }
        while True:
            if len(self.store.sessions()) < 3:
                told(will="create")
                told(did="create", session=self.store.create_session().id)
            (act,) = self.chance.choices(list(acts), list(acts.values()))
            act()

    # chatting

    def ask(self) -> None:
        """At the end of a chat."""
        session = self.chance.choice(self.store.sessions())
        self.turn(session.id, session.head, self.words())

    def edit(self) -> None:
        """A question of before in other words, beside it."""
        asked = self.any_message("user")
        if asked is not None:
            self.turn(asked.session, asked.parent, self.words())

    def again(self) -> None:
        """Another answer to a question of before."""
        asked = self.any_message("user")
        if asked is not None:
            self.turn(asked.session, asked.id, None)

    def turn(self, session: str, parent: str | None, said: str | None) -> None:
        """A question and its answer, which grows."""
        told(will="ask", session=session)
        user = Message("user", said) if said is not None else None
        question, answer = self.store.begin_turn(session, parent, user, "m")
        texts = texts_of([question] if question is not None else [])
        told(did="ask", session=session, texts=texts, answer=answer.id, parent=answer.parent)
        self.answer(answer)

    def answer(self, row: MessageRow) -> None:
        """Grow and end."""
        text = self.words()
        for _ in range(self.chance.randint(0, 6)):
            text += " more" * self.chance.randint(1, 300)
            self.store.flush_answer(row.id, text)
            told(did="flush", answer=row.id, text=text)
        state = self.chance.choice(ENDS)
        told(will="finish", answer=row.id)
        self.store.finish_answer(row.id, state, text + " end", usage=Usage(completion=1))
        told(did="finish", answer=row.id, state=state, text=text + " end")

    def compare(self) -> None:
        """Two models, and perhaps a vote."""
        session = self.chance.choice(self.store.sessions())
        told(will="compare", session=session.id)
        asked = [Asked(session.head, "a"), Asked(session.head, "b")]
        turn, sides = self.store.begin_compared(
            session.id, Message("user", self.words()), asked, blind=self.chance.random() < 0.5
        )
        texts = texts_of([question for question, _ in sides])
        for question, answer in sides:
            told(
                did="ask",
                session=session.id,
                texts=texts,
                answer=answer.id,
                parent=question.id,
                turn=turn.id,
            )
        for _, answer in sides:
            self.answer(answer)

    def vote(self) -> None:
        """Once, or another way than before."""
        session = self.chance.choice(self.store.sessions()).id
        turns = self.store.turns(session)
        if turns:
            turn, verdict = self.chance.choice(turns).id, self.chance.choice(VERDICTS)
            told(will="vote", turn=turn, verdict=verdict)
            verdict = self.store.vote(turn, verdict).verdict
            told(did="vote", session=session, turn=turn, verdict=verdict)

    # keeping house

    def mark(self) -> None:
        """A title, tags or a pin."""
        session = self.chance.choice(self.store.sessions())
        match self.chance.randrange(3):
            case 0:
                title = self.words()
                self.set(session.id, "title", title, self.store.rename_session, title)
            case 1:
                tags = sorted({*session.tags, self.chance.choice(TAGS)})
                self.set(session.id, "tags", tags, self.store.tag, *tags)
            case _:
                pinned = not session.pinned
                self.set(session.id, "pinned", pinned, self.store.set_pinned, pinned)

    def star(self) -> None:
        """An answer, or no longer."""
        message = self.any_message("assistant")
        if message is not None:
            told(will="star", message=message.id, value=not message.starred)
            row = self.store.star(message.id, not message.starred)
            told(did="star", session=row.session, message=row.id, value=row.starred)

    def shelve(self) -> None:
        """Into the archive or the bin, or out of it."""
        match self.chance.randrange(4):
            case 0 if rows := self.store.sessions(shelf="archived"):
                id_ = self.chance.choice(rows).id
                self.set(id_, "archived", False, self.store.set_archived, False)
            case 1 if rows := self.store.sessions(shelf="bin"):
                id_ = self.chance.choice(rows).id
                self.set(id_, "binned", False, self.store.restore_session)
            case 2:
                id_ = self.chance.choice(self.store.sessions()).id
                self.set(id_, "archived", True, self.store.set_archived)
            case _:
                id_ = self.chance.choice(self.store.sessions()).id
                self.set(id_, "binned", True, self.store.bin_session)

    def set(self, session: str, field: str, value: Any, change: Any, *values: Any) -> None:
        """Change one thing of a session."""
        told(will="set", session=session, field=field, value=value)
        change(session, *values)
        told(did="set", session=session, field=field, value=value)

    def fork(self) -> None:
        """A new session from the middle of another."""
        message = self.any_message("assistant")
        if message is not None and len(self.store.sessions()) < MOST_SESSIONS:
            told(will="fork")
            row = self.store.fork(message.session, message.id)
            texts = texts_of(self.store.path(row.id))
            told(did="fork", session=row.id, texts=texts)

    def delete(self) -> None:
        """For good, one in the bin or the largest of all."""
        rows = self.store.sessions(shelf="bin") or self.store.sessions()
        row = max(rows, key=lambda row: row.messages)
        told(will="delete", session=row.id)
        self.store.delete_session(row.id)
        told(did="delete", session=row.id)

    # files

    def export(self) -> None:
        """A chat as JSON, over the last export of it now and then."""
        session = self.chance.choice(self.store.sessions()).id
        exporter = exporter_named(g4tui_exchange.g4tui_register_exporters(), "json")
        file = self.folder / f"{session}.json"
        told(will="export", file=str(file))
        count = self.store.session(session).messages
        export_to(file, exporter, transcripts(self.store, [session]), replace=True)
        told(did="export", file=str(file), messages=count)

    def back_up(self) -> None:
        """The whole library."""
        file = self.folder / "backup.sqlite3"
        told(will="backup", file=str(file))
        count = len(self.store.sessions(shelf="all"))
        self.store.backup(file)
        told(did="backup", file=str(file), sessions=count)

    def words(self) -> str:
        """Text with a word that is nowhere else."""
        self.number += 1
        return f"w{self.seed}x{self.number} " + "about this " * self.chance.randint(0, 200)

    def any_message(self, role: str) -> MessageRow | None:
        """One of an open session."""
        rows = self.store.all_messages(self.chance.choice(self.store.sessions()).id)
        return self.chance.choice([row for row in rows if row.message.role == role] or [None])


if __name__ == "__main__":
    Person(Path(sys.argv[1]), sys.argv[2]).live()
