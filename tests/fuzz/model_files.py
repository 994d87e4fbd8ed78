"""Headers of model files: what is read of them, and what is let through to native code."""

from pathlib import Path

from fuzz.target import Bytes, scratch
from g4tui.core import G4tuiError
from g4tui.formats import check_gguf, describe_file, read_ggml, read_gguf
from g4tui_ctransformers.options import CtransformersOptions
from g4tui_ctransformers.precheck import examine
from support.model_files import Gguf, tiny_gguf, tiny_gpt2, tiny_llama_ggjt
from support.old_families import tiny_family

KINDS = ("model", "usage", "unsupported", "memory", "context")


def check_file(data: bytes) -> None:
    """It is described, and let through or refused in words."""
    path = scratch() / "model"
    path.write_bytes(data)
    described = describe_file(path)
    assert described.size_bytes == len(data)
    for read in (read_gguf, read_ggml):
        try:
            header = read(path)
        except G4tuiError as error:
            refused(error, path)
        else:
            assert not described.error
            for tensor in header.tensors:
                assert 0 < tensor.offset <= tensor.offset + tensor.size <= len(data)
    try:
        check_gguf(path)
        examine(path, "any", None, CtransformersOptions())
    except G4tuiError as error:
        refused(error, path)


def refused(error: G4tuiError, path: Path) -> None:
    """In words, of this file."""
    info = error.info
    assert info.kind in KINDS, error
    assert info.title and info.detail and info.remedy, error


def gguf_seeds() -> list[bytes]:
    """Sound ones."""
    words = Gguf().u32("llama.embedding_length", 4).texts("tokenizer.ggml.tokens", ["x"] * 3)
    words.u32("tokenizer.ggml.bos_token_id", 1).u32("llama.block_count", 1)
    return [tiny_gguf(), words.tensor("token_embd.weight", (4, 3), bytes(48)).bytes()]


def ggml_seeds() -> list[bytes]:
    """One of each family; the largest are cut, since a case is small."""
    families = ("gptj", "gptneox", "dolly-v2", "mpt", "replit", "falcon")
    return [tiny_gpt2(width=4, layers=1, context=4), *map(tiny_family, families), tiny_llama_ggjt()]


TARGETS = (Bytes("gguf", check_file, gguf_seeds), Bytes("ggml", check_file, ggml_seeds))
