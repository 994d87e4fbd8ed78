"""How the tensors of a Llama lie in a GGUF file."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from g4tui.core import G4tuiError

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

Array = npt.NDArray[np.float32]
_SUFFIX = ".weight"


class Layout:
    """Names and row orders, by a model's shape.

    transformers turns the first half of a head's rows against the second, llama.cpp each row
    against its neighbour: rows of q and k change places.
    """

    def __init__(self, config: "PreTrainedConfig") -> None:
        import gguf

        self._heads: int = config.num_attention_heads
        self._kv_heads: int = getattr(config, "num_key_value_heads", None) or self._heads
        self._names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)

    def name(self, tensor: str) -> str:
        """A tensor's name in GGUF. Raises `G4tuiError` for one that has none."""
        found: str | None = self._names.get_name(tensor, try_suffixes=(_SUFFIX,))
        if found is None:
            raise G4tuiError(
                "unsupported",
                "The model cannot become a GGUF file",
                f"Its tensor {tensor} has no place in a file of the kind llama.",
            )
        return found

    def rows(self, tensor: str, values: Array) -> Array:
        """Values of q and k (or of a LoRA's B for them) in GGUF's order; all others as they are."""
        if tensor.endswith("q_proj"):
            return permuted(values, self._heads)
        if tensor.endswith("k_proj"):
            return permuted(values, self._kv_heads)
        return values


def permuted(values: Array, heads: int) -> Array:
    """Rows of each head: two halves become pairs; shape (heads * size, columns)."""
    parts = values.reshape(heads, 2, values.shape[0] // heads // 2, *values.shape[1:])
    return np.ascontiguousarray(parts.swapaxes(1, 2).reshape(values.shape))
