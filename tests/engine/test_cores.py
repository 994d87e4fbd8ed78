"""How many threads a model gets, on machines of several kinds."""

import os
from pathlib import Path

import pytest

from g4tui.engine import cores


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four logical processors on two cores."""
    for cpu in range(4):
        folder = tmp_path / f"cpu{cpu}" / "topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text(f"{cpu % 2},{cpu % 2 + 2}\n")
    monkeypatch.setattr(cores, "_TOPOLOGY", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    return tmp_path


def test_siblings_are_one_core(machine: Path) -> None:
    assert cores.physical_cores() == 2


def test_only_what_this_process_may_use_counts(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 3})
    assert cores.physical_cores() == 1


def test_without_a_topology_every_processor_is_a_core(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (machine / "cpu3" / "topology" / "thread_siblings_list").unlink()
    assert cores.physical_cores() == 4


@pytest.mark.parametrize(("logical", "expected"), [(8, 4), (1, 1), (3, 1), (None, 1)])
def test_where_nothing_is_known_half_of_the_processors_are_cores(
    machine: Path, monkeypatch: pytest.MonkeyPatch, logical: int | None, expected: int
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: logical)
    assert cores.physical_cores() == expected
