"""The default model: transformers, llama.cpp and a plain forward pass agree on real tasks."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from g4tui.core import Message
from g4tui.paths import Paths
from g4tui_training.evaluate.in_torch import TorchModel
from g4tui_training.evaluate.in_worker import WorkerModel
from g4tui_training.evaluate.perplexity import score_task
from g4tui_training.evaluate.subjects import worker_spec
from g4tui_training.evaluate.tasks import Task, read_tasks
from g4tui_training.train.base import find_base
from support.llama_reference import Reference

pytestmark = pytest.mark.model
TASKS = Path(__file__).parents[3] / "examples/data/self_instruct_eval.jsonl"


@pytest.fixture(scope="module")
def tasks() -> list[Task]:
    """The whole set."""
    return read_tasks(TASKS)


@pytest.fixture(scope="module")
def in_torch(default_model: Path) -> TorchModel:
    base = find_base(str(default_model), Path.cwd())
    return TorchModel(base.model(torch.float32), base.tokenizer())


@pytest.fixture(scope="module")
def in_worker(
    default_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerModel]:
    home = tmp_path_factory.mktemp("home")
    paths = Paths.from_environment({"G4TUI_HOME": str(home)})
    model = WorkerModel(worker_spec(str(default_model)), paths)
    yield model
    model.close()


def test_three_ways_agree_on_a_few_tasks(
    default_model: Path, tasks: list[Task], in_torch: TorchModel, in_worker: WorkerModel
) -> None:
    few = [task for task in tasks if len(task.prompt + task.output) < 200][:2]
    reference = Reference(default_model)
    for task in few:
        prompt = in_torch.prompt_ids([Message("user", task.prompt)])
        ids = [*prompt, *in_torch.tokenize(task.output), 2]
        plain = -math.fsum(reference.score(ids, len(prompt)))
        one, other = score_task(in_torch, task), score_task(in_worker, task)
        assert one.tokens == other.tokens == len(ids) - len(prompt)
        assert one.nll == pytest.approx(plain, rel=1e-3)
        # llama.cpp multiplies 4-bit weights with 8-bit activations.
        assert other.nll == pytest.approx(plain, rel=0.08)
    total = [sum(score_task(model, task).nll for task in few) for model in (in_torch, in_worker)]
    assert total[0] == pytest.approx(total[1], rel=0.04)


def test_both_read_every_task_alike(
    tasks: list[Task], in_torch: TorchModel, in_worker: WorkerModel
) -> None:
    for task in tasks[::4] + tasks[-3:]:  # the last but two has numbers after spaces and new lines
        messages = [Message("user", task.prompt)]
        assert in_torch.prompt_ids(messages) == in_worker.prompt_ids(messages), task.id
        assert in_torch.tokenize(task.output) == in_worker.tokenize(task.output), task.id
    assert in_torch.tokenizer == in_worker.tokenizer
    assert in_torch.end == in_worker.end == 2


def test_the_published_number_hides_the_prompt(tasks: list[Task], in_torch: TorchModel) -> None:
    """A one-word answer costs a fortune without its prompt, and one token of it costs nothing."""
    short = next(task for task in tasks if len(in_torch.tokenize(" " + task.output)) == 1)
    scored = score_task(in_torch, short)
    assert scored.as_published == 0.0
    assert scored.perplexity > 1
