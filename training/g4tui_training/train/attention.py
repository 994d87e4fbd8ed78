"""Attention of packed rows, each by itself.

A mask over a whole pack also keeps rows apart, but multiplies all that it then takes away, and as
it is no plain causal mask, twice as much within a row.
"""

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_NAME = "g4tui-rows"


def keep_rows_apart(model: "PreTrainedModel") -> None:
    """Have a model attend so where it is told `row_lengths`, and as before where it is not.

    A model with a sliding window keeps its own way: it needs a mask in any case.
    """
    from transformers import AttentionInterface

    if getattr(model.config, "sliding_window", None):
        return
    AttentionInterface.register(_NAME, _attend)
    model.set_attn_implementation(_NAME)


def _attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    row_lengths: tuple[int, ...] = (),
    **options: Any,  # noqa: ANN401 - what transformers hands through
) -> tuple[torch.Tensor, None]:
    """As transformers calls it: heads in dimension 1, tokens in dimension 2."""
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    parts = zip(
        *(each.split(list(row_lengths or (each.shape[2],)), 2) for each in (query, key, value)),
        strict=True,
    )
    found = [sdpa_attention_forward(module, *part, None, **options)[0] for part in parts]
    return found[0] if len(found) == 1 else torch.cat(found, 1), None
