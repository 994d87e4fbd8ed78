"""The processes of one training, as `torchrun` or `accelerate launch` start them; mostly one.

Only the adapter is trained, so what has to be the same everywhere is small: gradients are summed in
one flat buffer, and every process makes the same step from them.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import distributed

from g4tui.core import G4tuiError


@dataclass(frozen=True)
class Group:
    """This process among `size`; the one of rank 0 writes and speaks."""

    device: torch.device
    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes files and tells the person."""
        return self.rank == 0

    def total(self, values: torch.Tensor) -> torch.Tensor:
        """The sum over all processes, in place."""
        if self.size > 1:
            distributed.all_reduce(values)
        return values

    def total_gradients(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """Sum the gradients of all processes; one that had no row counts as zero."""
        if self.size == 1:
            return
        parts = [torch.zeros_like(each) if each.grad is None else each.grad for each in parameters]
        flat = self.total(torch.cat([part.flatten() for part in parts]))
        start = 0
        for parameter in parameters:
            end = start + parameter.numel()
            parameter.grad = flat[start:end].view_as(parameter).clone()
            start = end

    def any(self, flag: bool) -> bool:
        """Whether it is so in any process."""
        if self.size == 1:
            return flag
        return bool(self.total(torch.tensor([float(flag)], device=self.device))[0] > 0)

    def lead(self, flag: bool) -> bool:
        """What rank 0 says."""
        return self.any(flag and self.leads)

    def share(self, packs: Sequence[tuple[int, ...]]) -> list[tuple[int, tuple[int, ...]]]:
        """The packs of this process with their numbers; the fullest are spread evenly."""
        turn = [*range(self.size), *reversed(range(self.size))]
        return [
            (number, pack)
            for number, pack in enumerate(packs)
            if turn[number % len(turn)] == self.rank
        ]


def ranks() -> tuple[int, int]:
    """This process's rank, and how many there are, as the launcher says."""
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))


def best_device() -> torch.device:
    """This process's GPU, where there is one."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return torch.device("cpu")


@contextmanager
def joined() -> Iterator[Group]:
    """Meet the other processes; alone, nothing is started.

    Raises `G4tuiError` where the launcher was told to split the model over them.
    """
    _refuse_split()
    _, size = ranks()
    device = best_device()
    if device.type == "cuda":
        torch.cuda.set_device(device)
    if size == 1:
        yield Group(device)
        return
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Group(device, distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()


def _refuse_split() -> None:
    """Every process holds the whole base: what splits it must not be left out in silence."""
    for mark, name in (("FSDP", "FSDP"), ("DEEPSPEED", "DeepSpeed"), ("MEGATRON_LM", "Megatron")):
        if os.environ.get(f"ACCELERATE_USE_{mark}") == "true":
            raise G4tuiError(
                "unsupported",
                f"{name} does not train here",
                "Only the adapter is trained, and each process holds the whole base,"
                " frozen: there is no optimizer or gradient of it to split.",
                "Launch it without: accelerate launch --multi_gpu -m g4tui_training train ...",
            )
