"""A g4tui without a screen: another process at work on a library, for tests to kill or to wait for.

`python store_child.py COMMAND LIBRARY [ARGUMENT]`. It prints one JSON line for everything that the
store acknowledged, after that happened.
"""

import json
import random
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

from g4tui.core import Message, Usage
from g4tui.store import Asked, State, Store, Verdict

VERDICTS: tuple[Verdict, ...] = ("left", "right", "tie", "both_bad")


def told(**facts: object) -> None:
    """Acknowledge."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def chat(library: Path, seed: str) -> None:
    """Turns, branches, flushes and deletions in several sessions, for ever."""
    chance = random.Random(seed)
    store = Store.open(library)
    ends: dict[str, str | None] = {}
    while True:
        if len(ends) < 3:
            new = store.create_session().id
            ends[new] = None
            told(did="create", session=new)
        session = chance.choice(list(ends))
        said = "say " + str(chance.random()) * chance.randint(1, 300)
        user, answer = store.begin_turn(session, ends[session], Message("user", said), "m")
        assert user is not None
        told(did="begin", session=session, user=user.id, answer=answer.id, said=said)
        text = ""
        for _ in range(chance.randint(0, 8)):
            text += "answer " * chance.randint(1, 400)
            store.flush_answer(answer.id, text)
            told(did="flush", answer=answer.id, length=len(text))
        states: tuple[State, ...] = ("complete", "stopped", "failed")
        state = chance.choice(states)
        store.finish_answer(answer.id, state, text + "end", usage=Usage(completion=1))
        told(did="finish", answer=answer.id, state=state, text=text + "end")
        if chance.random() < 0.8:
            ends[session] = answer.id
        if chance.random() < 0.1:
            told(did="deleting", session=session)
            store.delete_session(session)
            del ends[session]
            told(did="delete", session=session)


def stream(library: Path) -> None:
    """Begin an answer and leave it streaming until standard input ends, then finish it."""
    store = Store.open(library)
    session = store.create_session()
    _, answer = store.begin_turn(session.id, None, Message("user", "hello"), "m")
    store.flush_answer(answer.id, "half an answ")
    told(session=session.id, answer=answer.id)
    sys.stdin.read()
    told(state=store.finish_answer(answer.id, "complete", "half an answer, and the rest").state)
    store.close()


def hold(library: Path) -> None:
    """Keep the write lock until standard input ends."""
    connection = sqlite3.connect(library, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    told(held=True)
    sys.stdin.read()
    connection.execute("ROLLBACK")


def turns(library: Path, session: str) -> None:
    """Open the library, wait for a line on standard input, then make 20 whole turns."""
    store = Store.open(library)
    told(ready=True)
    sys.stdin.readline()
    for number in range(20):
        _, answer = store.begin_turn(session, None, Message("user", f"turn {number}"), "m")
        store.flush_answer(answer.id, "half")
        store.finish_answer(answer.id, "complete", f"answer {number}")
    told(done=store.session(session).messages)
    store.close()


def compare(library: Path) -> None:
    """Comparisons of two models, voted on once or twice, for ever."""
    chance = random.Random(1)
    store = Store.open(library)
    session = store.create_session().id
    while True:
        turn, sides = store.begin_compared(
            session, Message("user", "which?"), [Asked(None, "a"), Asked(None, "b")], blind=True
        )
        for _, answer in sides:
            store.flush_answer(answer.id, f"half an answer by {answer.model}")
        told(did="flush", turn=turn.id)
        if chance.random() < 0.7:
            for _, answer in sides:
                text = f"half an answer by {answer.model}, and the rest"
                store.finish_answer(answer.id, "complete", text)
        for _ in range(chance.randint(1, 2)):
            verdict = chance.choice(VERDICTS)
            told(did="voting", turn=turn.id, verdict=verdict)
            store.vote(turn.id, verdict)
            told(did="vote", turn=turn.id, verdict=verdict)


def votes(library: Path, turn: str) -> None:
    """Open the library, wait for standard input's end, then vote 20 times on one comparison."""
    store = Store.open(library)
    told(ready=True)
    sys.stdin.read()
    for number in range(20):
        verdict = VERDICTS[number % len(VERDICTS)]
        store.vote(turn, verdict, reason=str(number))
    told(verdict=verdict)
    store.close()


if __name__ == "__main__":
    command, path, *arguments = sys.argv[1:]
    commands: dict[str, Callable[..., None]]
    commands = {
        "chat": chat,
        "stream": stream,
        "hold": hold,
        "turns": turns,
        "compare": compare,
        "votes": votes,
    }
    commands[command](Path(path), *arguments)
