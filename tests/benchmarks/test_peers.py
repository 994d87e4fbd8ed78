"""The bench beside the peers, tried on our own program, so that it cannot rot."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.peers.kill import KILLED_AT, kept
from benchmarks.peers.programs import G4tui, Program
from benchmarks.peers.server import RATES, TOKENS, answer, marks
from benchmarks.peers.stream import TYPED, Server, serving, streamed


@pytest.fixture
def ours() -> Program:
    return G4tui(Path(sys.executable).parents[1])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path) as server:
        yield server


def test_an_answer_is_measured_to_its_end(ours: Program, home: Path, server: Server) -> None:
    found = streamed(ours, home, server, max(RATES))
    assert len(found.lags_s) == len(marks()) and found.last_seen
    assert all(lag > -0.01 for lag in found.lags_s), "seen after it was sent"
    assert len(found.keys_s) == len(TYPED) - 1
    assert found.processor_s > 0


def test_a_killed_program_is_opened_again(ours: Program, home: Path, server: Server) -> None:
    found = kept(ours, home, server)
    assert found.question and found.shown >= KILLED_AT
    assert 0 < found.kept <= found.shown + 1


def test_marks_stand_once_and_keys_never() -> None:
    text = "".join(answer())
    assert len(answer()) == TOKENS
    assert all(text.count(mark) == 1 for mark in marks())
    assert TYPED[:2] not in text
