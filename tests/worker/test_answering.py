"""One answer in the child, and what it tells of a load and a failure."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from g4tui.core import (
    Cancel,
    ErrorInfo,
    Event,
    Finished,
    Message,
    Request,
    TextDelta,
)
from g4tui.worker.answering import answer, explained
from support.played_engine import Played

REQUEST = Request((Message("user", "hi"),))


@pytest.mark.parametrize(
    ("error", "kind", "detail"),
    [
        (MemoryError("9 GB"), "memory", "MemoryError: 9 GB"),
        (ValueError("a  b\nc"), "plugin", "ValueError: a b c"),
        (KeyError(), "plugin", "KeyError"),
    ],
)
def test_what_a_plugin_raises_is_explained(error: Exception, kind: str, detail: str) -> None:
    told = explained(error)
    assert (told.kind, told.detail) == (kind, detail)
    assert isinstance(told, ErrorInfo) and told.remedy


def test_the_log_takes_one_line_of_a_sane_length(capsys: pytest.CaptureFixture[str]) -> None:
    from g4tui.worker.loading import LOG_LINE_LENGTH, log

    log("two\nlines")
    log("x" * 9999)
    first, second = capsys.readouterr().err.splitlines()
    assert (first, len(second)) == ("two lines", LOG_LINE_LENGTH)


def test_progress_is_told_where_one_sees_it_and_never_after_the_load(tmp_path: Path) -> None:
    from g4tui.worker.loading import _Progress

    told: list[tuple[int, int]] = []
    progress = _Progress(lambda done, total: told.append((done, total)))
    for done in (0, 0, 10, 10):
        progress(done, 10)
    progress.over = True
    progress(5, 10)
    assert told == [(0, 10), (10, 10)]


def played(events: Iterator[Event] | list[Event]) -> Played:
    """An engine whose answer is this."""
    engine = Played()
    engine.generate = lambda request, cancel: events  # type: ignore[method-assign,assignment,return-value]
    return engine


def test_an_answer_need_not_be_a_generator() -> None:
    events = [TextDelta("a"), Finished("stop")]
    assert list(answer(played(events), REQUEST, Cancel())) == events


def test_an_answer_that_is_left_lets_its_engine_clean_up(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cleaned: list[bool] = []

    def words() -> Iterator[Event]:
        try:
            while True:
                yield TextDelta("word")
        finally:
            cleaned.append(True)
            raise OSError("cannot clean up")

    stream = answer(played(words()), REQUEST, Cancel())
    assert next(stream) == TextDelta("word")
    stream.close()  # type: ignore[attr-defined]
    assert cleaned == [True]
    assert "cannot clean up" in capsys.readouterr().err


def test_an_engine_that_stops_when_asked_and_does_not_say_so_was_stopped() -> None:
    cancel = Cancel()

    def words() -> Iterator[Event]:
        yield TextDelta("word")
        cancel.request()

    said = list(answer(played(words()), REQUEST, cancel))
    assert said == [TextDelta("word"), Finished("cancelled")]
