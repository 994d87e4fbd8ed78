"""How the library's schema came to be, step by step. A step that was released never changes."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from g4tui.core import G4tuiError
from g4tui.store import errors, files, index
from g4tui.store.database import Database, newer

Migration = tuple[str, ...]

FIRST: Migration = (
    # `touched` is `updated` by a clock that never goes back: it orders sessions.
    """CREATE TABLE sessions (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        created REAL NOT NULL,
        updated REAL NOT NULL,
        touched REAL NOT NULL,
        head INTEGER,
        messages INTEGER NOT NULL DEFAULT 0,
        private INTEGER NOT NULL DEFAULT 0,
        context INTEGER,
        title_is_set INTEGER NOT NULL DEFAULT 0,
        title TEXT NOT NULL DEFAULT '',
        model TEXT NOT NULL DEFAULT '',
        params TEXT NOT NULL DEFAULT '',
        system TEXT NOT NULL DEFAULT ''
    )""",
    "CREATE INDEX sessions_touched ON sessions (touched)",
    # `seq` orders siblings. `depth` is 1 for a first message. The long columns come last, so that
    # walking the tree reads none of their pages. `owner` is the lease of who is streaming.
    """CREATE TABLE messages (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        session INTEGER NOT NULL REFERENCES sessions (seq),
        parent INTEGER REFERENCES messages (seq) DEFERRABLE INITIALLY DEFERRED,
        depth INTEGER NOT NULL,
        role TEXT NOT NULL,
        state TEXT NOT NULL,
        owner TEXT,
        finish_reason TEXT,
        memory_start TEXT,
        starred INTEGER NOT NULL DEFAULT 0,
        created REAL NOT NULL,
        model TEXT NOT NULL DEFAULT '',
        params TEXT NOT NULL DEFAULT '',
        usage TEXT NOT NULL DEFAULT '',
        error TEXT NOT NULL DEFAULT '',
        text TEXT NOT NULL DEFAULT '',
        reasoning TEXT NOT NULL DEFAULT '',
        attachments TEXT NOT NULL DEFAULT ''
    )""",
    "CREATE INDEX messages_parent ON messages (parent, session)",
    "CREATE INDEX messages_session ON messages (session)",
    "CREATE INDEX messages_streaming ON messages (owner) WHERE state = 'streaming'",
    """CREATE TABLE consents (
        session INTEGER NOT NULL REFERENCES sessions (seq) ON DELETE CASCADE,
        destination TEXT NOT NULL,
        created REAL NOT NULL,
        PRIMARY KEY (session, destination)
    ) WITHOUT ROWID""",
    *index.CREATED,
    """CREATE TRIGGER messages_added AFTER INSERT ON messages BEGIN
        UPDATE sessions SET messages = messages + 1 WHERE seq = new.session;
        INSERT INTO found_messages (rowid, words)
            SELECT new.seq, g4tui_indexed(new.text) WHERE new.state <> 'streaming';
    END""",
    """CREATE TRIGGER messages_changed AFTER UPDATE OF state, text ON messages
        WHEN old.state <> 'streaming' OR new.state <> 'streaming' BEGIN
        DELETE FROM found_messages WHERE rowid = old.seq;
        INSERT INTO found_messages (rowid, words)
            SELECT new.seq, g4tui_indexed(new.text) WHERE new.state <> 'streaming';
    END""",
    """CREATE TRIGGER messages_removed AFTER DELETE ON messages BEGIN
        UPDATE sessions SET messages = messages - 1 WHERE seq = old.session;
        DELETE FROM found_messages WHERE rowid = old.seq;
    END""",
    # A title taken from the first message is found by that message.
    """CREATE TRIGGER titles_added AFTER INSERT ON sessions WHEN new.title_is_set BEGIN
        INSERT INTO found_titles (rowid, words) VALUES (new.seq, g4tui_indexed(new.title));
    END""",
    """CREATE TRIGGER titles_changed AFTER UPDATE OF title, title_is_set ON sessions BEGIN
        DELETE FROM found_titles WHERE rowid = old.seq;
        INSERT INTO found_titles (rowid, words)
            SELECT new.seq, g4tui_indexed(new.title) WHERE new.title_is_set;
    END""",
    """CREATE TRIGGER titles_removed AFTER DELETE ON sessions BEGIN
        DELETE FROM found_titles WHERE rowid = old.seq;
    END""",
)

# Comparisons and their votes, shelves, tags, corrections, and where a session was imported from.
SECOND: Migration = (
    "ALTER TABLE sessions ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE sessions ADD COLUMN archived INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE sessions ADD COLUMN deleted REAL",
    "ALTER TABLE sessions ADD COLUMN origin TEXT NOT NULL DEFAULT ''",
    "CREATE UNIQUE INDEX sessions_origin ON sessions (origin) WHERE origin <> ''",
    "ALTER TABLE messages ADD COLUMN corrects TEXT",
    "CREATE INDEX messages_corrects ON messages (corrects) WHERE corrects IS NOT NULL",
    "CREATE INDEX messages_starred ON messages (seq) WHERE starred = 1",
    "CREATE INDEX messages_model ON messages (model) WHERE model <> ''",
    """CREATE TABLE tags (
        session INTEGER NOT NULL REFERENCES sessions (seq) ON DELETE CASCADE,
        tag TEXT NOT NULL COLLATE NOCASE,
        PRIMARY KEY (session, tag)
    ) WITHOUT ROWID""",
    "CREATE INDEX tags_tag ON tags (tag)",
    """CREATE TABLE turns (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        session INTEGER NOT NULL REFERENCES sessions (seq) ON DELETE CASCADE,
        created REAL NOT NULL,
        blind INTEGER NOT NULL,
        revealed REAL
    )""",
    "CREATE INDEX turns_session ON turns (session)",
    # `place` is the order in which the models were asked, `shown` the one on the screen.
    """CREATE TABLE turn_answers (
        turn INTEGER NOT NULL REFERENCES turns (seq) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        shown INTEGER NOT NULL,
        message INTEGER NOT NULL UNIQUE REFERENCES messages (seq) ON DELETE CASCADE,
        PRIMARY KEY (turn, place)
    ) WITHOUT ROWID""",
    # The answers as they were when the person voted: a turn's may be replaced later.
    """CREATE TABLE votes (
        turn INTEGER PRIMARY KEY REFERENCES turns (seq) ON DELETE CASCADE,
        left_answer INTEGER NOT NULL REFERENCES messages (seq) ON DELETE CASCADE,
        right_answer INTEGER NOT NULL REFERENCES messages (seq) ON DELETE CASCADE,
        left_asked_first INTEGER NOT NULL,
        verdict TEXT NOT NULL,
        blind INTEGER NOT NULL,
        revealed_first INTEGER NOT NULL,
        created REAL NOT NULL,
        reason TEXT NOT NULL
    )""",
    "CREATE INDEX votes_left ON votes (left_answer)",
    "CREATE INDEX votes_right ON votes (right_answer)",
)

# What all models go on from after a comparison: one of its answers, or a correction of one.
THIRD: Migration = (
    "ALTER TABLE turns ADD COLUMN chosen INTEGER REFERENCES messages (seq) ON DELETE SET NULL",
    "CREATE INDEX turns_chosen ON turns (chosen)",
    # A correction as the head has always been what all went on from.
    """UPDATE turns SET chosen = (
        SELECT c.seq FROM sessions s JOIN messages c ON c.seq = s.head
            JOIN messages m ON m.id = c.corrects JOIN turn_answers a ON a.message = m.seq
        WHERE s.seq = turns.session AND a.turn = turns.seq)""",
)

# A vote is on two answers of a turn: of three there may be three.
FOURTH: Migration = (
    """CREATE TABLE pair_votes (
        seq INTEGER PRIMARY KEY,
        turn INTEGER NOT NULL REFERENCES turns (seq) ON DELETE CASCADE,
        left_answer INTEGER NOT NULL REFERENCES messages (seq) ON DELETE CASCADE,
        right_answer INTEGER NOT NULL REFERENCES messages (seq) ON DELETE CASCADE,
        left_asked_first INTEGER NOT NULL,
        verdict TEXT NOT NULL,
        blind INTEGER NOT NULL,
        revealed_first INTEGER NOT NULL,
        created REAL NOT NULL,
        reason TEXT NOT NULL
    )""",
    """INSERT INTO pair_votes (turn, left_answer, right_answer, left_asked_first, verdict, blind,
           revealed_first, created, reason)
       SELECT turn, left_answer, right_answer, left_asked_first, verdict, blind, revealed_first,
           created, reason FROM votes ORDER BY created, turn""",
    "DROP TABLE votes",
    "CREATE INDEX pair_votes_turn ON pair_votes (turn)",
    "CREATE INDEX pair_votes_left ON pair_votes (left_answer)",
    "CREATE INDEX pair_votes_right ON pair_votes (right_answer)",
)

MIGRATIONS: tuple[Migration, ...] = (FIRST, SECOND, THIRD, FOURTH)


def migrate(database: Database, migrations: Sequence[Migration] = MIGRATIONS) -> Path | None:
    """Bring the library up to the last of `migrations`, step by step.

    A library that has data is copied first; returns where to, or `None` where nothing was to do.
    Another process may do the same at once: whoever is first does all of it. Raises `G4tuiError`
    of kind `storage`; a step that failed is undone whole, those before it and the copy stay.
    """
    with database.read() as reader:
        if _version_to_migrate(database, reader, migrations) is None:
            return None
    failure: G4tuiError | None = None
    with database.write() as writer:
        version = _version_to_migrate(database, writer, migrations)
        if version is None:
            return None  # another process was faster
        backup = _backed_up(database, version) if version else None
        for number, statements in enumerate(migrations[version:], version + 1):
            try:
                with database.write() as step:
                    for statement in statements:
                        step.execute(statement)
                    step.execute(f"PRAGMA application_id = {files.APPLICATION_ID}")
                    step.execute(f"PRAGMA user_version = {number}")
            except G4tuiError as error:
                failure = error
                break
    if failure is not None:
        raise failure
    return backup


def _version_to_migrate(
    database: Database, connection: sqlite3.Connection, migrations: Sequence[Migration]
) -> int | None:
    """The library's version if it is behind, `None` if it is the last; newer ones are refused."""
    version = _version(connection)
    if version > len(migrations):
        raise newer(database.path, version, len(migrations))
    return version if version < len(migrations) else None


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _backed_up(database: Database, version: int) -> Path:
    """A copy of what is committed, made while nobody else can write."""
    source = database.connect()
    try:
        return files.copied(source, files.backup_name(database.path, version))
    except OSError as error:
        raise errors.disk_error(error, database.path) from error
    finally:
        source.close()
