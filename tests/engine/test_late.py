"""What a locked library could not take at once: kept in order, and written when it can be."""

import asyncio
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from g4tui.core import G4tuiError, Message
from g4tui.engine.late import LateSaves
from g4tui.store import Asked, SessionRow, Store, TurnRow, VoteRow


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "library.sqlite3", busy_s=0.05)
    yield opened
    opened.close()


@pytest.fixture
def lock(store: Store) -> Iterator[sqlite3.Connection]:
    """Another program that writes, until it rolls back."""
    connection = sqlite3.connect(store.file, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


@pytest.fixture
def turn(store: Store) -> TurnRow:
    session = store.create_session().id
    sides = [Asked(None, "a"), Asked(None, "b")]
    turn, _ = store.begin_compared(session, Message("user", "hi"), sides, blind=True)
    return turn


async def test_a_vote_in_a_locked_library_is_written_when_it_can_be(
    store: Store, turn: TurnRow, lock: sqlite3.Connection
) -> None:
    late, saved = LateSaves[VoteRow](), asyncio.Event()
    late.tell(lambda row: saved.set())
    assert await late.now_or_later(partial(store.vote, turn.id, "left")) is None
    assert late.are_waiting
    assert store.votes() == []

    lock.execute("ROLLBACK")
    await asyncio.wait_for(saved.wait(), 30)
    (vote,) = store.votes()
    assert (vote.verdict, vote.blind) == ("left", True)
    assert not late.are_waiting
    assert await late.now_or_later(partial(store.vote, turn.id, "tie")) == store.votes()[0]


async def test_votes_are_written_in_the_order_they_were_given(
    store: Store, turn: TurnRow, lock: sqlite3.Connection
) -> None:
    late = LateSaves[VoteRow]()
    for verdict in ("left", "right", "both_bad"):
        assert await late.now_or_later(partial(store.vote, turn.id, verdict)) is None
    lock.execute("ROLLBACK")
    await late.close()
    (vote,) = store.votes()
    # As if nothing had been locked: the first vote showed the names.
    assert (vote.verdict, vote.blind, vote.revealed_first) == ("both_bad", False, True)


async def test_what_can_never_be_saved_is_told_at_once(store: Store, turn: TurnRow) -> None:
    store.delete_session(turn.session)
    late = LateSaves[VoteRow]()
    with pytest.raises(G4tuiError) as raised:
        await late.now_or_later(partial(store.vote, turn.id, "left"))
    assert raised.value.info.kind == "missing"
    assert not late.are_waiting


async def test_what_can_never_be_saved_any_more_holds_up_nothing(
    store: Store, turn: TurnRow, lock: sqlite3.Connection
) -> None:
    late, heard = LateSaves[VoteRow | SessionRow](), []
    late.tell(heard.append)
    other = partial(store.rename_session, turn.session, "new")
    assert await late.now_or_later(partial(store.vote, "gone", "left")) is None
    assert await late.now_or_later(other) is None
    lock.execute("ROLLBACK")
    await late.close()
    assert not late.are_waiting
    assert len(heard) == 1
    assert store.session(turn.session).title == "new"


async def test_a_locked_library_makes_what_comes_later_wait_its_turn(
    store: Store, turn: TurnRow, lock: sqlite3.Connection
) -> None:
    late = LateSaves[VoteRow]()
    late.hold(partial(store.vote, turn.id, "left"))
    assert not await late.save()
    lock.execute("ROLLBACK")
    vote = await late.now_or_later(partial(store.vote, turn.id, "tie"))
    assert vote is not None and (vote.verdict, vote.revealed_first) == ("tie", True)
    await late.close()
    await LateSaves[VoteRow]().close()
