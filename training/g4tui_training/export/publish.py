"""From an adapter to files that passed the gate."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from g4tui.core import Cancel, G4tuiError
from g4tui.paths import Paths
from g4tui.worker.process import environment
from g4tui_training.evaluate.bootstrap import DRAWS
from g4tui_training.evaluate.in_torch import TorchModel
from g4tui_training.evaluate.in_worker import WorkerModel
from g4tui_training.evaluate.scoring import Scored, score_all
from g4tui_training.evaluate.subjects import Subject, worker_spec
from g4tui_training.evaluate.tasks import Task
from g4tui_training.export import gate
from g4tui_training.export.gate import Check, Verdict
from g4tui_training.export.lora import write_lora
from g4tui_training.export.merge import save_merged, student_model
from g4tui_training.export.writer import write_gguf
from g4tui_training.recipe import Export
from g4tui_training.run import RunDir
from g4tui_training.train.base import Base
from g4tui_training.writing import write_whole

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

VERDICTS = "gate.json"
JOURNAL = "per_task.jsonl"


@dataclass
class Publisher:
    """Writes a student's files into `work`, judges them, and moves those that pass.

    `student` and `base` are of one kind; `tasks` are what perplexities are measured on.
    """

    base: Base
    adapter: Path | None
    merged: Path
    settings: Export
    name: str
    work: Path
    journal: Path
    paths: Paths
    tasks: Sequence[Task]
    say: Callable[[str], None] = lambda line: None
    cancel: Cancel = field(default_factory=Cancel)

    @cached_property
    def student(self) -> "PreTrainedModel":
        """The trained model, in float32."""
        if self.adapter is None:
            return Base(self.name, str(self.merged.absolute())).model(_float32())
        return student_model(self.base, self.adapter)

    @cached_property
    def trained(self) -> TorchModel:
        """The same, as it is measured."""
        return TorchModel(self.student, self.base.tokenizer())

    def save_merged(self) -> None:
        """Write the folder of safetensors."""
        self.say(f"merged weights: {self.merged}")
        save_merged(self.student, self.base, self.merged)

    def lora(self, target: Path) -> Verdict:
        """The adapter alone, for the base's own file."""
        if self.adapter is None or self.base.gguf_file is None:
            raise G4tuiError(
                "usage",
                "There is no base file that a LoRA could go on",
                f"{self.base.name} is no GGUF file.",
                "Export it merged: [export] lora = false and merged = [...].",
            )
        file = self.work / target.name
        self.say(f"LoRA: {target}")
        write_lora(file, self.adapter, self.base, self.name)
        own = self.base.gguf_file.absolute()
        with self._open(f"{own}+{file}") as opened:
            checks = self._reading(opened, own)
        with self._open(f"{self._f16(None)}+{file}") as opened:
            checks.append(gate.same_logits(self.trained, opened, self.settings.max_kl))
        checks += self._against_base(str(own), f"{own}+{file}", "LoRA")
        return self._publish(file, target, checks)

    def quantised(self, quant: str, target: Path) -> Verdict:
        """Merged weights in the number types of `quant`."""
        file = self.work / target.name
        self.say(f"{quant}: {target}")
        f16 = self._f16(self.student)
        self._write(file, self.student, quant)
        with self._open(str(file)) as opened:
            checks = self._reading(opened, file)
        with self._open(str(f16)) as opened:
            checks.append(gate.same_logits(self.trained, opened, self.settings.max_kl))
        if quant != "F16" and self.tasks:
            before, after = self._scores([("f16", str(f16)), (quant, str(file))])
            ratio = self.settings.max_perplexity_ratio
            checks.append(gate.small_loss(before, after, ratio))
        checks += self._against_base(str(self._base_in(quant)), str(file), quant)
        return self._publish(file, target, checks)

    def _reading(self, opened: WorkerModel, gguf: Path) -> list[Check]:
        return [
            gate.reads_alike(self.trained, opened),
            gate.same_template(self.trained, gguf),
            gate.same_end(self.trained, opened),
        ]

    def _against_base(self, base: str, student: str, kind: str) -> list[Check]:
        itself = Path(self.base.source) == self.merged.absolute()
        if itself or not self.tasks:
            why = "nobody said which base it has" if itself else "no tasks were named"
            return [Check("better than the base", False, f"not measured: {why}")]
        before, after = self._scores([(f"base, {kind}", base), (f"student, {kind}", student)])
        return [gate.better_than_base(before, after, DRAWS)]

    def _scores(self, models: Sequence[tuple[str, str]]) -> list[list[Scored]]:
        return score_all(
            [Subject(name, where) for name, where in models],
            self.tasks,
            self.journal,
            folder=Path.cwd(),
            paths=self.paths,
            say=self.say,
            cancel=self.cancel,
            keep=True,
        )

    def _publish(self, file: Path, target: Path, checks: Sequence[Check]) -> Verdict:
        verdict = Verdict(target.name, tuple(checks))
        for check in checks:
            self.say(f"  {'passed' if check.passed else 'FAILED'}: {check.name}: {check.told}")
        if verdict.passed or self.settings.force:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, draft := target.with_name(f".{target.name}.part"))
            draft.replace(target)
            verdict = msgspec.structs.replace(verdict, forced=not verdict.passed)
        else:
            target.unlink(missing_ok=True)
        return verdict

    def _f16(self, model: "PreTrainedModel | None") -> Path:
        """In f16: the student, or the base where there is no model."""
        file = self.work / ("base.F16.gguf" if model is None else "student.F16.gguf")
        if file not in self._written:
            self._write(file, model or self.base.model(_float32()), "F16")
        return file

    def _base_in(self, quant: str) -> Path:
        """The base in the same types as the student."""
        if quant == "base":
            assert self.base.gguf_file is not None
            return self.base.gguf_file.absolute()
        if quant == "F16":
            return self._f16(None)
        file = self.work / f"base.{quant}.gguf"
        if file not in self._written:
            self._write(file, self.base.model(_float32()), quant)
        return file

    def _write(self, file: Path, model: "PreTrainedModel", quant: str) -> None:
        if quant == "Q4_K_M":
            f16 = self._f16(model if model is self.student else None)
            quantise_k(f16, file)
        else:
            write_gguf(file, model.state_dict(), self.base, quant, self.name)  # type: ignore[arg-type]
        self._written.add(file)

    @cached_property
    def _written(self) -> set[Path]:
        return set()

    @contextmanager
    def _open(self, where: str) -> Iterator[WorkerModel]:
        with closing(WorkerModel(worker_spec(where), self.paths)) as model:
            yield model


