"""A Llama written plainly in numpy, from a GGUF file: what others must agree with."""

from collections.abc import Sequence
from pathlib import Path

import gguf
import numpy as np


class Reference:
    """Log-probabilities by the textbook: no cache, no batches, float32."""

    def __init__(self, file: Path) -> None:
        reader = gguf.GGUFReader(file)
        self.w = {
            tensor.name: gguf.quants.dequantize(tensor.data, tensor.tensor_type)
            for tensor in reader.tensors
        }

        def value(key: str) -> float:
            return reader.fields[f"llama.{key}"].contents()

        self.layers, self.heads = int(value("block_count")), int(value("attention.head_count"))
        self.shared = self.heads // int(value("attention.head_count_kv"))
        self.theta = value("rope.freq_base")
        self.epsilon = value("attention.layer_norm_rms_epsilon")

    def score(self, ids: Sequence[int], start: int) -> list[float]:
        """Of `ids[start:]`, each given all before it."""
        x = self.w["token_embd.weight"][list(ids)]
        for layer in range(self.layers):
            x = x + self._attention(self._norm(x, f"blk.{layer}.attn_norm"), layer)
            x = x + self._feed(self._norm(x, f"blk.{layer}.ffn_norm"), layer)
        head = self.w.get("output.weight", self.w["token_embd.weight"])
        logits = (self._norm(x, "output_norm") @ head.T)[start - 1 : -1].astype(np.float64)
        logits -= logits.max(axis=1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return [float(row[token]) for row, token in zip(logits, ids[start:], strict=True)]

    def _norm(self, x: np.ndarray, name: str) -> np.ndarray:
        scale = np.sqrt((x * x).mean(axis=-1, keepdims=True) + self.epsilon)
        return x / scale * self.w[f"{name}.weight"]

    def _feed(self, x: np.ndarray, layer: int) -> np.ndarray:
        gate, up, down = (
            self.w[f"blk.{layer}.ffn_{name}.weight"] for name in ("gate", "up", "down")
        )
        gated = x @ gate.T
        return (gated / (1 + np.exp(-gated)) * (x @ up.T)) @ down.T

    def _attention(self, x: np.ndarray, layer: int) -> np.ndarray:
        q, k, v, out = (
            self.w[f"blk.{layer}.attn_{name}.weight"] for name in ("q", "k", "v", "output")
        )
        size = q.shape[0] // self.heads
        queries, keys, values = (
            (x @ matrix.T).reshape(len(x), -1, size).swapaxes(0, 1) for matrix in (q, k, v)
        )
        queries, keys = self._turned(queries), self._turned(keys)
        keys, values = (each.repeat(self.shared, axis=0) for each in (keys, values))
        scores = queries @ keys.swapaxes(1, 2) / np.sqrt(size)
        scores += np.triu(np.full((len(x), len(x)), -np.inf), 1)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        return (weights @ values).swapaxes(0, 1).reshape(len(x), -1) @ out.T

    def _turned(self, x: np.ndarray) -> np.ndarray:
        """Neighbouring numbers turned by their position, as GGUF's q and k are laid out."""
        size = x.shape[-1]
        angles = np.arange(x.shape[1])[:, None] * self.theta ** (-np.arange(0, size, 2) / size)
        cos, sin = np.cos(angles), np.sin(angles)
        even, odd = x[..., 0::2], x[..., 1::2]
        turned = np.empty_like(x)
        turned[..., 0::2], turned[..., 1::2] = even * cos - odd * sin, even * sin + odd * cos
        return turned
