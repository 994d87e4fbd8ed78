"""An import that is killed, and one beside somebody who writes."""

import random
from collections.abc import Callable
from pathlib import Path

import g4tui_exchange
from g4tui.core import Message
from g4tui.exchange import ImportReport, import_from
from g4tui.store import Store
from support.chatgpt import many, written
from support.store_process import Child

PROGRAM = Path(__file__).parent.parent / "support" / "import_child.py"
COUNT = 300
Import = Callable[..., ImportReport]


def titles(store: Store) -> list[str]:
    return sorted(row.title for row in store.sessions())


def test_what_was_killed_in_mid_import_goes_on_where_it_was(
    imported: Import, store: Store, tmp_path: Path
) -> None:
    path = written(tmp_path / "conversations.json", many(COUNT))
    chance = random.Random(7)
    acknowledged: set[str] = set()
    for _ in range(4):
        child = Child.of(PROGRAM, str(store.file), str(path))
        try:
            for _ in range(chance.randint(1, 12)):
                acknowledged |= set(child.told()["new"])
            for last in child.kill():
                acknowledged |= set(last["new"])
        finally:
            child.end()
        assert store.check() == []
        rows = store.sessions()
        assert acknowledged <= {row.id for row in rows}, "what was told is there"
        assert len({row.origin for row in rows}) == len(rows)
    before = len(store.sessions())
    report = imported(path)
    assert (len(report.new), report.known, report.error) == (COUNT - before, before, None)
    assert titles(store) == sorted(f"Talk {number}" for number in range(COUNT))
    whole = Store.open(tmp_path / "whole.sqlite3")
    import_from(path, g4tui_exchange.g4tui_register_importers(), whole)
    assert {row.origin: row.messages for row in store.sessions()} == {
        row.origin: row.messages for row in whole.sessions()
    }
    whole.close()


def test_others_can_write_while_an_import_goes_on(store: Store, tmp_path: Path) -> None:
    path = written(tmp_path / "conversations.json", many(COUNT))
    session = store.create_session().id
    child = Child.of(PROGRAM, str(store.file), str(path))
    written_between = 0
    try:
        while child.told()["share"] < 1.0:
            store.add_message(session, None, Message("user", "hello"))
            written_between += 1
        child.go_on()
        assert child.process.wait(60) == 0
    finally:
        child.end()
    assert written_between > 3
    assert store.session(session).messages == written_between
    assert len(store.sessions()) == COUNT + 1
    assert store.check() == []
