"""The loss of packed rows, computed only where a token is learned.

A pack is one sequence whose `position_ids` begin anew with each row, and `row_lengths` tells where
(see `attention`). Where a model attends in a way of its own, transformers takes such positions for
packed rows and keeps them apart, without an attention mask and a cache; any mask would let them see
each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from g4tui_training.train.rows import Row

if TYPE_CHECKING:
    from transformers import PreTrainedModel

# Logits of so many positions exist at a time: 25 MB of a vocabulary of 49,152.
_CHUNK = 128


@dataclass(frozen=True)
class PackTensors:
    """A pack on its device: `ids`, `positions` (1, tokens); where what is learned (tokens).

    `targets`, `weights` and `rows` are of the learned places alone: the id, the weight of its row,
    and which row of the pack it belongs to. `lengths` of its rows in tokens.
    """

    ids: torch.Tensor
    positions: torch.Tensor
    places: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    rows: torch.Tensor
    lengths: tuple[int, ...]


def pack_tensors(rows: Sequence[Row], device: torch.device) -> PackTensors:
    """Rows as one pack."""
    ids = np.concatenate([row.ids for row in rows]).astype(np.int64)
    positions = np.concatenate([np.arange(len(row)) for row in rows])
    learned = np.concatenate([np.append(row.trained[1:], False) for row in rows])
    places = np.flatnonzero(learned)
    number = np.repeat(np.arange(len(rows)), [len(row) for row in rows])[places]
    weights = np.array([row.weight for row in rows], np.float32)[number]

    def on_device(values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values).to(device)

    return PackTensors(
        on_device(ids)[None],
        on_device(positions)[None],
        on_device(places),
        on_device(ids[places + 1]),
        on_device(weights),
        on_device(number),
        tuple(map(len, rows)),
    )


def token_losses(model: "PreTrainedModel", pack: PackTensors) -> torch.Tensor:
    """Negative log-likelihood of each learned token of a pack, in nats, fp32, not weighted."""
    decoder = model.get_decoder()
    hidden = decoder(
        input_ids=pack.ids,
        position_ids=pack.positions,
        attention_mask=None,
        use_cache=False,
        row_lengths=pack.lengths,
    ).last_hidden_state[0, pack.places]
    head = model.get_output_embeddings().weight
    losses: torch.Tensor = _FrozenHeadLoss.apply(hidden, head, pack.targets)
    return losses


class _FrozenHeadLoss(torch.autograd.Function):  # type: ignore[misc]
    """Cross entropy of `hidden @ head.T` for a head that is not trained.

    The gradient with respect to `hidden` is made together with the loss, chunk by chunk: logits of
    all positions at once are the largest thing that a small model would have to hold.
    """

    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx,
        hidden: torch.Tensor,
        head: torch.Tensor,
        targets: torch.Tensor,
    ) -> torch.Tensor:
        losses = torch.empty(len(hidden), dtype=torch.float32, device=hidden.device)
        gradient = torch.empty_like(hidden)
        wanted = ctx.needs_input_grad[0]
        head = head.to(hidden.dtype)
        for start in range(0, len(hidden), _CHUNK):
            part = slice(start, start + _CHUNK)
            scores = (hidden[part] @ head.T).float()
            own = scores.gather(1, targets[part, None])
            top = scores.amax(-1, keepdim=True)
            total = scores.sub_(top).exp_().sum(-1, keepdim=True)
            losses[part] = (total.log() + top - own).squeeze(1)
            if wanted:
                gradient[part] = scores.to(hidden.dtype) @ head / total - head[targets[part]]
        ctx.save_for_backward(gradient)
        return losses

    @staticmethod
    def backward(
        ctx: torch.autograd.function.FunctionCtx, outer: torch.Tensor
    ) -> tuple[torch.Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * outer[:, None].to(gradient.dtype), None, None
