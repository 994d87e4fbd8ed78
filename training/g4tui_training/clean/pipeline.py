"""`clean` from files to files: the passes in their order."""

import math
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from g4tui.core import G4tuiError
from g4tui_training.clean.crew import Crew
from g4tui_training.clean.deciding import Decider
from g4tui_training.clean.diversity import MAX_FAMILIES, Sketch, Verdict, sketch_size, verdicts
from g4tui_training.clean.funnel import Funnel, make_funnel
from g4tui_training.clean.jobs import (
    Done,
    Job,
    MatchDone,
    MatchJob,
    Plan,
    ReadDone,
    ReadJob,
    SortDone,
    SortJob,
    VerifyDone,
    VerifyJob,
    WriteDone,
    WriteJob,
)
from g4tui_training.clean.output import OUTPUTS
from g4tui_training.clean.reading import too_many_sources
from g4tui_training.clean.rules import Policy
from g4tui_training.clean.sorting import JOINT, KINDS, PROMPT
from g4tui_training.lines import Broken, lines_before
from g4tui_training.sources.formats import format_of
from g4tui_training.sources.reading import is_linked_file
from g4tui_training.writing import disk_error, whole_set

PART_BYTES = 6 << 20
BUCKET_BYTES = 8 << 20
READ_BYTES = 24 << 20
MAX_FILES = 1024
ALONE_BYTES = 8 << 20
CLEAN_FILES = (*(f"{name}.jsonl" for name in OUTPUTS), "funnel.json")
_ROW_BYTES = 16 * (JOINT[0] + PROMPT[0] + 1)
_FOLDERS = (
    "rows",
    "sorted",
    "signed",
    "texts",
    "twins",
    "renamed",
    "held",
    "out",
    *KINDS,
    *(f"{kind}-pairs" for kind in KINDS),
    *(f"{kind}-alike" for kind in KINDS),
)
_TOLD = 3
Kind = TypeVar("Kind", bound=Done)
# A line that could not be read: its file, where its piece of the file begins, its number there.
Problem = tuple[str, int, int, Broken]


@dataclass(frozen=True)
class Cleaning:
    """What to clean and how.

    `actions`: what a source asks for if it is of low diversity, by its name. `jobs`: processes at
    work. `check` is called often and may raise, to stop.
    """

    files: Sequence[Path]
    out: Path
    work: Path
    policy: Policy = field(default_factory=Policy)
    seed: int = 1
    actions: Mapping[str, str] = field(default_factory=dict)
    jobs: int = 1
    say: Callable[[str], None] = lambda line: None
    check: Callable[[], None] = lambda: None


def clean(task: Cleaning) -> Funnel:
    """Read `files`, write train, eval, ledger and funnel into `out`; each is whole or untouched.

    Needs about four times the size of the files in `work`, which is emptied. Raises `G4tuiError`.
    """
    if not task.files:
        raise G4tuiError("usage", "There is nothing to clean", "No file was given.")
    size = sum(_text_bytes(file) for file in task.files)
    with _work_folder(task.work) as work:
        plan = Plan(
            work=str(work),
            policy=task.policy,
            seed=task.seed,
            parts=min(MAX_FILES, max(1, math.ceil(size / PART_BYTES))),
        )
        count = 1 if size <= ALONE_BYTES else task.jobs
        sketches, problems, rows = _read(task, plan, count)
        sources = verdicts(sketches, task.policy.clean.low_diversity, task.actions, task.seed)
        if not plan.is_on("low_diversity"):
            sources = {
                family: msgspec.structs.replace(verdict, action="keep")
                for family, verdict in sources.items()
            }
        plan = msgspec.structs.replace(plan, buckets=_buckets(rows))
        done = _compare(task, plan, count, sources)
        funnel = make_funnel(done, sources, task.policy, task.seed, dict(task.actions))
        _publish(task, plan, funnel)
    _tell_problems(task, problems)
    return funnel


def _read(task: Cleaning, plan: Plan, count: int) -> tuple[dict[str, Sketch], list[Problem], int]:
    sketches: dict[str, Sketch] = {}
    problems: list[Problem] = []
    rows = 0
    size = sketch_size(task.policy.clean.low_diversity)
    jobs = [job for file in task.files for job in _read_jobs(file)]
    with Crew(plan, count) as crew:
        for number, done in enumerate(_all(crew, jobs, ReadDone, task), 1):
            rows += done.rows
            problems.extend((each.file, done.start, each.number, each) for each in done.problems)
            for family, sketch in done.sketches.items():
                sketches.setdefault(family, Sketch()).merge(sketch, size)
            if len(sketches) > MAX_FAMILIES:
                raise too_many_sources()
            task.say(f"clean: read {rows:,} rows, {number} of {len(jobs)} pieces")
    if rows == 0:
        raise G4tuiError(
            "usage",
            "There is nothing to clean",
            "No row in " + ", ".join(file.name for file in task.files) + ".",
            "If prompts wait for answers, name a teacher in [collect], or sources that have them.",
        )
    return sketches, problems, rows


