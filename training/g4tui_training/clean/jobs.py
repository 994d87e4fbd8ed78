"""What one process of `clean` is asked to do, and what it answers: plain values, sent as JSON."""

from pathlib import Path

import msgspec

from g4tui_training.clean.diversity import Sketch, Verdict
from g4tui_training.clean.rules import Policy
from g4tui_training.lines import Broken


class Plan(msgspec.Struct, frozen=True):
    """What all processes share. `parts`, `buckets`: how many files rows and band keys go to."""

    work: str
    policy: Policy
    seed: int
    parts: int
    buckets: int = 1

    def folder(self, name: str) -> Path:
        """A folder of the work folder; it was made by who planned."""
        return Path(self.work) / name

    def is_on(self, rule: str) -> bool:
        """Whether a rule is applied."""
        return rule not in self.policy.clean.off


class ReadJob(msgspec.Struct, frozen=True, tag="read"):
    """Read a file, or the lines that begin in bytes `start` to `end` of one."""

    file: str
    start: int = 0
    end: int | None = None


class SortJob(msgspec.Struct, frozen=True, tag="sort"):
    """Sort a part, drop exact duplicates and low sources, and sign what is left."""

    part: int
    sources: dict[str, Verdict]


class MatchJob(msgspec.Struct, frozen=True, tag="match"):
    """Find rows that share band keys, in one bucket."""

    bucket: int


class VerifyJob(msgspec.Struct, frozen=True, tag="verify"):
    """Compare the rows that may be alike, in one bucket."""

    bucket: int


class WriteJob(msgspec.Struct, frozen=True, tag="write"):
    """Write a part's rows where they belong."""

    part: int


Job = ReadJob | SortJob | MatchJob | VerifyJob | WriteJob


class ReadDone(msgspec.Struct, frozen=True, tag="read"):
    """`problems`: the first few lines that could not be read; they are counted from `start`."""

    start: int
    rows: int
    sketches: dict[str, Sketch]
    problems: list[Broken]


class SortDone(msgspec.Struct, frozen=True, tag="sort"):
    """`alive`: rows that are still in."""

    part: int
    alive: int


class MatchDone(msgspec.Struct, frozen=True, tag="match"):
    """`pairs`: how many candidates, some of them twice."""

    pairs: int


class VerifyDone(msgspec.Struct, frozen=True, tag="verify"):
    """`compared`: how many true comparisons; `alike`: how many passed."""

    compared: int
    alike: int


class Example(msgspec.Struct, frozen=True):
    """A row that a rule dropped."""

    id: str
    source: str
    evidence: str
    excerpt: str


class WriteDone(msgspec.Struct, frozen=True, tag="write"):
    """`counts`: by source, by what became of the row (`train`, `eval`, or a rule)."""

    part: int
    counts: dict[str, dict[str, int]]
    labels: dict[str, int]
    examples: dict[str, list[Example]]
    renamed: int


Done = ReadDone | SortDone | MatchDone | VerifyDone | WriteDone
