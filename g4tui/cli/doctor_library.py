"""What `g4tui doctor` finds out about the library of chats. It changes no byte of it."""

import sqlite3
from pathlib import Path

from g4tui.cli.doctor_facts import LibraryFacts
from g4tui.core import G4tuiError
from g4tui.engine.caches import conversation_folders, folder_size
from g4tui.paths import Paths
from g4tui.store import errors, files
from g4tui.store.database import checked_file
from g4tui.store.migrations import MIGRATIONS

# The first version of a library that has a bin.
WITH_BIN = 2
_IN_BIN = """
    SELECT count(DISTINCT s.seq), coalesce(sum(
        length(CAST(m.text AS BLOB)) + length(CAST(m.reasoning AS BLOB))
        + length(CAST(m.attachments AS BLOB))), 0)
    FROM sessions s LEFT JOIN messages m ON m.session = s.seq WHERE s.deleted IS NOT NULL
"""


def library_facts(paths: Paths, problems: list[str]) -> LibraryFacts:
    """Look at it as every command would; what would make them refuse it becomes a problem."""
    file = paths.data / "library.sqlite3"
    facts = LibraryFacts(str(file))
    try:
        _look_around(file, paths.cache / "plugins", facts)
        checked_file(file, len(MIGRATIONS))
        if facts.size_bytes:
            _look_inside(file, facts)
    except G4tuiError as error:
        facts.check = error.info.title
        problems.append(str(error))
    except OSError as error:
        facts.check = "cannot be read"
        problems.append(str(errors.disk_error(error, file)))
    return facts


def _look_around(file: Path, plugin_caches: Path, facts: LibraryFacts) -> None:
    if file.exists():
        parts = [part for part in (file, files.journal(file)) if part.exists()]
        facts.size_bytes = sum(part.stat().st_size for part in parts)
    backups = [found.stat() for found in files.backups(file)]
    facts.backups = len(backups)
    facts.backups_bytes = sum(stat.st_size for stat in backups)
    facts.newest_backup = max((stat.st_mtime for stat in backups), default=None)
    folders = conversation_folders(plugin_caches)
    facts.states = len({folder.name for folder in folders})
    facts.states_bytes = sum(map(folder_size, folders))


def _look_inside(file: Path, facts: LibraryFacts) -> None:
    with errors.told(file):
        connection = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            said = [str(row[0]) for row in connection.execute("PRAGMA quick_check(5)")]
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version:
                (facts.sessions,) = connection.execute("SELECT count(*) FROM sessions").fetchone()
            if version >= WITH_BIN:
                facts.in_bin, facts.in_bin_bytes = connection.execute(_IN_BIN).fetchone()
        finally:
            connection.close()
    if said != ["ok"]:
        raise errors.damaged(file, "; ".join(" ".join(line.split()) for line in said))
    if version:
        facts.check = "ok"
