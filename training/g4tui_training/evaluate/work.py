"""An evaluation from models and tasks to the files of its folder."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from g4tui.core import (
    Cancel,
    Failed,
    G4tuiError,
    Message,
    Params,
    Request,
    TextDelta,
    parse_model,
)
from g4tui.paths import Paths
from g4tui_training.evaluate.answers import (
    MAX_TOKENS,
    AnswerSummary,
    Said,
    answer_all,
    answer_summary,
)
from g4tui_training.evaluate.histogram import write_figure
from g4tui_training.evaluate.judge import (
    VERDICT_TOKENS,
    Duel,
    Judged,
    WinRate,
    forecast,
    judge_all,
    unjudged,
    win_rate,
)
from g4tui_training.evaluate.scoring import Scored, score_all
from g4tui_training.evaluate.subjects import Subject
from g4tui_training.evaluate.summary import Perplexity, summary
from g4tui_training.evaluate.tasks import Task
from g4tui_training.models import opened_models
from g4tui_training.writing import write_whole

PERPLEXITY, PER_TASK, FIGURE = "perplexity.json", "per_task.jsonl", "histogram.png"
ANSWERS, SAID, JUDGED = "answers.json", "answers.jsonl", "judge.jsonl"


class Answers(msgspec.Struct, frozen=True):
    """answers.json; `judged` is empty where nobody judged."""

    models: tuple[AnswerSummary, ...] = ()
    judged: tuple[WinRate, ...] = ()


def read_answers(file: Path) -> Answers | None:
    """What models answered; `None` where nobody was asked."""
    return msgspec.json.decode(file.read_bytes(), type=Answers) if file.is_file() else None


class Evaluation:
    """One folder. Everything in it can be gone on with after a kill."""

    def __init__(
        self,
        subjects: Sequence[Subject],
        out: Path,
        *,
        folder: Path,
        paths: Paths,
        say: Callable[[str], None],
        cancel: Cancel,
        confirm: Callable[[str], bool],
    ) -> None:
        self.subjects = tuple(subjects)
        self.out = out
        self._folder, self._paths, self._say, self._cancel = folder, paths, say, cancel
        self._confirm = confirm

    def perplexity(
        self, tasks: Sequence[Task], draws: int, known: Sequence[Path] = ()
    ) -> Perplexity:
        """Score all tasks; writes perplexity.json, per_task.jsonl and histogram.png.

        `known`: journals of scores that need not be made again.
        """
        from g4tui_training.evaluate.bootstrap import paired

        scores = score_all(
            self.subjects,
            tasks,
            self.out / PER_TASK,
            folder=self._folder,
            paths=self._paths,
            others=known,
            say=self._say,
            cancel=self._cancel,
        )
        groups: dict[str, list[Sequence[Scored]]] = {}
        for subject, scored in zip(self.subjects, scores, strict=True):
            groups.setdefault(subject.group or subject.name, []).append(scored)
        models = tuple(
            summary(subject.name, scored, subject.group)
            for subject, scored in zip(self.subjects, scores, strict=True)
        )
        result = Perplexity(models, paired(groups, draws), draws)
        write_figure(self.out / FIGURE, models)
        write_whole(self.out / PERPLEXITY, msgspec.json.format(msgspec.json.encode(result)))
        return result

    def answers_and_verdicts(
        self,
        prompts: Sequence[str],
        judge: str,
        max_tokens: int = MAX_TOKENS,
        subjects: Sequence[Subject] = (),
    ) -> Answers:
        """Have models answer (all, or `subjects`), and a judge compare each with the first.

        Writes answers.json. The judge is asked only once the person agreed to what it will take.
        """
        if not prompts:
            write_whole(self.out / ANSWERS, msgspec.json.encode(Answers()))
            return Answers()
        said = answer_all(
            subjects or self.subjects,
            prompts,
            self.out / SAID,
            folder=self._folder,
            paths=self._paths,
            max_tokens=max_tokens,
            say=self._say,
            cancel=self._cancel,
        )
        answers = Answers(
            tuple(answer_summary(each, max_tokens) for each in said),
            self._judged(judge, said) if judge else (),
        )
        write_whole(self.out / ANSWERS, msgspec.json.format(msgspec.json.encode(answers)))
        return answers

    def _judged(self, judge: str, said: Sequence[Sequence[Said]]) -> tuple[WinRate, ...]:
        duels = [
            [
                Duel(one.prompt, one.text, other.text)
                for one, other in zip(said[0], each, strict=True)
            ]
            for each in said[1:]
        ]
        judged = asyncio.run(self._verdicts(judge, duels))
        if judged is None:
            self._say("No judge was asked: not run.")
            return ()
        return tuple(
            win_rate(judge, said[0][0].model, each[0].model, verdicts)
            for each, verdicts in zip(said[1:], judged, strict=True)
        )

    async def _verdicts(
        self, judge: str, duels: Sequence[Sequence[Duel]]
    ) -> list[list[Judged]] | None:
        """What the judge says of all duels; `None` where the person does not want it asked."""
        spec, journal = parse_model(judge), self.out / JUDGED
        every = [duel for each in duels for duel in each]
        async with opened_models(spec) as models:

            async def ask(messages: tuple[Message, ...]) -> str:
                text = ""
                request = Request(messages, Params(temperature=0.0, max_tokens=VERDICT_TOKENS))
                async for event in models.runtime.generate(spec, request, Cancel()):
                    if isinstance(event, TextDelta):
                        text += event.text
                    elif isinstance(event, Failed):
                        raise G4tuiError.of(event.error)
                return text

            if left := unjudged(judge, every, journal):
                price = models.backend(spec).price(spec, models.options(spec))
                self._say(f"{judge} compares answers: {forecast(left, price)}.")
                if not self._confirm("Ask it?"):
                    return None
            found = iter(await judge_all(judge, every, journal, ask))
        return [[next(found) for _ in each] for each in duels]
