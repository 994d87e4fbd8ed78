"""What is done to the library once in a while."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from g4tui.core import Host, Message
from g4tui.paths import Paths
from g4tui.store import Store
from g4tui.upkeep import look_after

DAY_S = 24 * 3600.0


class Clock:
    """The real time, and days on top of it."""

    days = 0.0

    def __call__(self) -> float:
        return time.time() + self.days * DAY_S


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "config", tmp_path / "data", tmp_path / "cache")


@pytest.fixture
def store(paths: Paths, clock: Clock) -> Iterator[Store]:
    opened = Store.open(paths.database, clock=clock)
    yield opened
    opened.close()


def test_the_bin_empties_itself_and_what_models_kept_goes_with_it(
    store: Store, paths: Paths, clock: Clock
) -> None:
    clock.days = -31
    old, kept = (store.create_session(title=title).id for title in ("old", "kept"))
    store.bin_session(old)
    clock.days = -29
    new = store.create_session(title="new").id
    store.bin_session(new)
    clock.days = 0
    host = Host(paths.plugin_cache("llama-cpp"))
    folders = {name: host.conversation_dir(name) for name in (old, kept, new, "of-nobody")}
    for folder in folders.values():
        (folder / "state").write_bytes(b"tokens")

    assert look_after(store, paths, backups=False) == [old]
    assert [row.id for row in store.sessions(shelf="bin")] == [new]
    assert {name for name, folder in folders.items() if folder.exists()} == {kept, new}
    assert look_after(store, paths, backups=False) == []


def test_backups_are_made_unless_they_are_not_wanted(store: Store, paths: Paths) -> None:
    session = store.create_session(created=time.time() - 2 * DAY_S).id
    store.add_message(session, None, Message("user", "hello"))
    look_after(store, paths, backups=False)
    assert not (paths.data / "backups").exists()
    look_after(store, paths, backups=True)
    assert len(list((paths.data / "backups").glob("library-daily-*.sqlite3"))) == 1
