"""What is computed leanly is what peft and transformers compute."""

from pathlib import Path

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaForCausalLM, PreTrainedModel

from g4tui_training.recipe import Train
from g4tui_training.train.loss import pack_tensors, token_losses
from g4tui_training.train.projection import Projection, _kept, _Projected
from g4tui_training.train.rows import Row
from g4tui_training.train.student import make_student

CPU = torch.device("cpu")


def rows(*lengths: int) -> list[Row]:
    chance = np.random.default_rng(1)
    return [
        Row(
            str(length),
            "s",
            chance.integers(3, 250, length, dtype=np.int32),
            np.arange(length) > length // 2,
            1.0,
        )
        for length in lengths
    ]


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("drops", [False, True])
def test_a_projection_has_the_right_gradients(bias: bool, drops: bool) -> None:
    torch.manual_seed(3)

    def some(*shape: int, grad: bool = True) -> torch.Tensor:
        return torch.randn(*shape, dtype=torch.float64, requires_grad=grad)

    weight, offset = some(7, 6, grad=False), some(7, grad=False) if bias else None
    kept = torch.rand(1, 5, 6) > 0.3 if drops else None
    x, down, up = some(1, 5, 6), some(2, 6), some(7, 2)

    def lean(x: torch.Tensor, down: torch.Tensor, up: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = _Projected.apply(x, weight, offset, down, up, 0.7, kept)
        return found

    plain = torch.nn.functional.linear(x, weight, offset)
    plain = plain + 0.7 * (x if kept is None else x * kept) @ down.T @ up.T
    torch.testing.assert_close(lean(x, down, up), plain)
    assert torch.autograd.gradcheck(lean, (x, down, up))


def test_so_much_is_dropped_and_by_the_seed() -> None:
    x = torch.ones(1, 300, 101)
    torch.manual_seed(5)
    kept, share = _kept(x, 0.05)
    assert kept.shape == x.shape
    assert share == pytest.approx(0.95, abs=1e-5)
    assert float(kept.float().mean()) == pytest.approx(0.95, abs=0.01)
    torch.manual_seed(5)
    assert torch.equal(_kept(x, 0.05)[0], kept)
    assert not torch.equal(_kept(x, 0.05)[0], kept)


@pytest.mark.parametrize("checkpointing", [False, True])
def test_a_pack_trains_as_its_rows_do_one_by_one_in_peft(
    tiny_base: Path, checkpointing: bool
) -> None:
    settings = Train(rank=4, alpha=8, dropout=0.0, gradient_checkpointing=checkpointing)

    def load() -> PreTrainedModel:
        return LlamaForCausalLM.from_pretrained(tiny_base)

    student = make_student(load(), settings, 1, CPU)
    torch.manual_seed(2)
    tensors = {name: torch.randn_like(value) / 9 for name, value in student.tensors().items()}
    student.load(tensors)
    assert any(isinstance(module, Projection) for module in student.model.modules())
    config = LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM")
    plain = get_peft_model(load(), config)
    for name, parameter in plain.named_parameters():
        if parameter.requires_grad:
            parameter.data.copy_(tensors[name.replace(".default", "")])
    student.model.train()
    total = 0.0
    for row in rows(3, 40, 17):
        ids = torch.tensor(row.ids[None].astype(np.int64))
        labels = torch.tensor(np.where(row.trained, row.ids, -100)[1:].astype(np.int64))
        logits = plain(ids).logits[0, :-1]
        loss = torch.nn.functional.cross_entropy(logits, labels, reduction="sum")
        loss.backward()
        total += loss.item()
    losses = token_losses(student.base, pack_tensors(rows(3, 40, 17), CPU))
    losses.sum().backward()
    assert float(losses.sum()) == pytest.approx(total, rel=1e-5)
    theirs = [each.grad for each in plain.parameters() if each.requires_grad]
    for one, other in zip(student.parameters, theirs, strict=True):
        torch.testing.assert_close(one.grad, other, atol=1e-3, rtol=1e-3)


def test_it_trains_in_bf16(tiny_base: Path) -> None:
    model = LlamaForCausalLM.from_pretrained(tiny_base, dtype=torch.bfloat16)
    student = make_student(model, Train(rank=4, alpha=8), 1, CPU)
    student.model.train()
    with torch.autocast("cpu", torch.bfloat16):
        token_losses(student.base, pack_tensors(rows(9, 20), CPU)).sum().backward()
    for each in student.parameters:
        assert each.dtype == each.grad.dtype == torch.float32
        assert bool(torch.isfinite(each.grad).all())
