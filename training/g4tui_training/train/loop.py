"""The training of one student, one seed: steps, evaluations, checkpoints.

Every random draw is seeded by the seed, the step and the pack, never by what came before: a resumed
training, and one over several processes, drops out the same places.
"""

import math
import signal
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

import msgspec
import torch

from g4tui.core import Cancel, G4tuiError
from g4tui_training.recipe import Train
from g4tui_training.train.chat_template import ChatTemplate
from g4tui_training.train.checkpoint import Best, Checkpoints, State, read_state, restore
from g4tui_training.train.dev import dev_loss, sample_answers, sampled_rows
from g4tui_training.train.group import Group
from g4tui_training.train.loss import pack_tensors, token_losses
from g4tui_training.train.metrics import DevLoss, Metrics, Sample, StepLine
from g4tui_training.train.plan import Pack, Plan
from g4tui_training.train.precision import memory_used
from g4tui_training.train.rows import Row
from g4tui_training.train.schedule import learning_rate
from g4tui_training.train.student import Student, Tensors

SAMPLES = 3


@dataclass(frozen=True)
class Training:
    """What a training works on. `tell(line, steps)` is called for each metrics line."""

    settings: Train
    seed: int
    rows: Sequence[Row]
    dev: Sequence[Row]
    student: Student
    template: ChatTemplate
    checkpoints: Checkpoints
    metrics: Metrics
    group: Group
    tell: Callable[[StepLine, int], None]
    say: Callable[[str], None]
    cancel: Cancel

    @property
    def capacity(self) -> int:
        """Tokens in a pack."""
        return self.settings.max_length if self.settings.packing else 1

    @property
    def plan(self) -> Plan:
        """All its steps."""
        lengths = [len(row) for row in self.rows]
        return Plan(lengths, self.settings.batch, self.settings.epochs, self.seed, self.capacity)


@dataclass
class _Course:
    """Where a training is."""

    state: State
    best: Tensors
    saved: float


def train(training: Training, begin: State) -> tuple[State, Tensors]:
    """Make all steps that are left, from a checkpoint where there is one; the state, the best.

    `begin` is the state of a fresh training. Raises `G4tuiError`, and `KeyboardInterrupt` once the
    person asked to stop; both leave checkpoints to go on from.
    """
    optimizer = torch.optim.AdamW(
        training.student.parameters,
        lr=training.settings.learning_rate,
        weight_decay=training.settings.weight_decay,
    )
    course = _resumed(training, optimizer, begin)
    plan = training.plan
    training.student.model.train()
    with _stop_signals(training.cancel):
        if course.state.step == 0 and not training.metrics.lines:
            _evaluate(training, course, plan)
        while course.state.step < plan.steps and not _has_waited_enough(training, course):
            if not _make_step(training, course, plan, optimizer):
                _save(training, course, optimizer)
                raise KeyboardInterrupt
            if _is_evaluated(training, course.state.step, plan):
                _evaluate(training, course, plan)
            due = time.monotonic() - course.saved >= training.settings.checkpoint_minutes * 60
            if due and training.group.leads:
                _save(training, course, optimizer)
        if training.group.leads:
            _save(training, course, optimizer)
    return course.state, course.best or training.student.tensors()


def _resumed(training: Training, optimizer: torch.optim.Optimizer, begin: State) -> _Course:
    folder, wrong = training.checkpoints.newest()
    for problem in wrong:
        training.say(f"train: passing over a checkpoint: {problem}.")
    state = begin
    best: Tensors = {}
    if folder is not None:
        best = restore(folder, training.student, optimizer)
        state = read_state(folder)
        if begin.threads != state.threads:
            training.say(
                f"train: begun with {state.threads} threads, now {begin.threads}:"
                " the last digits may differ."
            )
        training.say(f"train: going on from step {state.step:,}.")
    if training.group.leads:
        training.checkpoints.drop_after(state.step if folder else -1)
        training.metrics.begin(state.step)
    return _Course(state, best, time.monotonic())


