"""Small LoRA adapters in GGUF, with random weights."""

from pathlib import Path

import gguf
import numpy as np

LAYERS, WIDTH, KV_WIDTH = 30, 576, 192  # SmolLM2-135M


def write_lora(
    path: Path, *, seed: int = 1, strength: float = 0.05, architecture: str = "llama"
) -> Path:
    """Write an adapter of rank 4 for SmolLM2-135M: every q, k, v and output projection."""
    random = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, 4.0)
    for layer in range(LAYERS):
        for name, rows in (("q", WIDTH), ("k", KV_WIDTH), ("v", KV_WIDTH), ("output", WIDTH)):
            tensor = f"blk.{layer}.attn_{name}.weight"
            for suffix, shape in (("lora_a", (4, WIDTH)), ("lora_b", (rows, 4))):
                values = random.normal(0, strength, shape).astype(np.float32)
                writer.add_tensor(f"{tensor}.{suffix}", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
