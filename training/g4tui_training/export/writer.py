"""Writing a model as GGUF, whole or not at all."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from g4tui.core import G4tuiError
from g4tui.formats import read_gguf
from g4tui_training.export.layout import Array, Layout
from g4tui_training.export.metadata import copy_metadata, write_metadata, write_words
from g4tui_training.train.base import Base
from g4tui_training.train.chat_template import ChatTemplate
from g4tui_training.writing import whole_set

if TYPE_CHECKING:
    import gguf
    import torch

Quant = Literal["base", "F16", "Q8_0", "Q4_0", "Q4_1"]
# As llama.cpp numbers whole files.
_FILE_TYPES = {"F16": 1, "Q8_0": 7, "Q4_0": 2, "Q4_1": 3}
_NUMPY = ("F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1")
_BLOCK = 32


def write_gguf(
    file: Path, tensors: Mapping[str, "torch.Tensor"], base: Base, quant: Quant, name: str
) -> None:
    """Write a model's tensors (as transformers names them) in the number types of `quant`.

    `base` gives shape, tokenizer and template; with quant `base`, each tensor has the type that it
    has in the base's file.
    """
    import gguf

    layout = Layout(base.config())
    types = _base_types(base) if quant == "base" else {}
    source = base.gguf_file
    with whole_set(file.parent, (file.name,)) as drafts:
        writer = gguf.GGUFWriter(drafts[file.name], "llama")
        own = frozenset({"general.architecture", "general.name", "general.file_type"})
        if source is not None:
            words = ChatTemplate(base.tokenizer()).metadata() if base.template else {}
            copy_metadata(writer, source, own | words.keys())
            write_words(writer, words)
        else:
            write_metadata(writer, base)
            writer.add_type(gguf.GGUFType.MODEL)
        writer.add_name(name)
        file_type = read_gguf(source).number("general.file_type") if source else None
        number = file_type if quant == "base" else _FILE_TYPES[quant]
        if number is not None:
            writer.add_file_type(number)
        for place, values in _placed(tensors, layout, base):
            kind = types[place] if types else _type(place, values, quant, tensors)
            data = gguf.quants.quantize(values, gguf.GGMLQuantizationType[kind])
            writer.add_tensor(place, data, raw_dtype=gguf.GGMLQuantizationType[kind])
        for place, raw, kind in _others(source, {place for place, _ in _names(tensors, layout)}):
            writer.add_tensor(place, raw, raw_dtype=kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


def _names(tensors: Mapping[str, "torch.Tensor"], layout: Layout) -> Iterator[tuple[str, str]]:
    tied = "lm_head.weight" in tensors and "model.embed_tokens.weight" in tensors
    for name, tensor in tensors.items():
        # Tied heads are one tensor under two names.
        if (
            tied
            and name == "lm_head.weight"
            and tensor.data_ptr() == tensors["model.embed_tokens.weight"].data_ptr()
        ):
            continue
        yield layout.name(name), name


def _placed(
    tensors: Mapping[str, "torch.Tensor"], layout: Layout, base: Base
) -> Iterator[tuple[str, Array]]:
    for place, name in _names(tensors, layout):
        values: Array = tensors[name].detach().float().cpu().numpy()
        yield place, layout.rows(name.removesuffix(".weight"), values)


def _type(place: str, values: Array, quant: Quant, tensors: Mapping[str, "torch.Tensor"]) -> str:
    if values.ndim < 2:
        return "F32"
    if quant == "F16" or values.shape[-1] % _BLOCK:
        return "F16"
    # What all logits come from suffers most: it stays at 8 bits, as llama.cpp's own files have it.
    return "Q8_0" if place in ("token_embd.weight", "output.weight") else quant


def _base_types(base: Base) -> dict[str, str]:
    if base.gguf_file is None:
        raise G4tuiError(
            "usage",
            "The base has no number types of its own",
            f"{base.name} is no GGUF file.",
            "Say which: Q4_1, Q4_0, Q8_0, F16 or Q4_K_M.",
        )
    types = {tensor.name: tensor.type.upper() for tensor in read_gguf(base.gguf_file).tensors}
    if strange := sorted(set(types.values()) - set(_NUMPY)):
        raise G4tuiError(
            "unsupported",
            "The base's own number types cannot be written here",
            f"{base.name} has tensors in {', '.join(strange)}.",
            "Say Q4_K_M, Q4_1, Q8_0 or F16; or take the LoRA as GGUF, for the untouched base.",
        )
    return types


def _others(
    source: Path | None, written: set[str]
) -> "Iterator[tuple[str, np.ndarray, gguf.GGMLQuantizationType]]":
    """Tensors of the base's file that transformers has no name for, as factors of positions."""
    import gguf

    if source is None:
        return
    for tensor in gguf.GGUFReader(source).tensors:
        if tensor.name not in written:
            yield tensor.name, tensor.data, tensor.tensor_type