def _make_step(
    training: Training, course: _Course, plan: Plan, optimizer: torch.optim.Optimizer
) -> bool:
    """One step; false, with nothing changed, where the person asked to stop."""
    began, step = time.monotonic(), course.state.step
    settings, group, student = training.settings, training.group, training.student
    packs = plan.packs(step)
    rows = [training.rows[index] for pack in packs for index in pack]
    total = sum(row.weight * row.targets for row in rows)
    optimizer.zero_grad(set_to_none=True)
    loss = torch.zeros(1, dtype=torch.float64, device=group.device)
    for number, pack in group.share(packs):
        if training.cancel.requested:
            break
        torch.manual_seed(zlib.crc32(f"{training.seed}:{step}:{number}".encode()))
        tensors = pack_tensors([training.rows[index] for index in pack], group.device)
        part = (token_losses(student.base, tensors) * tensors.weights).sum() / max(total, 1e-9)
        if not bool(torch.isfinite(part)):
            _refuse(training, step, pack, "the loss is not a number")
        torch.autograd.backward(part)
        loss += part.detach()
    if group.any(training.cancel.requested):
        return False
    group.total(loss)
    group.total_gradients(student.parameters)
    norm = torch.nn.utils.clip_grad_norm_(student.parameters, settings.max_grad_norm)
    if not bool(torch.isfinite(norm)):
        every = tuple(index for pack in packs for index in pack)
        _refuse(training, step, every, "the gradient is not a number")
    rate = learning_rate(step, plan.steps, settings)
    for parameters in optimizer.param_groups:
        parameters["lr"] = rate
    optimizer.step()
    seconds = time.monotonic() - began
    line = StepLine(
        step=step + 1,
        epoch=(step + 1) / plan.steps_of_epoch,
        loss=float(loss),
        learning_rate=rate,
        gradient=float(norm),
        tokens=sum(map(len, rows)),
        trained=sum(row.targets for row in rows),
        seconds=seconds,
        memory=memory_used(group.device),
    )
    course.state = msgspec.structs.replace(
        course.state,
        step=step + 1,
        tokens=course.state.tokens + line.tokens,
        trained=course.state.trained + line.trained,
        seconds=course.state.seconds + seconds,
    )
    _report(training, line, plan)
    return True


def _refuse(training: Training, step: int, pack: Pack, what: str) -> None:
    ids = ", ".join(training.rows[index].id for index in pack)
    folder, _ = training.checkpoints.newest()
    kept = f"The last good checkpoint is {folder}." if folder else "There is no checkpoint yet."
    raise G4tuiError(
        "model",
        f"Step {step + 1}: {what}",
        f"The rows of it: {ids}. {kept}",
        "Lower train.learning_rate, or look at these rows and list them in a file of clean.drop.",
    )


def _is_evaluated(training: Training, step: int, plan: Plan) -> bool:
    every = training.settings.evaluate_every or plan.steps_of_epoch
    return step % every == 0 or step == plan.steps


def _evaluate(training: Training, course: _Course, plan: Plan) -> None:
    """Look at the held-back rows, and keep the adapter where it is the best so far."""
    if not training.dev:
        return
    began, step = time.monotonic(), course.state.step
    found = dev_loss(training.student, training.dev, training.capacity, training.group)
    samples: tuple[Sample, ...] = ()
    if training.group.leads:
        picked = sampled_rows(training.dev, SAMPLES)
        samples = sample_answers(training.student, training.template, picked, training.group.device)
    seconds = time.monotonic() - began
    best = course.state.best
    if step > 0:
        if best.loss is None or found.loss < best.loss:
            best = Best(step, found.loss, 0)
            course.best = training.student.tensors()
        else:
            best = msgspec.structs.replace(best, waited=best.waited + 1)
    course.state = msgspec.structs.replace(
        course.state, best=best, seconds=course.state.seconds + seconds
    )
    line = StepLine(
        step=step,
        epoch=step / plan.steps_of_epoch,
        seconds=seconds,
        memory=memory_used(training.group.device),
        dev=found,
        samples=samples,
    )
    _report(training, line, plan)


def _report(training: Training, line: StepLine, plan: Plan) -> None:
    if training.group.leads:
        training.metrics.add(line)
        training.tell(line, plan.steps)


def _has_waited_enough(training: Training, course: _Course) -> bool:
    patience = training.settings.patience
    return patience > 0 and course.state.best.waited >= patience


def _save(training: Training, course: _Course, optimizer: torch.optim.Optimizer) -> None:
    if training.group.leads:
        training.metrics.sync()
        training.checkpoints.save(course.state, training.student, optimizer, course.best)
    course.saved = time.monotonic()


def scale_losses(training: Training, scales: Sequence[float]) -> dict[float, DevLoss]:
    """The dev loss with the adapter's effect times each scale."""
    found: dict[float, DevLoss] = {}
    for scale in scales:
        with training.student.scaled(scale):
            found[scale] = dev_loss(
                training.student, training.dev, training.capacity, training.group
            )
        if not math.isfinite(found[scale].loss):
            raise G4tuiError("model", "The student's loss is not a number", f"Scale {scale}.")
    return found


@contextmanager
def _stop_signals(cancel: Cancel) -> Iterator[None]:
    """The first Ctrl+C or SIGTERM ends the step that is under way; the second ends at once."""

    def stop(number: int, frame: FrameType | None) -> None:
        if cancel.requested:
            raise KeyboardInterrupt
        cancel.request()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
