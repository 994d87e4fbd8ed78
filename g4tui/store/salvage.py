"""Getting out of a damaged library what can still be read, row by row, into a new one."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from g4tui.core import G4tuiError
from g4tui.store import errors, files
from g4tui.store.database import Database, newer
from g4tui.store.migrations import MIGRATIONS, migrate
from g4tui.store.pages import Pages, Record
from g4tui.store.salvage_rows import OLD_COLUMNS, TABLES, Row, mended, table_of
from g4tui.store.store import BUSY_S, Store


@dataclass
class Salvaged:
    """What is in the new library, and what is known to be lost.

    `lost_messages`: of the sessions that were read. `cut`: messages whose end is lost. `orphans`:
    messages that lost the one before them and are first ones now. `nameless`: sessions of which
    only messages are left; they count as private, since they may have been.
    """

    sessions: int = 0
    messages: int = 0
    turns: int = 0
    votes: int = 0
    lost_messages: int = 0
    lost_turns: int = 0
    lost_votes: int = 0
    cut: int = 0
    orphans: int = 0
    nameless: int = 0


def salvage(source: Path, target: Path, library: Path | None = None) -> Salvaged:
    """Write what can be read of the library at `source` to a new one at `target`.

    `library` is the one in use, which may be another. `source` is only read. What may be sent to
    which host is asked again. Raises `G4tuiError` where nothing can be read at all; then `target`
    is not there.
    """
    if target.exists():
        raise G4tuiError(
            "usage",
            "The new library would replace a file",
            f"{target} is there.",
            "Choose another name for the new library.",
        )
    if not source.is_file():
        raise G4tuiError(
            "missing",
            "There is no such library",
            f"{source} is no file.",
            "Give the file that is damaged.",
        )
    found = Salvaged()
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with TemporaryDirectory(dir=target.parent, prefix=".salvage-") as folder:
            _make(source, Path(folder) / "new.sqlite3", target, found, library)
    except OSError as error:
        wrong = Path(error.filename) if error.filename == str(source) else target
        raise errors.disk_error(error, wrong) from error
    return found


def _make(source: Path, new: Path, target: Path, found: Salvaged, library: Path | None) -> None:
    """The new library is made at `new`, and copied to `target` when it is whole."""
    try:
        files.created_private(new)
        database = Database(new, BUSY_S)
        try:
            migrate(database)
            with closing(sqlite3.connect(new.with_name("heap.sqlite3"))) as heap:
                heap.row_factory = sqlite3.Row
                with errors.told(new), database.write() as connection:
                    _gather(source, connection, heap, found)
                    _build(connection, heap, found)
        finally:
            database.close()
        if not found.messages and not found.sessions:
            raise _nothing_left(source, library)
        store = Store.open(new)
        try:
            if wrong := store.check():
                raise errors.damaged(new, "; ".join(wrong[:3]))
            store.backup(target)
        finally:
            store.close()
    except G4tuiError as error:
        # A person knows the file that was asked for, not the one on the way to it.
        detail = error.info.detail.replace(str(new), str(target))
        raise G4tuiError.of(msgspec.structs.replace(error.info, detail=detail)) from error


def _nothing_left(source: Path, library: Path | None) -> G4tuiError:
    if library is not None and not (library.exists() and library.samefile(source)):
        return errors.not_for(source, library, "There is not one row of a library in it.")
    backup = files.newest_backup(source)
    return G4tuiError(
        "storage",
        "Nothing of the library can be read",
        f"There is not one row in {source}. It was left untouched.",
        f"Put the newest backup in place: g4tui sessions restore {backup}"
        if backup is not None
        else "There is no backup. To begin anew, move the file away.",
    )


def _gather(
    source: Path, new: sqlite3.Connection, heap: sqlite3.Connection, found: Salvaged
) -> None:
    """Throw every row that can be read on a heap of tables without order or rules."""
    names = {
        table: OLD_COLUMNS.get(table)
        or [name for _, name, *_ in new.execute(f"PRAGMA table_info({table})")]
        for table in TABLES
    }
    for table, columns in names.items():
        heap.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
    journal = files.journal(source)
    with source.open("rb") as file:
        header = file.read(files.HEADER_LENGTH)
        version = files.header_number(header, 60)
        if files.header_number(header, 68) == files.APPLICATION_ID and version > len(MIGRATIONS):
            raise newer(source, version, len(MIGRATIONS))
        file.seek(0)
        with journal.open("rb") if journal.exists() else nullcontext() as written:
            for record in Pages(file, written).records():
                kind = table_of(record)
                if kind is not None:
                    _throw(heap, kind, names[kind], record, found)


def _throw(
    heap: sqlite3.Connection, table: str, names: Sequence[str], record: Record, found: Salvaged
) -> None:
    values = list(record.values[: len(names)])
    if record.number is not None:
        values[0] = record.number
    if table == "messages" and not record.is_whole:
        found.cut += 1
        values[6] = "interrupted" if values[5] == "assistant" else values[6]
    columns = ", ".join(names[: len(values)])
    marks = ", ".join("?" * len(values))
    heap.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)


def _build(new: sqlite3.Connection, heap: sqlite3.Connection, found: Salvaged) -> None:
    new.execute("PRAGMA defer_foreign_keys = ON")
    counts: dict[int, int] = {}
    for row in _rows(heap, "sessions"):
        if _insert(new, "sessions", {**mended(row), "messages": 0}):
            counts[_whole(row["seq"])] = _whole(row["messages"])
    found.sessions = len(counts)
    messages = _add_messages(new, heap, counts, found)
    for row in _rows(heap, "tags"):
        if row["session"] in counts:
            _insert(new, "tags", row)
    _add_turns(new, heap, messages, found)
    new.execute(
        """UPDATE sessions SET head = (SELECT max(seq) FROM messages m
               WHERE m.session = sessions.seq)
           WHERE head IS NULL
               OR head NOT IN (SELECT seq FROM messages m WHERE m.session = sessions.seq)"""
    )


def _add_messages(
    new: sqlite3.Connection, heap: sqlite3.Connection, counts: dict[int, int], found: Salvaged
) -> dict[int, int]:
    """Returns the session of each message. `counts`: how many each session had."""
    depths: dict[int, int] = {}
    sessions: dict[int, int] = {}
    for row in _rows(heap, "messages"):
        seq, session, parent = _whole(row["seq"]), _whole(row["session"]), row["parent"]
        if session not in counts:
            _insert(new, "sessions", _nameless(session, row))
            counts[session] = 0
            found.nameless += 1
        if parent is not None and sessions.get(_whole(parent)) != session:
            found.orphans += 1
            parent = None
        depth = 1 if parent is None else depths[_whole(parent)] + 1
        placed = {**mended(row), "parent": parent, "depth": depth}
        if _insert(new, "messages", placed):
            depths[seq], sessions[seq] = depth, session
    found.messages = len(sessions)
    read = Counter(sessions.values())
    found.lost_messages = sum(max(0, count - read[seq]) for seq, count in counts.items())
    return sessions


def _add_turns(
    new: sqlite3.Connection, heap: sqlite3.Connection, messages: dict[int, int], found: Salvaged
) -> None:
    """Comparisons of which two answers are left, and votes on answers that both are."""
    answers: dict[object, list[Row]] = {}
    for row in _rows(heap, "turn_answers"):
        answers.setdefault(row["turn"], []).append(row)
    votes: dict[object, list[Row]] = {}
    for table in ("pair_votes", "votes"):
        for row in _rows(heap, table):
            votes.setdefault(row["turn"], []).append(row)
    named = answers.keys() | votes.keys()
    for row in _rows(heap, "turns"):
        turn, session = row["seq"], row["session"]
        named -= {turn}
        left = [
            each
            for each in answers.get(turn, ())
            if messages.get(_whole(each["message"])) == session
        ]
        if row.get("chosen") not in messages:
            row["chosen"] = None
        if len(left) < 2 or not _insert(new, "turns", row):
            found.lost_turns += 1
            found.lost_votes += len(votes.get(turn, ()))
            continue
        found.turns += 1
        for answer in left:
            _insert(new, "turn_answers", answer)
        for vote in votes.get(turn, ()):
            if {vote["left_answer"], vote["right_answer"]} <= messages.keys():
                found.votes += _insert(new, "pair_votes", vote)
            else:
                found.lost_votes += 1
    found.lost_turns += len(named)
    found.lost_votes += sum(len(votes.get(turn, ())) for turn in named)


def _nameless(session: int, row: Row) -> Row:
    """A session for messages whose own is lost."""
    created = row["created"]
    return {
        "seq": session,
        "id": f"salvaged{session}",
        "created": created,
        "updated": created,
        "touched": created,
        "title": f"Salvaged {session}",
        "private": 1,
    }


def _rows(heap: sqlite3.Connection, table: str) -> Iterator[Row]:
    """Each row once, in the order they were made."""
    for row in heap.execute(f"SELECT * FROM {table} ORDER BY 1, 2"):
        yield dict(row)


def _insert(new: sqlite3.Connection, table: str, row: Row) -> bool:
    """Whether it fits: two of one name do not. What is not known takes its default."""
    kept = {name: value for name, value in row.items() if value is not None}
    marks = ", ".join("?" * len(kept))
    done = new.execute(
        f"INSERT OR IGNORE INTO {table} ({', '.join(kept)}) VALUES ({marks})", list(kept.values())
    )
    return done.rowcount == 1


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
