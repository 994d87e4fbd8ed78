"""What a run tells of its student: training, gate, evaluation, time and money."""

from pathlib import Path

import msgspec

from g4tui_training.evaluate.summary import Perplexity, read_perplexity
from g4tui_training.evaluate.work import ANSWERS, PERPLEXITY, Answers, read_answers
from g4tui_training.export.gate import Verdict
from g4tui_training.export.publish import VERDICTS, read_verdicts
from g4tui_training.run import RunDir
from g4tui_training.train.trained import Trained


class Costs(msgspec.Struct, frozen=True):
    """Seconds by stage; dollars to the teacher."""

    seconds: dict[str, float]
    teacher_usd: float | None

    @property
    def hours(self) -> float:
        """Of all stages that compute."""
        return sum(self.seconds.values()) / 3600

    def usd(self, per_hour: float | None) -> float | None:
        """In all, where it is known."""
        if per_hour is None:
            return self.teacher_usd
        return self.hours * per_hour + (self.teacher_usd or 0.0)


class StudentFacts(msgspec.Struct, frozen=True):
    """Everything that was measured; empty where a stage did not run."""

    seeds: tuple[Trained, ...]
    verdicts: tuple[Verdict, ...]
    perplexity: Perplexity | None
    answers: Answers | None
    costs: Costs
    sizes: dict[str, int]


def seed_files(run: RunDir) -> list[Path]:
    """What tells of each seed's training: those of the recipe, once all are trained."""
    record = run.manifest().stages.get("train")
    files = [run.root / mark.path for mark in record.outputs] if record else []
    return [file for file in files if file.name == "training.json" and file.is_file()]


def student_files(run: RunDir) -> list[Path]:
    """All files that `student_facts` reads."""
    files = [run.gguf / VERDICTS, run.evaluation / PERPLEXITY, run.evaluation / ANSWERS]
    return [*seed_files(run), *(file for file in files if file.is_file())]


def student_facts(run: RunDir) -> StudentFacts:
    """Read them."""
    seeds = [msgspec.json.decode(file.read_bytes(), type=Trained) for file in seed_files(run)]
    stages = run.manifest().stages
    spent = stages["collect"].counts.get("usd") if "collect" in stages else None
    return StudentFacts(
        seeds=tuple(seeds),
        verdicts=tuple(read_verdicts(run.gguf / VERDICTS)),
        perplexity=(
            read_perplexity(run.evaluation / PERPLEXITY)
            if (run.evaluation / PERPLEXITY).is_file()
            else None
        ),
        answers=(read_answers(run.evaluation / ANSWERS)),
        costs=Costs(
            {name: record.seconds for name, record in stages.items()},
            float(spent) if isinstance(spent, int | float) else None,
        ),
        sizes={file.name: file.stat().st_size for file in sorted(run.gguf.glob("*.gguf"))},
    )
