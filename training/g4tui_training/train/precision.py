"""The number type to compute in, and whether the memory will do; both before step 1."""

import time

import psutil
import torch
from transformers import PreTrainedConfig

from g4tui.core import G4tuiError
from g4tui_training.recipe import Train

# bf16 has to be this much faster on a CPU: it also costs digits.
_WORTH = 0.8
_TOKENS = 512
# Numbers kept for the backward pass, a token and layer: in widths of the model and of its MLP.
# Counted in a Llama with LoRA and dropout on every projection (8 and 4, and a byte for what is
# dropped), and a third more for what stands beside them; measured within a fifth.
_WIDTHS, _MLP_WIDTHS = 12, 6


def chosen_dtype(wish: str, config: PreTrainedConfig, device: torch.device) -> torch.dtype:
    """What a recipe's `precision` means here; `auto` measures where it cannot be known."""
    if wish != "auto":
        return torch.bfloat16 if wish == "bf16" else torch.float32
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    slow, fast = _seconds(config, torch.float32), _seconds(config, torch.bfloat16)
    return torch.bfloat16 if fast < _WORTH * slow else torch.float32


def _seconds(config: PreTrainedConfig, dtype: torch.dtype) -> float:
    """The best of some tries at one of the model's multiplications."""
    left = torch.ones(_TOKENS, config.hidden_size, dtype=dtype)
    right = torch.ones(config.hidden_size, config.intermediate_size, dtype=dtype)
    times = []
    for _ in range(4):
        began = time.perf_counter()
        left @ right
        times.append(time.perf_counter() - began)
    return min(times)


def memory_needed(config: PreTrainedConfig, settings: Train, parameters: int, size: int) -> int:
    """About how many bytes a training takes; `size` of a number in bytes."""
    width, layers = config.hidden_size, config.num_hidden_layers
    kept = width if settings.gradient_checkpointing else 0
    a_layer = _WIDTHS * width + _MLP_WIDTHS * config.intermediate_size
    numbers = kept * layers + a_layer if kept else a_layer * layers
    return int(parameters * size + settings.max_length * numbers * max(size, 3))


def free_memory(device: torch.device) -> int:
    """Bytes that can still be had there."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def check_memory(needed: int, free: int, settings: Train) -> None:
    """Raises `G4tuiError` with the setting to lower where the memory will not do."""
    if needed <= free:
        return
    if not settings.gradient_checkpointing:
        remedy = "Set train.gradient_checkpointing = true, or lower train.max_length."
    else:
        remedy = "Lower train.max_length, or choose a smaller base."
    raise G4tuiError(
        "model",
        "There is not enough memory for this training",
        f"It needs about {needed / 2**30:.1f} GB, and {free / 2**30:.1f} GB are free.",
        remedy,
    )


def memory_used(device: torch.device) -> int:
    """Bytes that this process holds now."""
    if device.type == "cuda":
        return int(torch.cuda.memory_allocated(device))
    return int(psutil.Process().memory_info().rss)
