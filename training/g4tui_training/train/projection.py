"""A projection with LoRA, as one step that keeps little until the backward pass."""

from typing import Any

import torch
from peft.tuners import lora


class Projection(lora.Linear):  # type: ignore[misc]
    """peft's own, which would keep a dropped-out copy of its input, in three steps, for itself.

    Projections that share their input keep it once; what is dropped is kept as a byte a number.
    """

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:  # noqa: ANN401
        """The base's output and the adapter's."""
        if self.disable_adapters or self.merged:
            return super().forward(x, *args, **kwargs)
        (name,) = self.active_adapters
        base = self.get_base_layer()
        dropout, scale, kept = self.lora_dropout[name], self.scaling[name], None
        if self.training and isinstance(dropout, torch.nn.Dropout):
            kept, share = _kept(x, dropout.p)
            scale /= share
        down, up = self.lora_A[name].weight, self.lora_B[name].weight
        found: torch.Tensor = _Projected.apply(x, base.weight, base.bias, down, up, scale, kept)
        return found


class _Projected(torch.autograd.Function):  # type: ignore[misc]
    """`x @ weight.T + bias + scale * (kept * x) @ down.T @ up.T`, for a frozen weight and bias."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        down: torch.Tensor,
        up: torch.Tensor,
        scale: float,
        kept: torch.Tensor | None,
    ) -> torch.Tensor:
        shape = (*x.shape[:-1], len(weight))
        x = x.reshape(-1, x.shape[-1])
        kept = None if kept is None else kept.view(x.shape)
        low = _dropped(x, kept) @ down.T.to(x.dtype)
        found = x @ weight.T if bias is None else torch.addmm(bias, x, weight.T)
        found.addmm_(low, up.T.to(x.dtype), alpha=scale)
        ctx.save_for_backward(x, weight, down, up, low, kept)
        ctx.scale = scale
        return found.view(shape)

    @staticmethod
    def backward(ctx: Any, outer: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # noqa: ANN401
        x, weight, down, up, low, kept = ctx.saved_tensors
        shape = (*outer.shape[:-1], x.shape[-1])
        outer = outer.reshape(-1, outer.shape[-1])
        inner = (outer @ up.to(x.dtype)).mul_(ctx.scale)
        of_down = (inner.T @ _dropped(x, kept)).to(down.dtype)
        of_up = (outer.T @ low).mul_(ctx.scale).to(up.dtype)
        of_x = None
        if ctx.needs_input_grad[0]:
            of_x = inner @ down.to(x.dtype)
            if kept is not None:
                of_x.mul_(kept)
            of_x = of_x.addmm_(outer, weight).view(shape)
        return of_x, None, None, of_down, of_up, None, None


def _kept(x: torch.Tensor, dropout: float) -> tuple[torch.Tensor, float]:
    """Which numbers of `x` stay, and the share that does; four draws of 16 bits at a time.

    torch's own draw of so many takes a twelfth of a training step on a CPU.
    """
    border = round(dropout * 2**16)
    words = torch.empty(x.numel() // 4 + 1, dtype=torch.int64, device=x.device)
    draws = words.random_(-(2**63), None).view(torch.int16)[: x.numel()]
    return (draws >= border - 2**15).view(x.shape), 1 - border / 2**16


def _dropped(x: torch.Tensor, kept: torch.Tensor | None) -> torch.Tensor:
    return x if kept is None else x * kept
