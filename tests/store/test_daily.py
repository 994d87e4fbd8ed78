"""Backups that the library makes of itself."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from g4tui.core import G4tuiError, Message
from g4tui.store import Store
from g4tui.store.daily import DAY_S, NEWEST, WEEK_S, WEEKS, daily_backup, too_many
from g4tui.store.lease import alone


def aged(store: Store, days: float = 3) -> str:
    """A chat that began so many days ago."""
    session = store.create_session(created=time.time() - days * DAY_S).id
    store.add_message(session, None, Message("user", "an old question"))
    return session


def set_back(file: Path, days: float) -> None:
    """As if it had been written then."""
    then = time.time() - days * DAY_S
    os.utime(file, (then, then))


def names(store: Store) -> list[str]:
    return sorted(file.name for file in (store.file.parent / "backups").glob("*.sqlite3"))


def test_a_young_library_waits_for_its_first_day(store: Store) -> None:
    assert daily_backup(store) is None
    aged(store, days=0.5)
    assert daily_backup(store) is None
    assert not (store.file.parent / "backups").exists() or names(store) == []


def test_one_a_day_and_only_of_what_has_changed(store: Store) -> None:
    session = aged(store)
    first = daily_backup(store)
    assert first is not None and first.stat().st_mode & 0o777 == 0o600
    assert daily_backup(store) is None

    set_back(first, 1.1)
    for part in store.file.parent.glob("library.sqlite3*"):
        if part.is_file():
            set_back(part, 2)
    assert daily_backup(store) is None  # nothing was said since

    store.add_message(session, None, Message("user", "and a new one"))
    second = daily_backup(store)
    assert second is not None
    copies = [Store.open(file) for file in (first, second)]
    assert [len(copy.all_messages(session)) for copy in copies] == [1, 2]
    assert [copy.check() for copy in copies] == [[], []]
    for copy in copies:
        copy.close()


def test_any_backup_of_today_is_enough(store: Store) -> None:
    aged(store)
    by_hand = store.backup()
    assert daily_backup(store) is None
    set_back(by_hand, 2)
    assert daily_backup(store) is not None
    assert by_hand.exists()


def test_old_ones_are_thinned_out_and_what_others_made_stays(store: Store) -> None:
    aged(store)
    by_hand = store.backup()
    set_back(by_hand, 90)
    folder = by_hand.parent
    for day in range(2, 80):
        file = folder / f"library-daily-{day:02}.sqlite3"
        file.touch()
        set_back(file, day)
    made = daily_backup(store)
    assert made is not None
    left = names(store)
    assert {made.name, by_hand.name, "library-daily-02.sqlite3"} <= set(left)
    assert len(left) == 1 + NEWEST + WEEKS


def test_however_long_one_stays_there_is_always_one_of_weeks_ago(tmp_path: Path) -> None:
    """A year of days, each with its backup."""
    kept: list[Path] = []
    for day in range(365):
        file = tmp_path / str(day)
        file.touch()
        os.utime(file, (day * DAY_S, day * DAY_S))
        kept.insert(0, file)
        for old in too_many(kept):
            kept.remove(old)
        assert kept[:NEWEST] == [tmp_path / str(each) for each in range(day, max(-1, day - 3), -1)]
        assert len(kept) <= NEWEST + WEEKS
        if day > 35:
            age = day * DAY_S - kept[-1].stat().st_mtime
            assert (WEEKS - 2) * WEEK_S < age < WEEKS * WEEK_S


def test_only_one_g4tui_makes_it(store: Store) -> None:
    aged(store)
    folder = store.file.parent / "backups"
    folder.mkdir()
    with alone(folder / ".lock") as is_alone:
        assert is_alone
        assert daily_backup(store) is None
    assert daily_backup(store) is not None


def test_what_a_killed_process_left_half_done_is_taken_away(store: Store) -> None:
    aged(store)
    folder = store.file.parent / "backups"
    folder.mkdir()
    old, new = folder / "library-daily-1.sqlite3.partial", folder / "library-2.sqlite3.partial"
    old.touch()
    new.touch()
    set_back(old, 2)
    assert daily_backup(store) is not None
    assert not old.exists() and new.exists()


def test_a_backup_never_takes_the_last_room(small_disk: Path) -> None:
    store = Store.open(small_disk / "library.sqlite3")
    session = aged(store)
    store.add_message(session, None, Message("user", "word " * 20_000))
    with pytest.raises(G4tuiError, match="nearly full") as raised:
        daily_backup(store)
    assert "library.backups false" in raised.value.info.remedy
    assert names(store) == []
    store.add_message(session, None, Message("user", "there is room for this"))
    store.close()


def test_a_folder_that_cannot_be_written_is_told(
    store: Store, read_only: Callable[[Path], None]
) -> None:
    aged(store)
    folder = store.file.parent / "backups"
    folder.mkdir()
    read_only(folder)
    with pytest.raises(G4tuiError) as raised:
        daily_backup(store)
    assert raised.value.info.kind == "storage" and str(folder) in str(raised.value)
