"""Which files ctransformers is given. It trusts every number in them, and ends the process."""

from pathlib import Path

import msgspec

from g4tui.core import G4tuiError
from g4tui.formats import GgmlHeader, GgufHeader, check_gguf, read_ggml, sniff
from g4tui_ctransformers.options import CtransformersOptions

_QUANTISED = {"Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"}
_K_QUANTISED = {"Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"}
_GGUF_TYPES = {"F32", "F16", *_QUANTISED, *_K_QUANTISED}
# What the gpt families' number for a file's type means (ggml_ftype).
_FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1",
    10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K",
}  # fmt: skip
# Products of these are computed as 32-bit integers.
_INT = (1 << 31) - 1


class Candidate(msgspec.Struct, frozen=True):
    """A file that may be loaded.

    `type` is what ctransformers calls the family, `family` ours. `context` is what to load with;
    `kv_bytes` what its memory of the conversation takes.
    """

    path: Path
    type: str
    family: str
    context: int
    weight_bytes: int
    kv_bytes: int


def examine(path: Path, name: str, context: int | None, options: CtransformersOptions) -> Candidate:
    """Read the header and decide. Raises `G4tuiError`: `missing`, `model`, `usage`, `storage`."""
    table = options.of(name)
    wanted = context or table.context or options.context
    if not path.exists():
        raise G4tuiError("missing", "There is no such file", str(path), "See: g4tui models")
    if not path.is_file():
        what = "a folder, not a model file" if path.is_dir() else "no ordinary file"
        raise G4tuiError("model", f"That is {what}", f"{path}.", "Name a file: g4tui models")
    try:
        form = sniff(path)
    except OSError as error:
        raise G4tuiError(
            "storage",
            "The model file cannot be read",
            f"{path}: {error.strerror}.",
            "Make the file readable, or choose another one.",
        ) from error
    if form == "gguf":
        return _gguf(path, name, check_gguf(path), wanted)
    if form == "ggml":
        return _ggml(path, name, read_ggml(path, table.type), wanted)
    raise G4tuiError(
        "model",
        "That is no model file",
        f"{path} is neither GGUF nor GGML.",
        "Choose another file: g4tui models",
    )


def _gguf(path: Path, name: str, header: GgufHeader, wanted: int) -> Candidate:
    wanted_shapes = _llama_shapes(header)
    found = {tensor.name: tensor.shape for tensor in header.tensors}
    types = {tensor.type for tensor in header.tensors} - _GGUF_TYPES
    vocabulary = header.text("tokenizer.ggml.model")
    reason = ""
    if header.architecture != "llama":
        reason = f"its architecture is {header.architecture}"
    elif vocabulary != "llama":
        kind = "BPE" if vocabulary == "gpt2" else vocabulary or "unnamed"
        reason = f"its vocabulary is {kind}, not SentencePiece"
    elif "output.weight" not in found:
        reason = "its output weights are tied to its embeddings"
    elif types:
        reason = f"its numbers are of the type {min(types)}"
    elif not header.own("block_count"):
        reason = "it does not say how many layers it has"
    elif found != wanted_shapes:
        strange = min(name for name, _ in found.items() ^ wanted_shapes.items())
        reason = f"its tensors are not those of 2023 ({strange})"
    if reason:
        raise G4tuiError(
            "unsupported",
            "ctransformers cannot read this GGUF file",
            f"{name}: {reason}, and ctransformers knows the first llama models only.",
            f"llama-cpp can: use -m llama-cpp:{name}",
        )
    context = min(wanted, header.context) if header.context else wanted
    layers, keys = header.own("block_count") or 0, wanted_shapes["blk.0.attn_k.weight"][1]
    kv_bytes = 2 * 2 * context * layers * keys
    return Candidate(path, "gguf", "llama", context, header.size_bytes, kv_bytes)


def _ggml(path: Path, name: str, header: GgmlHeader, wanted: int) -> Candidate:
    family, numbers = header.family, header.numbers
    types = {tensor.type for tensor in header.tensors}
    if header.layout < 2 and types & (_QUANTISED | {"Q4_2", "Q4_3"}):
        raise _too_old(
            name, "its weights were quantised before May 2023, in blocks of another kind"
        )
    if family == "llama" and header.container == "ggml":
        raise _too_old(name, "a llama file of the first form has no scores for its words")
    if family == "falcon" and header.container != "ggcc":
        if not (path.parent / "tokenizer.json").is_file():
            raise G4tuiError(
                "missing",
                "This falcon file needs its tokenizer.json",
                f"{name} is of a form without the merges of its vocabulary.",
                f"Put the original model's tokenizer.json into {path.parent}",
            )
    elif family not in ("llama", "falcon"):
        _check_types(header)
    trained = header.context
    # In these the file decides; mpt reads at most 2048 of what it was trained for.
    fixed = {"mpt": min(trained or wanted, wanted)}.get(family, trained)
    context = fixed or wanted
    width, layers = numbers["n_embd"], numbers["n_layer"]
    if max(width * numbers["n_vocab"], 4 * width * width, context * layers * width) > _INT:
        raise G4tuiError(
            "memory",
            "The model is too big for ctransformers",
            f"{name} has {layers} layers of {width} and a context of {context:,}.",
            "Choose a smaller one.",
        )
    kv_bytes = 2 * 4 * context * layers * width
    return Candidate(path, family, family, context, header.size_bytes, kv_bytes)


def _check_types(header: GgmlHeader) -> None:
    """The loaders of the gpt families make every matrix of the one type that the header names."""
    matrices = {
        one.type for one in header.tensors if len(one.shape) == 2 and one.name != "model/wpe"
    }
    vectors = {one.type for one in header.tensors if len(one.shape) == 1}
    vectors |= {one.type for one in header.tensors if one.name == "model/wpe"}
    declared = _FILE_TYPES.get(header.numbers["ftype"], f"type {header.numbers['ftype']}")
    if matrices != {declared} or vectors - {"F32"}:
        raise G4tuiError(
            "model",
            "The model file is damaged",
            f"It says {declared}, but its matrices are "
            f"{', '.join(sorted(matrices))} and its vectors {', '.join(sorted(vectors))}.",
            "Get the file again.",
        )


def _llama_shapes(header: GgufHeader) -> dict[str, tuple[int, ...]]:
    """The tensors of a llama as of September 2023; ctransformers takes no others."""
    width, wide = header.own("embedding_length") or 0, header.own("feed_forward_length") or 0
    heads = header.own("attention.head_count") or 1
    keys = width // heads * (header.own("attention.head_count_kv") or heads)
    words = header.vocabulary or 0
    layer: dict[str, tuple[int, ...]] = {
        "attn_norm": (width,),
        "attn_q": (width, width),
        "attn_k": (width, keys),
        "attn_v": (width, keys),
        "attn_output": (width, width),
        "ffn_norm": (width,),
        "ffn_gate": (width, wide),
        "ffn_up": (width, wide),
        "ffn_down": (wide, width),
    }
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (width, words),
        "output_norm.weight": (width,),
        "output.weight": (width, words),
    }
    for number in range(header.own("block_count") or 0):
        shapes |= {f"blk.{number}.{name}.weight": shape for name, shape in layer.items()}
    return shapes


def _too_old(name: str, reason: str) -> G4tuiError:
    return G4tuiError(
        "unsupported",
        "The model file is too old even for ctransformers",
        f"{name}: {reason}.",
        "Look for the same model as GGUF and use llama-cpp.",
    )
