"""What a run of the benchmarks leaves behind, and how it is shown."""

from benchmarks.run import Ratio, Run, ratio_of
from benchmarks.trend import missed, table


def test_rows_with_a_budget_are_read() -> None:
    line = "tok/s, first 250 tokens / bare loop    0.991  >= 0.97   106 tok/s, of 2000 tokens"
    assert ratio_of(line) == Ratio("tok/s, first 250 tokens / bare loop", 0.991, ">= 0.97")
    line = "loss / TRL 1x8                                 1.00  1 ± 0.02 (0.379 nats on 8 rows)"
    assert ratio_of(line) == Ratio("loss / TRL 1x8", 1.0, "1 ± 0.02")
    assert ratio_of("  its slowest key / raw FTS5 for it   1.42            'a': 0.20 ms") is None
    assert ratio_of("24 rows of 33 to 479 tokens, 4,000 in all") is None


def test_a_missed_budget_is_marked() -> None:
    assert missed(Ratio("a", 1.5, "<= 1.4")) and not missed(Ratio("a", 1.4, "<= 1.4"))
    assert missed(Ratio("a", 0.9, ">= 0.97")) and missed(Ratio("a", 1.03, "1 ± 0.02"))


def test_runs_stand_side_by_side() -> None:
    first = Run("2026-01-02T00:00:00+00:00", "a", {"tui": [Ratio("paint", 1.5, "<= 1.4")]})
    then = Run("2026-02-03T00:00:00+00:00", "b", {"tui": [Ratio("paint", 1.3, "<= 1.4")]})
    head, bench, row = table([first, then]).splitlines()
    assert head.split() == ["budget", "01-02", "02-03"]
    assert bench == "# tui"
    assert row.split() == ["paint", "<=", "1.4", "1.50*", "1.30"]