def _compare(
    task: Cleaning, plan: Plan, count: int, sources: dict[str, Verdict]
) -> list[WriteDone]:
    """All passes after the first."""
    with Crew(plan, count) as crew:
        sort_jobs = [SortJob(part, sources) for part in range(plan.parts)]
        alive = [0] * plan.parts
        for sorted_part in _all(crew, sort_jobs, SortDone, task):
            alive[sorted_part.part] = sorted_part.alive
        task.say(f"clean: comparing {sum(alive):,} rows")
        match_jobs = [MatchJob(bucket) for bucket in range(plan.buckets)]
        couples = sum(done.pairs for done in _all(crew, match_jobs, MatchDone, task))
        task.say(f"clean: {couples:,} couples of rows may be alike")
        verify_jobs = [VerifyJob(bucket) for bucket in range(plan.buckets)]
        alike = sum(done.alike for done in _all(crew, verify_jobs, VerifyDone, task))
        task.say(f"clean: {alike:,} of them are, in their prompts or whole")
        task.check()
        Decider(plan, alive).decide()
        task.say("clean: writing")
        write_jobs = [WriteJob(part) for part in range(plan.parts)]
        done = list(_all(crew, write_jobs, WriteDone, task))
    return sorted(done, key=lambda each: each.part)


def _all(crew: Crew, jobs: Sequence[Job], kind: type[Kind], task: Cleaning) -> Iterator[Kind]:
    for done in crew.do(jobs, task.check):
        assert isinstance(done, kind)
        yield done


def _read_jobs(file: Path) -> list[ReadJob]:
    whole = ReadJob(str(file.absolute()))
    splits = file.name == "ledger.jsonl" or format_of(file) == "jsonl"
    if not splits or file.suffix == ".gz" or is_linked_file(file):
        return [whole]
    size = file.stat().st_size
    return [
        msgspec.structs.replace(whole, start=start, end=start + READ_BYTES)
        for start in range(0, max(1, size), READ_BYTES)
    ]


def _text_bytes(file: Path) -> int:
    """About how many bytes of text a file holds."""
    try:
        size = file.stat().st_size
    except FileNotFoundError as error:
        raise G4tuiError("missing", f"There is no file {file.name}", f"{file} is not there.") from (
            error
        )
    packed = file.name != "ledger.jsonl" and (file.suffix == ".gz" or format_of(file) == "parquet")
    return 3 * size if packed else size


def _buckets(rows: int) -> int:
    """A power of two, so that a bucket of band keys has some megabytes."""
    wanted = max(1, rows * _ROW_BYTES / BUCKET_BYTES)
    return min(MAX_FILES, int(2 ** math.ceil(math.log2(wanted))))


@contextmanager
def _work_folder(work: Path) -> Iterator[Path]:
    """A folder of this attempt alone: a process that outlived an earlier one cannot reach it."""
    shutil.rmtree(work, ignore_errors=True)
    mine = work / str(os.getpid())
    try:
        for name in _FOLDERS:
            (mine / name).mkdir(parents=True)
    except OSError as error:
        raise disk_error(mine, error) from error
    try:
        yield mine
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _publish(task: Cleaning, plan: Plan, funnel: Funnel) -> None:
    with whole_set(task.out, CLEAN_FILES) as drafts:
        for name in OUTPUTS:
            with drafts[f"{name}.jsonl"].open("wb") as stream:
                for part in range(plan.parts):
                    piece = plan.folder("out") / f"{part}.{name}"
                    with piece.open("rb") as source:
                        shutil.copyfileobj(source, stream, 1 << 20)
                    piece.unlink()
        data = msgspec.json.format(msgspec.json.encode(funnel), indent=1)
        drafts["funnel.json"].write_bytes(data + b"\n")


def _tell_problems(task: Cleaning, problems: list[Problem]) -> None:
    for name, start, number, broken in sorted(problems, key=lambda each: each[:3])[:_TOLD]:
        file = Path(name)
        where = f"{file.name}, row {lines_before(file, start) + number}: " if name else ""
        task.say(f"clean: {where}{broken.reason}: {broken.excerpt[:80]}")
