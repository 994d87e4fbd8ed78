"""The arms of a comparison: runs that differ from each other only in their seeds are one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from g4tui.config.tables import read_table
from g4tui.core import G4tuiError
from g4tui_training.cards.training_facts import StudentFacts, student_facts
from g4tui_training.evaluate.scoring import Scored, read_scores
from g4tui_training.evaluate.subjects import seed_name
from g4tui_training.evaluate.summary import ModelSummary
from g4tui_training.evaluate.work import PER_TASK
from g4tui_training.run import RunDir
from g4tui_training.train.trained import Trained

ENGINE = "transformers"
BASE = "base"


@dataclass(frozen=True)
class Student:
    """What one seed made, as trained."""

    trained: Trained
    model: ModelSummary
    scores: list[Scored]


@dataclass(frozen=True)
class Run:
    """What is read of a run: its records, never its weights.

    `recipe` is the recipe's name. `settings` and `inputs` are what decides the weights beside the
    seed: the recipe's table, and digests of the rows, the template and the base.
    """

    folder: Path
    recipe: str
    settings: dict[str, object]
    inputs: tuple[str, ...]
    facts: StudentFacts
    base: tuple[ModelSummary, list[Scored]]
    students: list[Student]

    @property
    def name(self) -> str:
        """Its folder's name."""
        return self.folder.absolute().name

    def like(self, other: "Run") -> bool:
        """Whether only the seeds differ.

        A key that only one has is of another version of g4tui, and no difference.
        """
        mine, yours = self.settings, other.settings
        return (
            self.recipe == other.recipe
            and self.inputs == other.inputs
            and all(mine[key] == yours[key] for key in mine.keys() & yours.keys())
        )


@dataclass(frozen=True)
class Arm:
    """The students of a recipe, by seed, with the runs that they are from; or the base."""

    name: str
    models: list[ModelSummary]
    scores: list[list[Scored]]
    seeds: list[Trained] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)


def arms_of(folders: Sequence[Path]) -> list[Arm]:
    """The base, and the arms in the order of their first runs.

    Raises `G4tuiError` for a folder that is no evaluated run, for runs that were measured on other
    tasks or bases, and for a seed that an arm has twice.
    """
    runs = [_read(folder) for folder in folders]
    groups: list[list[Run]] = []
    for run in runs:
        if run.base[1][0].digest != runs[0].base[1][0].digest:
            raise G4tuiError(
                "usage",
                f"{run.name} cannot be compared with {runs[0].name}",
                "They were measured on other tasks, or have other bases.",
            )
        group = next((each for each in groups if run.like(each[0])), None)
        groups.append([run]) if group is None else group.append(run)
    model, scores = runs[0].base
    arms = [_arm(name, group) for name, group in zip(_names(groups), groups, strict=True)]
    return [Arm(BASE, [model], [scores]), *arms]


def _arm(name: str, runs: list[Run]) -> Arm:
    found: dict[int, tuple[Run, Student]] = {}
    for run in runs:
        for student in run.students:
            seed = student.trained.seed
            if seed in found:
                raise G4tuiError(
                    "usage",
                    f"Seed {seed} of {name} is there twice",
                    f"{found[seed][0].folder} and {run.folder} are of one recipe and one seed.",
                    "Name one of them; or train another seed: --set 'train.seeds=[N]'.",
                )
            found[seed] = run, student
    students = [found[seed][1] for seed in sorted(found)]
    return Arm(
        name,
        [each.model for each in students],
        [each.scores for each in students],
        [each.trained for each in students],
        runs,
    )


def _names(groups: Sequence[Sequence[Run]]) -> list[str]:
    """The recipe's name, where only one arm has it; else with the folder, or its whole path."""
    firsts = [group[0] for group in groups]
    forms = [
        [each.recipe for each in firsts],
        [f"{each.recipe} ({each.name})" for each in firsts],
        [f"{each.recipe} ({each.folder})" for each in firsts],
    ]
    return [
        next((form[n] for form in forms if form.count(form[n]) == 1 and form[n] != BASE), last)
        for n, last in enumerate(forms[-1])
    ]


def _read(folder: Path) -> Run:
    run = RunDir(folder)
    if not run.manifest_file.is_file():
        raise G4tuiError("missing", "That folder is no run", f"{folder} has no manifest.json.")
    facts = student_facts(run)
    models = facts.perplexity.models if facts.perplexity else ()
    own = {each.name: each for each in models if each.engine == ENGINE}
    scores: dict[str, list[Scored]] = {}
    for score in read_scores(run.evaluation / PER_TASK):
        scores.setdefault(score.model, []).append(score)
    names = [seed_name(each.seed, len(facts.seeds)) for each in facts.seeds]
    base = next(iter(own), BASE)
    record, recipe = run.manifest().stages.get("train"), read_table(run.recipe).get("name")
    missing = [name for name in (base, *names) if name not in own or name not in scores]
    if record is None or not names or missing:
        lacking = f"no figures of {', '.join(missing)}" if names else "no finished training"
        raise G4tuiError(
            "missing",
            f"{folder.absolute().name} has no student that was measured",
            f"{folder} has {lacking}.",
            "Run it to its end: g4tui-train run RECIPE",
        )
    return Run(
        folder,
        recipe if isinstance(recipe, str) else folder.absolute().name,
        {key: value for key, value in record.recipe.items() if key != "train.seeds"},
        tuple(mark.sha256 for mark in record.inputs),
        facts,
        (own[base], scores[base]),
        [
            Student(each, own[name], scores[name])
            for each, name in zip(facts.seeds, names, strict=True)
        ],
    )
