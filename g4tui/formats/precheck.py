"""What native loaders assume of a GGUF file and end the process over when it is not so."""

from pathlib import Path

from g4tui.core import G4tuiError
from g4tui.formats.gguf import GgufArray, GgufHeader, read_gguf
from g4tui.formats.reader import damaged, naming

_LIMITS = {
    "block_count": 4096,
    "embedding_length": 1 << 20,
    "context_length": 1 << 31,
    "attention.head_count": 1 << 14,
    "attention.head_count_kv": 1 << 14,
}
_SPECIAL = ("bos", "eos", "unknown", "padding", "eot", "seperator", "mask")


def check_gguf(path: Path) -> GgufHeader:
    """Read a model's header and refuse what native code should never see.

    Raises `G4tuiError` as `read_gguf` does, also for an adapter or for a file that is a part.
    """
    header = read_gguf(path)
    with naming(path):
        _check(header, path.name)
    return header


def _check(header: GgufHeader, name: str) -> None:
    if not header.architecture:
        raise damaged("It does not name its architecture.")
    if header.is_adapter:
        raise G4tuiError(
            "usage",
            "That is an adapter, not a model",
            f"{name} is a LoRA for a {header.architecture} model.",
            "Write it behind its base: llama-cpp:BASE+ADAPTER.gguf",
        )
    if not header.tensors:
        raise G4tuiError(
            "model",
            "The file holds no weights",
            "It has a header and a vocabulary only.",
            "Pull a whole model: g4tui models pull",
        )
    _check_sizes(header)
    _check_vocabulary(header)


def _check_sizes(header: GgufHeader) -> None:
    for key, limit in _LIMITS.items():
        value = header.own(key)
        if value is not None and not 1 <= value <= limit:
            raise damaged(f"Its {header.architecture}.{key} is {value}.")
    width = header.own("embedding_length")
    embedding = next((one for one in header.tensors if one.name == "token_embd.weight"), None)
    if embedding is None or len(embedding.shape) != 2:
        return
    if width is not None and embedding.shape[0] != width:
        raise damaged(f"Its embeddings have {embedding.shape[0]} columns, not {width}.")
    words = header.vocabulary
    if words is not None and embedding.shape[1] < words:
        raise damaged(f"It has {words} words, and embeddings for {embedding.shape[1]}.")


def _check_vocabulary(header: GgufHeader) -> None:
    words = header.vocabulary
    if words is None:
        return
    tokens = header.metadata["tokenizer.ggml.tokens"]
    if isinstance(tokens, GgufArray) and tokens.type != "string":
        raise damaged("Its words are no texts.")
    for key in ("scores", "token_type"):
        count = header.count(f"tokenizer.ggml.{key}")
        if count is not None and count != words:
            raise damaged(f"It has {words} words and {count} of {key}.")
    for key in _SPECIAL:
        token = header.number(f"tokenizer.ggml.{key}_token_id")
        # Some converters write -1 or its unsigned twin for a token that does not exist.
        if token is not None and not (0 <= token < words or token in (-1, 0xFFFFFFFF)):
            raise damaged(f"Its {key} token is {token} of {words}.")
