"""The library at size: searching 100,000 messages, and opening 10,000 of them.

Yardsticks: for search, FTS5 itself asked for the same words in the same file, the usual way (the 50
best by rank, rowids only), and for the 50 newest with its own snippets; for opening, a session of
50 messages.
"""

import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from g4tui.core import Message
from g4tui.store import Store
from g4tui.store.fold import fts_query, phrases

SESSIONS = 2_000
MESSAGES = 100_000
LONG = 10_000
SHORT = 50
RAW = "SELECT rowid FROM found_messages WHERE found_messages MATCH ? ORDER BY rank LIMIT 50"
RAW_SNIPPETS = (
    "SELECT rowid, snippet(found_messages, 0, '', '', '', 30) FROM found_messages"
    " WHERE found_messages MATCH ? ORDER BY rowid DESC LIMIT 50"
)


def texts(chance: random.Random) -> Iterator[str]:
    """Messages of 10 to 110 words that are as common as words are; one in ten is Japanese."""
    letters = "etaoinshrdlucmfwypvbgkqjxz"
    vocabulary = [
        "".join(chance.choices(letters, range(26, 0, -1), k=chance.randint(2, 10)))
        for _ in range(30_000)
    ]
    kana = [chr(code) for code in range(0x4E00, 0x4E00 + 2_000)]
    heights = [1 / rank for rank in range(1, 30_001)]
    pool = chance.choices(vocabulary, heights, k=200_000)
    while True:
        start, length = chance.randrange(199_800), chance.randint(10, 110)
        text = " ".join(pool[start : start + length])
        yield "".join(chance.choices(kana, k=length)) if chance.random() < 0.1 else text


def best(action: Callable[[], object], rounds: int = 5) -> float:
    """Seconds of the quickest of some rounds."""
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def row(name: str, ratio: float, budget: float | None, detail: str) -> bool:
    """Print one; returns whether it missed its budget."""
    limit = "" if budget is None else f"<= {budget:g}"
    print(f"{name:<50} {ratio:8.2f} {limit:>8}   {detail}", flush=True)
    return budget is not None and ratio > budget


def filled(store: Store, count: int, each: int, source: Iterator[str]) -> list[str]:
    """`count` sessions of `each` messages; returns their ids."""
    ids = []
    for _ in range(count):
        with store.batch():
            session, parent = store.create_session().id, None
            for number in range(each):
                message = Message("assistant" if number % 2 else "user", next(source))
                parent = store.add_message(session, parent, message).id
        ids.append(session)
    return ids


def search_rows(store: Store, library: Path, typed: list[str]) -> bool:
    """Every key of `typed` asks anew, as it does in the search box."""
    keys = [text[:end] for text in typed for end in range(1, len(text) + 1)]
    keys = [key for key in keys if phrases(key)]
    raw = sqlite3.connect(library)

    def asked(statement: str, key: str) -> float:
        query = fts_query(phrases(key), True)
        return best(lambda: raw.execute(statement, (query,)).fetchall())

    ours = {key: best(partial(store.search, key)) for key in keys}
    ranked = {key: asked(RAW, key) for key in keys}
    snippets = {key: asked(RAW_SNIPPETS, key) for key in keys}
    raw.close()
    total, yardstick, plain = sum(ours.values()), sum(ranked.values()), sum(snippets.values())
    slowest = max(keys, key=lambda key: ours[key])
    missed = row(
        f"search as one types, {MESSAGES:,} messages / raw FTS5",
        total / yardstick,
        3.0,
        f"{1e3 * total / len(keys):.2f} ms a key, raw {1e3 * yardstick / len(keys):.2f} ms",
    )
    missed |= row(
        "  the same / raw FTS5, newest first, its snippets",
        total / plain,
        3.0,
        f"raw {1e3 * plain / len(keys):.2f} ms a key",
    )
    row(
        "  its slowest key / raw FTS5 for it",
        ours[slowest] / ranked[slowest],
        None,
        f"{slowest!r}: {1e3 * ours[slowest]:.2f} ms, raw {1e3 * ranked[slowest]:.2f} ms",
    )
    return missed


def opening_rows(store: Store, long: str, short: str) -> bool:
    """What a screen asks the store for when it opens a session, and when it pages."""

    def opened(session: str) -> float:
        return best(lambda: (store.session(session), store.tail(session, limit=SHORT)), 50)

    slow, quick = opened(long), opened(short)
    missed = row(
        f"opening {LONG:,} messages / {SHORT}",
        slow / quick,
        2.0,
        f"{1e3 * slow:.2f} ms, {1e3 * quick:.2f} ms",
    )
    ids = store.path_ids(long)
    whole = best(lambda: store.path_ids(long))
    row("  its path_ids / opening it", whole / slow, None, f"{1e3 * whole:.2f} ms")
    page = best(lambda: store.before(ids[LONG // 2]))
    row("  a page before the middle / opening it", page / slow, None, f"{1e3 * page:.2f} ms")
    page = best(lambda: store.after(ids[LONG // 2]))
    row("  a page after the middle / opening it", page / slow, None, f"{1e3 * page:.2f} ms")
    return missed


def saving_rows(store: Store, session: str) -> None:
    """What a turn costs beside one bare durable commit of SQLite in the same folder."""
    bare = sqlite3.connect(store.file.with_name("bare.sqlite3"), isolation_level=None)
    bare.execute("PRAGMA journal_mode = WAL")
    bare.execute("PRAGMA synchronous = FULL")
    bare.execute("CREATE TABLE bare (a)")
    commit = best(lambda: bare.execute("INSERT INTO bare VALUES (1)"), 50)
    bare.close()
    answers: list[str] = []

    def begin() -> None:
        answers.append(store.begin_turn(session, None, Message("user", "hello " * 20), "m")[1].id)

    begun = best(begin, 50)
    flushed = best(lambda: store.flush_answer(answers[0], "word " * 2_000), 50)
    detail = f"{1e3 * begun:.2f} ms, {1e3 * commit:.2f} ms"
    row("begin_turn / a bare durable commit", begun / commit, None, detail)
    detail = f"{1e3 * flushed:.2f} ms for 10,000 characters"
    row("flush_answer / a bare durable commit", flushed / commit, None, detail)


def main() -> int:
    """Print the rows; 1 if a budget was missed."""
    chance = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "library.sqlite3"
        store = Store.open(library)
        source = texts(chance)
        words = [word for word in next(source).split() if len(word) > 3]
        began = time.perf_counter()
        (long,) = filled(store, 1, LONG, source)
        others = filled(store, SESSIONS, (MESSAGES - LONG) // SESSIONS, source)
        built = time.perf_counter() - began
        (short,) = filled(store, 1, SHORT, source)
        print(
            f"{MESSAGES:,} messages saved in {built:.0f} s,"
            f" {library.stat().st_size / 2**20:.0f} MiB; figures are ratios, then absolute\n"
        )
        typed = [words[0], f"{words[1]} {words[2]}", f'"{words[3]} ', "一丁七", "the e", "zzz"]
        missed = search_rows(store, library, typed)
        missed |= opening_rows(store, long, short)
        saving_rows(store, others[0])
        store.close()
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
