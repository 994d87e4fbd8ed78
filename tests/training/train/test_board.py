"""Scalars for TensorBoard, written where it is installed."""

import sys
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pytest

from g4tui_training.train import board
from g4tui_training.train.board import Board
from g4tui_training.train.metrics import DevLoss, SourceLoss, StepLine

STEP = StepLine(5, loss=2.0, learning_rate=1e-4, gradient=0.5, tokens=300, seconds=2.0)
SEEN = StepLine(5, dev=DevLoss(1.5, 1.25, {"mine": SourceLoss(1, 10, 1.25, 1.75)}))


class Writer:
    """As torch's, but in memory."""

    made: ClassVar[list["Writer"]] = []

    def __init__(self, folder: str, purge_step: int) -> None:
        self.folder, self.purge_step, self.closed = folder, purge_step, False
        self.scalars: dict[str, tuple[float, int]] = {}
        self.made.append(self)

    def add_scalar(self, name: str, value: float, step: int) -> None:
        self.scalars[name] = (value, step)

    def close(self) -> None:
        self.closed = True


def test_losses_go_to_the_board_from_the_resumed_step_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Writer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    monkeypatch.setattr(board, "find_spec", lambda name: object())
    monkeypatch.setattr(Writer, "made", [])
    with Board(tmp_path / "b", 4) as told:
        told.tell(STEP)
        told.tell(SEEN)
    (writer,) = Writer.made
    assert (writer.folder, writer.purge_step, writer.closed) == (str(tmp_path / "b"), 5, True)
    assert writer.scalars == {
        "loss/train": (2.0, 5),
        "learning_rate": (1e-4, 5),
        "gradient": (0.5, 5),
        "tokens_a_second": (150.0, 5),
        "loss/held back": (1.5, 5),
        "source/mine": (1.75, 5),
    }


def test_without_it_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "find_spec", lambda name: None)
    with Board(tmp_path / "b", 0) as told:
        told.tell(STEP)
    assert list(tmp_path.iterdir()) == []
