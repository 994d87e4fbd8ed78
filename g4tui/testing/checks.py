"""What must hold of an answer, a count and an error."""

from g4tui.core import (
    ErrorInfo,
    Event,
    Failed,
    Finished,
    Params,
    Progress,
    ReasoningDelta,
    TextDelta,
    Usage,
)
from g4tui.testing.subject import Answer


def check_order(events: list[Event]) -> None:
    """Progress first, then pieces, at most one count (before a `Finished` exactly one), one end."""
    ends = [event for event in events if isinstance(event, Finished | Failed)]
    assert len(ends) == 1, f"{len(ends)} terminal events: {ends}"
    assert events[-1] is ends[0], f"{events[-1]!r} comes after the end"
    counts = [event for event in events if isinstance(event, Usage)]
    assert len(counts) <= 1, f"{len(counts)} counts"
    if isinstance(ends[0], Finished) and ends[0].reason != "cancelled":
        assert counts, "there is no Usage before Finished"
    if counts:
        assert events[-2] is counts[0], "the Usage does not come right before the end"
    pieces = [isinstance(event, TextDelta | ReasoningDelta) for event in events]
    progress = [isinstance(event, Progress) for event in events]
    if True in pieces and True in progress:
        last_progress = len(progress) - 1 - progress[::-1].index(True)
        assert last_progress < pieces.index(True), "Progress comes after the first piece"
    for event in events:
        if isinstance(event, Progress):
            assert 0 <= event.done <= event.total, event


def check_usage(answer: Answer, params: Params) -> None:
    """The count makes sense for `params`."""
    usage = answer.usage
    assert usage.prompt > 0, usage
    assert 0 <= usage.cached <= usage.prompt, usage
    assert usage.completion > 0, usage
    assert usage.ttft_s is None or usage.ttft_s >= 0, usage
    assert usage.tok_per_s is None or usage.tok_per_s > 0, usage
    assert usage.cost_usd is None or usage.cost_usd >= 0, usage
    if not usage.estimated and params.max_tokens is not None:
        assert usage.completion <= params.max_tokens, usage


def check_error(error: ErrorInfo) -> None:
    """A person is told what happened, what was seen, and what to do."""
    assert error.title and error.detail and error.remedy, f"title, detail and remedy: {error!r}"
    assert "\n" not in error.title and not error.title.endswith("."), error.title
