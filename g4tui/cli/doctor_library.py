"""What `g4tui doctor` finds out about the library of chats. It changes no byte of it."""

import sqlite3
from pathlib import Path

from g4tui.cli.doctor_facts import LibraryFacts
from g4tui.core import G4tuiError
from g4tui.store import errors
from g4tui.store.database import checked_file
from g4tui.store.migrations import MIGRATIONS


def library_facts(file: Path, problems: list[str]) -> LibraryFacts:
    """Look at it as every command would; what would make them refuse it becomes a problem."""
    facts = LibraryFacts(str(file))
    try:
        if file.exists():
            facts.size_bytes = file.stat().st_size
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


def _look_inside(file: Path, facts: LibraryFacts) -> None:
    with errors.told(file):
        connection = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            said = [str(row[0]) for row in connection.execute("PRAGMA quick_check(5)")]
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version:
                (facts.sessions,) = connection.execute("SELECT count(*) FROM sessions").fetchone()
        finally:
            connection.close()
    if said != ["ok"]:
        raise errors.damaged(file, "; ".join(" ".join(line.split()) for line in said))
    if version:
        facts.check = "ok"
