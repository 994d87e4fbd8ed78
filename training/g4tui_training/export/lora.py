"""A LoRA adapter as GGUF: a few MB that swap on and off the untouched base file."""

import math
from pathlib import Path

import msgspec

from g4tui.core import G4tuiError
from g4tui.formats import read_gguf
from g4tui_training.export.layout import Layout
from g4tui_training.train.base import Base
from g4tui_training.writing import whole_set

_CONFIG, _WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_PREFIX = "base_model.model."


class AdapterConfig(msgspec.Struct, frozen=True):
    """What peft's adapter_config.json says, as far as it matters here."""

    r: int
    lora_alpha: float
    base_model_name_or_path: str | None = None
    use_rslora: bool = False
    use_dora: bool = False
    bias: str = "none"
    rank_pattern: dict[str, int] | None = None
    alpha_pattern: dict[str, float] | None = None
    modules_to_save: list[str] | None = None

    @property
    def gguf_alpha(self) -> float:
        """llama.cpp divides by the rank, rsLoRA by its root."""
        return self.lora_alpha * math.sqrt(self.r) if self.use_rslora else self.lora_alpha


def read_adapter_config(adapter: Path) -> AdapterConfig:
    """Raises `G4tuiError` where the folder holds no adapter, or one that GGUF cannot say."""
    file = adapter / _CONFIG
    try:
        return msgspec.json.decode(file.read_bytes(), type=AdapterConfig)
    except (OSError, msgspec.DecodeError) as error:
        raise G4tuiError(
            "missing", "That folder holds no LoRA adapter", f"{file}: {error}."
        ) from error


def write_lora(file: Path, adapter: Path, base: Base, name: str) -> None:
    """Write an adapter of peft for the base's GGUF file.

    Raises `G4tuiError` of kind `unsupported` for DoRA and whatever else is more than two factors.
    """
    import gguf
    import numpy as np
    from safetensors.numpy import load_file

    config = read_adapter_config(adapter)
    _refuse(config)
    layout = Layout(base.config())
    with whole_set(file.parent, (file.name,)) as drafts:
        writer = gguf.GGUFWriter(drafts[file.name], "llama")
        writer.add_type(gguf.GGUFType.ADAPTER)
        writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
        writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, config.gguf_alpha)
        writer.add_name(name)
        writer.add_description(f"LoRA for {base.name}")
        own = read_gguf(base.gguf_file).title if base.gguf_file else ""
        writer.add_base_model_count(1)
        writer.add_base_model_name(0, own or base.name)
        for key, values in sorted(load_file(adapter / _WEIGHTS).items()):
            module, _, part = key.removeprefix(_PREFIX).removesuffix(".weight").rpartition(".lora_")
            if part not in ("A", "B"):
                raise _cannot(f"its tensor {key} is no factor of a projection")
            values = values.astype(np.float32)
            if part == "B":
                values = layout.rows(module, values)
            place = layout.name(f"{module}.weight")
            writer.add_tensor(f"{place}.lora_{part.lower()}", values)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


def _refuse(config: AdapterConfig) -> None:
    if config.use_dora:
        raise _cannot("it was trained with DoRA, which also scales every row of the base")
    if config.rank_pattern or config.alpha_pattern:
        raise _cannot("its modules have ranks or alphas of their own")
    if config.modules_to_save or config.bias != "none":
        raise _cannot("it changes more than projections (modules_to_save, bias)")


def _cannot(why: str) -> G4tuiError:
    return G4tuiError(
        "unsupported",
        "This adapter cannot become a LoRA GGUF",
        f"{why[:1].upper()}{why[1:]}.",
        "Export it merged: [export] lora = false and merged = [...].",
    )
