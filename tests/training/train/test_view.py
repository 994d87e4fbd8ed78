"""The live view: what it shows fits a terminal of 80 columns, and says where the training is."""

import pytest

from g4tui_training.train import view
from g4tui_training.train.metrics import DevLoss, StepLine
from g4tui_training.train.view import View, sparkline


def line(step: int, loss: float) -> StepLine:
    return StepLine(step, loss=loss, tokens=12_000, trained=8_000, seconds=61.5, memory=12 * 2**30)


def test_in_a_terminal_no_line_is_wider_than_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(view, "is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    with View(lambda text: None, 3) as shown:
        for step in range(1, 300):
            shown.tell(line(step * 100, 2.5 - step / 300), 51_972)
        shown.tell(StepLine(29_900, dev=DevLoss(1.23456, 1.2)), 51_972)
        lines = shown._lines(51_972)
    assert max(map(len, lines)) <= 80
    assert "step 29,900 of 51,972" in lines[2]
    assert "195 tokens/s (130 trained)" in lines[3]
    assert "dev loss 1.2346 after step 29,900" in lines[3]
    assert "train: step 29,900: dev loss 1.2346" in capsys.readouterr().err


def test_elsewhere_it_says_plain_lines() -> None:
    told: list[str] = []
    with View(told.append, 1) as shown:
        shown.tell(line(1, 2.0), 10)
        shown.tell(StepLine(1, dev=DevLoss(1.5, 1.5)), 10)
    assert told[-1].startswith("train: step 1: dev loss 1.5000")
    assert all("\x1b" not in each for each in told)


def test_a_course_of_losses_is_as_wide_as_its_place() -> None:
    drawn = sparkline([float(n) for n in range(1000, 0, -1)], 48)
    assert len(drawn) <= 48
    assert (drawn[0], drawn[-1]) == ("█", "▁")
    assert sparkline([], 48) == ""
