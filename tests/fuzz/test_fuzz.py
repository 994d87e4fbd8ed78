"""A moment of all fuzzing: every seed, every case that was a finding once, and a few new ones."""

import random
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import integers

from fuzz.driver import Counter, Tally, drive
from fuzz.target import CASES, Bytes, Things, TooMuchError, bounded
from fuzz.targets import TARGETS

BYTES = [target for target in TARGETS.values() if isinstance(target, Bytes)]
THINGS = [target for target in TARGETS.values() if isinstance(target, Things)]


@pytest.mark.parametrize("target", BYTES, ids=lambda target: target.name)
def test_seeds_and_kept_cases_are_no_findings(target: Bytes) -> None:
    chance = random.Random(target.name)
    check = bounded(target.check)
    check(b"")
    for data in (*target.seeds(), *(file.read_bytes() for file in target.kept())):
        check(data)
        changed = bytearray(data)
        changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        check(bytes(changed))
        check(data[: chance.randrange(len(data))])


@pytest.mark.parametrize("target", THINGS, ids=lambda target: target.name)
def test_things_are_no_findings(target: Things) -> None:
    few = settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
    few(given(target.cases)(target.check))()


def test_every_kept_case_is_of_a_target() -> None:
    assert {each.name for each in CASES.iterdir()} <= {target.name for target in BYTES}


def test_a_finding_is_kept_small_and_told(tmp_path: Path) -> None:
    def check(value: int) -> None:
        assert value < 1000

    drive(Things("wrong", check, integers()), tmp_path, 60, seed=1)
    tally = msgspec.json.decode((tmp_path / "tally.json").read_bytes(), type=Tally)
    (file,) = tally.findings.values()
    assert "value=1000" in Path(file).read_text() or "case=1000" in Path(file).read_text()
    assert tally.cases > 1


def test_bytes_that_are_a_finding_are_kept_once_and_the_search_goes_on(tmp_path: Path) -> None:
    (tmp_path / "found").mkdir()
    counter = Counter(Bytes("wrong", bytes.decode, list), tmp_path)  # type: ignore[arg-type]
    for data in (b"a", b"\xff", b"b\xff", b"c"):
        counter.try_bytes(data)
    assert counter.tally.cases == 4
    (case,) = (tmp_path / "found").glob("*.case")
    assert case.read_bytes() == b"\xff"
    assert "UnicodeDecodeError" in case.with_suffix(".txt").read_text()


def test_a_small_case_that_takes_much_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    bounded(lambda case: None)(b"")
    monkeypatch.setattr("fuzz.target.MOST_CPU_S", -1.0)
    with pytest.raises(TooMuchError):
        bounded(lambda case: None)(b"")