def quantise_k(source: Path, target: Path) -> None:
    """Q4_K_M by llama.cpp, in a process of its own, without keys. Raises `G4tuiError`."""
    draft = target.with_name(f".{target.name}.part")
    command = [sys.executable, "-P", "-m", "g4tui_training.export.kquant", str(source), str(draft)]
    done = subprocess.run(
        command,
        env=environment(),
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise G4tuiError(
            "crashed",
            "llama.cpp could not quantise the model",
            done.stderr.strip()[-500:] or f"It ended with {done.returncode}.",
            'It needs llama-cpp-python: pip install "g4tui[llama-cpp]".',
        )
    draft.replace(target)


def write_verdicts(file: Path, verdicts: Sequence[Verdict]) -> None:
    """Write gate.json."""
    write_whole(file, msgspec.json.format(msgspec.json.encode(list(verdicts))))


def read_verdicts(file: Path) -> list[Verdict]:
    """What the gate said; nothing where there is no such file."""
    if not file.is_file():
        return []
    return msgspec.json.decode(file.read_bytes(), type=list[Verdict])


def published(run: RunDir) -> list[Path]:
    """The files that passed the gate, or were forced through it."""
    verdicts = read_verdicts(run.gguf / VERDICTS)
    return [run.gguf / each.file for each in verdicts if each.passed or each.forced]


def _float32() -> "torch.dtype":
    import torch

    return torch.float32
