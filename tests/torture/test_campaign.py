"""A little of the campaign, so that it stays as sound as the program; and that it sees harm."""

import random
import sqlite3
from itertools import islice
from pathlib import Path

import pytest

from torture import oracle
from torture.campaign import campaign, deck, table
from torture.faults import FAULTS, files, screens
from torture.library import Ledger, Saved
from torture.world import opened_world

FEW = ("kill -9 of the chat", "the teacher misbehaves, asked by ask", "resize storm")
LINE = [0, 0, 0, 0, 0, 0, []]
SAVED = Saved("1", "s", None, "user", "complete", "hello", "", 0, None)


def test_a_few_faults_lose_nothing() -> None:
    said: list[str] = []
    outcome = campaign(1, 0, None, said.append, names=FEW, count=len(FEW))
    assert outcome.violations == [], "\n".join([table(outcome), *said])
    assert sorted(outcome.rows) == sorted(FEW)
    assert all(row.tried == 1 for row in outcome.rows.values())
    assert outcome.totals["messages acknowledged"]


def test_sessions_in_a_row_and_damaged_files(tmp_path: Path) -> None:
    with opened_world(tmp_path / "world", 1, None, print) as world:
        screens.opened_in_a_row(world, 5)
        files.damaged_files(world, 8)
        world.settle()
        assert world.violations == []
        assert sum(world.files) == 8


def test_a_seed_draws_the_same_again() -> None:
    decks = [deck(random.Random(7), [*FAULTS.values()]) for _ in range(2)]
    drawn = [[fault.name for fault in islice(each, 60)] for each in decks]
    assert drawn[0] == drawn[1]
    assert set(drawn[0][: len(FAULTS)]) == set(FAULTS), "each is there once before any is again"


@pytest.mark.parametrize(
    "raw",
    [b"\x1b[?1049h", b"\x1b[?25l", b"\x1b[?1000;1006h", b"\x1b[>1u", b"\x1b[?2004l\x1b[?2004h"],
)
def test_a_terminal_that_is_left_otherwise_is_seen(raw: bytes) -> None:
    assert list(oracle.terminal_left(b"hello" + raw, LINE, LINE))


def test_a_terminal_that_is_as_it_was_is_fine() -> None:
    raw = b"\x1b[?1049h\x1b[?25l\x1b[>1u...\x1b[<u\x1b[?1049l\x1b[?25h"
    assert not list(oracle.terminal_left(raw, LINE, LINE))
    assert list(oracle.terminal_left(raw, [0, 0, 0, 0xFFFF, 0, 0, []], LINE)), "no echo any more"


@pytest.mark.parametrize(
    "now",
    [
        [],
        [SAVED._replace(text="hell")],
        [SAVED._replace(session="other")],
        [SAVED._replace(state="failed")],
    ],
)
def test_a_loss_is_seen(now: list[Saved]) -> None:
    ledger = Ledger()
    ledger.saw([SAVED])
    assert ledger.lost([SAVED]) == []
    assert ledger.lost(now)


def test_an_answer_may_grow_and_not_shrink() -> None:
    ledger = Ledger()
    half = SAVED._replace(role="assistant", state="streaming")
    ledger.saw([half])
    assert ledger.lost([half._replace(text="hello you", state="interrupted")]) == []
    assert ledger.lost([half._replace(text="hell", state="interrupted")])
    ledger.was_told("s", "assistant", "hello you")
    assert ledger.lost([half])


def test_a_key_and_a_message_that_are_out_of_place_are_seen(tmp_path: Path) -> None:
    with opened_world(tmp_path / "world", 1, None, print) as world:
        log = world.folder / "tmp" / "some.log"
        log.write_bytes(b"..." + world.secrets.secrets[0])
        asked = world.run("ask", "-m", "student:any", "paced 3 x")
        assert asked.out == "w0 w1 w2 \n"
        world.settle()
        assert [str(log) in each for each in world.violations] == [True]
        with sqlite3.connect(world.library.database) as connection:
            connection.create_function("g4tui_indexed", 1, str)
            connection.execute("UPDATE messages SET state = 'stopped' WHERE role = 'user'")
        connection.close()
        world.settle()
        assert len(world.violations) == 2
        world.violations.clear()
